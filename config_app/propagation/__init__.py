"""How a process learns that the configuration changed, and how it reports the revision that it runs."""
