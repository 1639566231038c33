"""The middleware that applies the runtime config to requests and responses.

Every layer is sync-only. Under ASGI, each request therefore moves to a thread only once.
"""
