"""Scheduling decides when and how the members of a pairing meet."""
