"""Sign-in through WorkOS.

The SDK, PyJWT and cryptography are imported only when the hub calls WorkOS. So commands, and hubs in mode
``local``, start faster.
"""
