"""The hub's ASGI application, which computes only a few responses at a time."""

from __future__ import annotations

from hub.asgi import application as hub
from hub.serving.turns import take_turns

application = take_turns(hub)
