"""Sign-in through WorkOS.

The SDK, PyJWT and cryptography are only imported when the hub calls WorkOS. Local mode and the command line
do not load them, so they start faster.
"""
