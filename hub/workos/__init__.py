"""Signing in through WorkOS.

Nothing here imports the SDK, PyJWT or cryptography before WorkOS is really asked, so that local mode and the
command line do not pay for them.
"""
