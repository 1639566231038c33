"""The hub's side of the setup wizard: its steps and what the wizard asks of it."""
