"""Searches what a thief can copy: the files of the database, every column, backups and exports."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import connection

from config_app.transfer.archive import read_lines
from hub.backup.contents import TITLE
from tests.support.databases.postgresql import binary
from tests.support.databases.raw_sql import rows
from tests.support.leaks.commands import run
from tests.support.leaks.scanner import Scanner


def search_database(scanner: Scanner) -> None:
    """Search the files of SQLite, or a dump of PostgreSQL; and every column of every table."""
    for name, content in _files():
        scanner.look(name, content)
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    for table in tables:
        scanner.look(f"table {table}", str(rows(f'SELECT * FROM "{table}"')))  # noqa: S608 - our own tables


def _files() -> Iterator[tuple[str, bytes]]:
    entry: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        file = Path(entry["NAME"])
        for found in file.parent.glob(f"{file.name}*"):
            yield f"file {found.name.removeprefix(file.stem)}", found.read_bytes()
        return
    where = ["--host", entry["HOST"], "--port", str(entry["PORT"]), "--username", entry["USER"]]
    yield "pg_dump", subprocess.check_output([binary("pg_dump"), *where, entry["NAME"]])


def search_exports(scanner: Scanner, folder: Path, passphrase: str) -> None:
    """Search an export without secrets, one with secrets, and a backup of the whole hub."""
    (folder / "passphrase").write_text(passphrase)
    run(scanner, "config", "export", str(folder / "plain.json"))
    run(
        scanner,
        "config",
        "export",
        str(folder / "sealed.json"),
        "--secrets",
        "--passphrase-file",
        str(folder / "passphrase"),
    )
    run(scanner, "backup", str(folder / "hub.backup"))
    for name in ("plain.json", "sealed.json", "hub.backup"):
        scanner.look(name, (folder / name).read_bytes())
    scanner.look("content of hub.backup", str(list(read_lines(folder / "hub.backup", TITLE))))
