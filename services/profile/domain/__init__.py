"""Decisions of profile: members, people files, words and codes. Standard library and shared.kernel only."""
