"""The hub's logging: the format of a log line and the level."""
