"""The first run: a wizard, or one command, that claims an unconfigured install."""
