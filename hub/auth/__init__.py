"""Passwords, the throttle on failed sign-ins, and proof of who is signed in."""
