"""What the hub logs, and how a log line looks."""
