"""Connections to PostgreSQL: how long their queries wait, and how many of them may wait."""
