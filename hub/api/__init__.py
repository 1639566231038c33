"""What programs ask the hub."""
