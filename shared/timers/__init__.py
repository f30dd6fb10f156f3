"""Durable timers: due work survives a restart (architecture section 7)."""
