"""Matching speaks outwards: repositories, the unit of work, facts, the engine's process."""
