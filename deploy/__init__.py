"""How Tandem is deployed, tried and shown; nothing here ships in a service."""
