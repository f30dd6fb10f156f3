"""Tests of Tandem."""
