"""Upgrade a backup of an older version to the schema of this version, in a temporary database."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config_app.transfer.archive import UnreadableArchive
from hub.backup import dump
from hub.backup.load import Loader, lines

COMMAND = "upgrade_backup"


@contextlib.contextmanager
def upgraded(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary backup with the content of ``path`` and the schema of this version.

    Raise ``UnreadableArchive`` if the upgrade fails, for example because the rows do not fit their tables.
    """
    # A separate process has the temporary database as its only database, so all code works unchanged.
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "upgraded.backup"
        variables = {name: text for name, text in os.environ.items() if not name.startswith("HUB_")}
        done = subprocess.run(
            [sys.executable, "-m", "django", COMMAND, str(path.resolve()), str(target)],
            env=variables
            | {"HUB_DATA_DIR": folder, "HUB_ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "hub.settings"},
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["unknown"])[-1].removeprefix("error: ")
            raise UnreadableArchive(path, f"it cannot be upgraded to this version: {why}")
        yield target


def upgrade(path: Path, target: Path) -> None:
    """Load the backup ``path`` into the empty database of this process, and migrate the database.

    Then write a backup of the database to ``target``.
    """
    header = next(lines(path))
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    nodes = [(app, name) for app, name in header["migrations"] if (app, name) in graph.nodes]
    every = executor.migration_plan(graph.leaf_nodes())
    executor.migrate(nodes, plan=[step for step in every if (step[0].app_label, step[0].name) in set(nodes)])
    loader = Loader(path, executor.loader.project_state(nodes).apps)
    loader.load_rows(sum(header["counts"].values()), lambda _done, _all: None)
    call_command("migrate", interactive=False, verbosity=0)
    loader.load_links()
    dump.back_up(target)
