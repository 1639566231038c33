"""How a process learns that the configuration changed, and reports which revision it runs."""
