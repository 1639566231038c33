"""Sign-in through WorkOS.

The hub imports the SDK, PyJWT and cryptography only for calls to WorkOS. Without these imports, commands and
hubs in mode ``local`` start faster.
"""
