"""The storing, refreshing and ending of sessions that began at WorkOS."""
