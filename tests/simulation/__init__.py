"""Deterministic simulation: the code that ships, on one seeded loop with virtual time, in-memory servers and planned faults."""
