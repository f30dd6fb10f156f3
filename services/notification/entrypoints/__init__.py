"""How notification is called: events, timers, the dispatcher, HTTP."""
