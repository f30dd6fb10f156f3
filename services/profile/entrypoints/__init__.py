"""Profile is called: over HTTP, by its timers, by waiting imports."""
