"""Decisions of matching: aggregates, values and pure functions. Standard library and the kernel only."""
