"""What the hub asks WorkOS, and how it checks the answers."""
