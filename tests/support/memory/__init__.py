"""Imitated servers for tests: they retry, sort and forgive nothing for the code. Conformance suites run on them and on the real ones."""
