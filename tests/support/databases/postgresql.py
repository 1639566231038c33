"""A real PostgreSQL server for the tests, on a socket in a folder of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.support.missing_parts import missing
from tests.support.ports import free_port
from tests.support.processes.process_tree import children

SINCE_15 = 150_000


def binary(name: str) -> str:
    """Return the path of a server program; Debian keeps them out of the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(versions[-1]) if versions else None)
    if found is None:
        missing("PostgreSQL", "postgresql")
    return found


def as_postgres(command: list[str]) -> list[str]:
    """Return a command line that runs the command as an ordinary user; the server refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@dataclass
class PostgreSQL:
    """A running server."""

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    _names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    @contextlib.contextmanager
    def running(cls, *options: str) -> Iterator[PostgreSQL]:
        """Start a server with an empty cluster and ``options`` (``name=value``); remove both afterwards."""
        # PostgreSQL's user cannot read pytest's own folders
        folder = Path(tempfile.mkdtemp(prefix="pg-"))
        try:
            folder.chmod(0o777)
            server = cls(folder, free_port(), options)
            server.initialise()
            server.start()
            yield server
            server.stop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def initialise(self) -> None:
        """Make the cluster."""
        options = ["--auth=trust", "--username=hub", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        self._run([binary("initdb"), *options, "-D", str(self.folder / "data")])

    def start(self) -> None:
        """Start the server and wait until it answers."""
        # The default type would leave segments in /dev/shm when a test kills the server.
        memory = "dynamic_shared_memory_type=mmap"
        parameters = ["listen_addresses=127.0.0.1", "fsync=off", memory, *self.options]
        options = " ".join([f"-k {self.folder} -p {self.port}", *(f"-c {one}" for one in parameters)])
        log = str(self.folder / "log")
        command = [
            binary("pg_ctl"),
            "-D",
            str(self.folder / "data"),
            "-w",
            "-l",
            log,
            "-o",
            options,
            "start",
        ]
        self._run(command)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server."""
        self._run([binary("pg_ctl"), "-D", str(self.folder / "data"), "-w", "-m", mode, "stop"])

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all processes of the server in their tracks within the block; its connections stay open."""
        master = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(master, signal.SIGSTOP)  # first, so that it starts no other process
        frozen = [master, *children(master)]
        try:
            for pid in frozen[1:]:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in frozen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _run(self, command: list[str]) -> None:
        # Log into a file: a server that inherits a pipe would keep the reader of the pipe waiting.
        with (self.folder / "output").open("w+") as output:
            done = subprocess.run(
                as_postgres(command),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, output.read()

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"hub{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            create(connection, name)
        return self.url(name)

    def copy_of(self, url: str) -> str:
        """Create a copy of a database that nobody is connected to, and return its URL."""
        name, template = f"hub{next(self._names)}", url.rpartition("/")[2]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            create(connection, name, template)
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, and end the connections to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)".encode())

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgres://hub@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """Give a server that only the tests of this module use, so that they may stop it."""
    with PostgreSQL.running() as running:
        yield running


def create(connection: psycopg.Connection, name: str, template: str = "template1") -> None:
    """Create a database as a copy of another one, by default of an empty one."""
    # Since version 15, PostgreSQL writes all pages of the copy to its log, which takes twice as long.
    strategy = "STRATEGY FILE_COPY" if connection.info.server_version >= SINCE_15 else ""
    connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}".encode())
