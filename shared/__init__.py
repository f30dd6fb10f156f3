"""What every service stands on: no business words, knows no service (architecture, `services/README.md`)."""
