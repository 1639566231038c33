"""Run commands in an install whose history has ``BENCH_CHANGES`` changes."""

from __future__ import annotations

import io
import itertools
import os

from django.core.management import call_command
from django.db import connection

from bench.inside import Round
from bench.inside.cost import seconds
from bench.project.schema import names, texts
from config_app import api

SETTINGS = 20
PER_REVISION = 5
REFUSED_ONE_IN = 10_000

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
REVISIONS = f"""
INSERT INTO config_revision (number, created_at, actor, channel, address, reason, version)
{NUMBERS} SELECT n, '2026-01-01 00:00:00', 'bench', 'cli', '', 'made for measuring', n FROM numbers
"""  # noqa: S608 - constants of this module
CHANGES = f"""
INSERT INTO config_change (revision_id, "key", old_value, new_value, is_secret, refused, note)
{NUMBERS}, keys(place, "key") AS ({{keys}})
SELECT n, "key", '8001', '8002', FALSE, (n * {PER_REVISION} + place) %% {REFUSED_ONE_IN} = 5000, 'no'
FROM numbers JOIN keys ON place / {PER_REVISION} = n %% {SETTINGS // PER_REVISION}
"""  # noqa: S608 - as above


def prepare() -> Round:
    """Store a value for every setting, fill the history, and return a function that runs the commands."""
    api.plan(texts(SETTINGS)).apply(actor="bench")
    if changes := int(os.environ.get("BENCH_CHANGES", "0")):
        _fill(changes // PER_REVISION)
    ports = itertools.cycle(str(port) for port in range(8002, 9000))

    return lambda: {
        "show": _seconds("show"),
        "set": _seconds("set", "port", next(ports)),
        "history, page 1": _seconds("history"),
    }


def _fill(revisions: int) -> None:
    """Add ``revisions`` revisions with ``PER_REVISION`` changes each, and make the last revision current."""
    keys = " UNION ALL ".join(f"SELECT {position}, '{key}'" for position, key in enumerate(names(SETTINGS)))
    with connection.cursor() as cursor:
        cursor.execute(REVISIONS, [revisions + 1])
        cursor.execute(CHANGES.format(keys=keys), [revisions + 1])
        cursor.execute("UPDATE config_state SET version = %s", [revisions + 1])
        if connection.vendor == "postgresql":  # PostgreSQL would do this by itself, but later
            cursor.execute("ANALYZE")


def _seconds(*arguments: str) -> float:
    return seconds(lambda: call_command("config", *arguments, stdout=io.StringIO()))
