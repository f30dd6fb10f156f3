"""Who is told what, where and when: contacts, preferences, deliveries, the in-app inbox."""
