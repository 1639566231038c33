"""Run ``manage.py config`` in this process, and compare the whole database before and after."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from config_app.errors import ConfigError

CANARY = "sk_canary_f00d1234"


@dataclass(frozen=True)
class Output:
    """What a command printed."""

    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@contextlib.contextmanager
def raising_the_cause() -> Iterator[None]:
    """Raise the ``ConfigError`` for which ``call_command`` raised a ``CommandError``."""
    try:
        yield
    except CommandError as error:
        if isinstance(error.__cause__, ConfigError):
            raise error.__cause__ from None
        raise


def run(command: str, *arguments: str) -> Output:
    out, err = StringIO(), StringIO()
    with raising_the_cause():
        call_command(command, *arguments, stdout=out, stderr=err)
    return Output(out.getvalue().removesuffix("\n"), err.getvalue().removesuffix("\n"))


def config(*arguments: str) -> Output:
    return run("config", *arguments)


def sql(statement: str, *values: Any) -> None:
    """Run one SQL statement without the hub's code, as a database client does."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def write_row(key: Any, value: Any, *, is_secret: Any = False) -> None:
    sql("DELETE FROM system_config WHERE config_key = %s", key)
    sql(
        "INSERT INTO system_config (config_key, config_value, is_secret) VALUES (%s, %s, %s)",
        key,
        value,
        is_secret,
    )


def database_content() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with connection.cursor() as cursor:
        content = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own tables
            content[table] = cursor.fetchall()
    return content
