"""The verbs about the keyring: the ways to unlock it, recovery codes and rotation."""
