"""Browsers in which a user signed in some time ago."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.test import Client

from config_app.store import timeline
from hub.auth.proof import PROVED_AT


def prove_ago(client: Client, age: dt.timedelta) -> None:
    """Set the time of a browser's last sign-in or password proof to ``age`` before now."""
    session: Any = client.session
    session[PROVED_AT] = (timeline.now() - age).timestamp()
    session.save()
