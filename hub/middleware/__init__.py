"""The middleware that applies the runtime config to requests and responses.

Every layer is sync-only. Under ASGI, a request therefore changes to a thread once, not at each layer.
"""
