"""Logs, metrics and health as a contract with operations (N17): stable names, one correlation id, no personal data."""
