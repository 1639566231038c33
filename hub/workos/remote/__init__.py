"""The client for WorkOS's API, and the checks of its answers."""
