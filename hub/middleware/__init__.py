"""What every response owes to the configuration in force.

All are sync-only, so that under ASGI a request hops to a thread once and not at every layer.
"""
