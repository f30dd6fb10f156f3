"""Where matching is called: HTTP, Kafka, timers, the round runner, the command line."""
