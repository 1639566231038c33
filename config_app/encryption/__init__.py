"""How secrets are encrypted: the keyring, the keys that unlock it, and where these are stored."""
