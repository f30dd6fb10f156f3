"""Replays: what a service remembers of others' facts, built anew from the topics beside the living and put in its place."""
