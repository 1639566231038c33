"""The current configuration of this process, and the hooks that run after a change."""
