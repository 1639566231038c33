"""What the setup wizard asks of the hub, and the steps of the hub's wizard."""
