"""Decisions of notification: who is told, what is still true, when to try again. Standard library and kernel only."""
