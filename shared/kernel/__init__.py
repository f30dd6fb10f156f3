"""Ids, clock, randomness, aggregates, errors: all that the middle of a service may use. Standard library only."""
