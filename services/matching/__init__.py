"""Matching: who should meet, and the pairing's whole life."""
