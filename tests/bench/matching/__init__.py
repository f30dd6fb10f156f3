"""The matching engine measured: `python -m tests.bench.matching` (protocol in services/matching/engine/README.md)."""
