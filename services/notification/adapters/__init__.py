"""Notification speaks outwards: database, mail server, the other services' words, facts."""
