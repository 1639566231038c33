"""How secrets are encrypted: the keyring, the keys that unlock it, and where all of them are stored."""
