"""Speaks outwards: HTTP APIs, Kafka, the stack file, the local issuer."""
