"""Notification on real servers."""
