"""Sessions that began at WorkOS: how they are kept, refreshed and ended."""
