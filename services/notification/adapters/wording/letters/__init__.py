"""One function a kind of message: what it says. Every sentence goes through the voice."""
