"""The encryption of secrets: data keys, the keyring, its slots and the unlockers."""
