"""Speaks outwards: the database, recurrence rules, and facts on their way to Kafka."""
