"""The first run: a browser wizard and a command that claim an unconfigured install."""
