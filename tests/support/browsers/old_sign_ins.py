"""Browsers in which somebody signed in a while ago."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.test import Client

from config_app.store import timeline
from hub.auth.proof import PROVED_AT


def prove_ago(client: Client, age: dt.timedelta) -> None:
    """Let the sign-in of a browser, or the proof since, be so long ago."""
    session: Any = client.session
    session[PROVED_AT] = (timeline.now() - age).timestamp()
    session.save()
