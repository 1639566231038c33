"""Responses that need no session, user or database: errors and health."""
