"""Searches everything that the hub shows or stores for secrets that were planted before (K5)."""
