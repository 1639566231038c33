"""The ASGI application of the benchmarks' project."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

application = get_asgi_application()
if os.environ.get("BENCH_AS_THE_HUB"):
    from hub.serving.turns import take_turns

    application = take_turns(application)  # type: ignore[assignment]  # it is still an ASGI application
