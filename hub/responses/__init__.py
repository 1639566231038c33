"""Responses that need no session, user or database: errors, health and their headers."""
