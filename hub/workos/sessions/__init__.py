"""Store, refresh and end the sessions that began at WorkOS."""
