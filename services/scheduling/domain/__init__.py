"""Decisions: when a session may take place, and what may become of it. Standard library and shared.kernel only."""
