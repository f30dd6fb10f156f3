"""The whole notification service over a database in memory and a real SMTP server."""
