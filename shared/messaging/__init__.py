"""The message path (N2): outbox, relay, consumers, inbox, parked events, dead letters, topics. Knows no service."""
