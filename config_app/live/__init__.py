"""The configuration that this process uses, and the hooks that hear about a change."""
