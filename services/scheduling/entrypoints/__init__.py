"""Is called: facts of other services, HTTP requests, due timers. Translates, and decides nothing."""
