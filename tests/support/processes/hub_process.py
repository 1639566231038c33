"""A hub that runs in processes of its own: commands, a served hub, its database."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import psycopg

from tests.support.ports import free_port
from tests.support.processes import brought_up, command_server
from tests.support.processes.answer import Answer, request
from tests.support.processes.process_tree import children
from tests.support.processes.started_process import TIMEOUT, Piped, Started
from tests.support.waiting import wait_for

ROOT = command_server.ROOT
READ_AT_START = ("PYTHON", "LC_", "LANG")
"""Prefixes of the variables that a Python interpreter reads at its start."""
PASSWORD = "correct horse battery staple"
OWNER = "owner@example.com"


class HubProcess:
    """A hub with a folder and an environment of its own; its commands run in processes of their own."""

    def __init__(self, folder: Path, *, database_url: str | None = None) -> None:
        """Create a hub in a folder, with ``folder/data`` as data directory and an empty ``folder/.env``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data_dir = folder / "data"
        self.env_file = folder / ".env"
        self.env_file.touch()
        self.database_url = database_url
        self.port = free_port()
        self.server: subprocess.Popen[str] | Started | None = None
        self.is_forked = True
        self.log = folder / "server.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HUB_DATA_DIR": str(self.data_dir),
            "HUB_ENV_FILE": str(self.env_file),
            **({"HUB_DATABASE_URL": database_url} if database_url else {}),
        }

    def __enter__(self) -> Self:
        """Return the hub; at the end of the block it is stopped, also if something in the block fails."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop the served hub if it runs."""
        self.stop()

    @property
    def database(self) -> Path:
        """Return the SQLite file."""
        return self.data_dir / "hub.db"

    @property
    def url(self) -> str:
        """Return the address that the hub is served at."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a management command."""
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def shortened(self, text: str) -> str:
        """Return ``text`` with ``manage.py`` in place of the words that make its commands complete."""
        assignments = [
            f"{name}={value}" for name, value in self.environment.items() if name.startswith("HUB_")
        ]
        return text.replace(shlex.join(["env", *assignments, *self.command()]), "manage.py")

    def run(
        self, *arguments: str, text: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a management command until it ends; return its output and exit status."""
        variables = self.environment | environment
        if not self._can_fork(variables):
            return self._run_alone(arguments, variables, text)
        command = self.command(*arguments)[1:]
        return command_server.running().run(command, folder=self.folder, environment=variables, text=text)

    def _can_fork(self, variables: Mapping[str, str]) -> bool:
        """Return whether a fork can run a command; some variables are read only when Python starts."""
        return self.is_forked and not any(name.startswith(READ_AT_START) for name in variables)

    def _run_alone(
        self, arguments: Sequence[str], variables: dict[str, str], text: str | None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=variables,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def converse(self, *arguments: str) -> subprocess.Popen[str] | Piped:
        """Start a management command whose standard streams are pipes to this process."""
        command = self.command(*arguments)
        if self._can_fork(self.environment):
            server = command_server.running()
            return server.start_piped(command[1:], folder=self.folder, environment=self.environment)
        pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, text=True, **pipes)

    def run_script(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the tests that uses the hub; its path is relative to ``ROOT``."""
        variables = self.environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"}
        command = [str(ROOT / script), *arguments]
        server = command_server.running()
        return server.run(command, folder=ROOT, environment=variables, timeout=2 * TIMEOUT)

    def manage(self, *arguments: str, text: str | None = None, **environment: str) -> str:
        """Run a management command that must succeed; return its standard output."""
        done = self.run(*arguments, text=text, **environment)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def config(self, *arguments: str) -> str:
        """Run ``manage.py config`` and return its standard output without the last newline."""
        return self.manage("config", *arguments).rstrip("\n")

    def bring_up(self) -> None:
        """Start the hub for the first time; copy a started hub, or its tables, if that is possible."""
        if brought_up.can_copy(self):
            brought_up.copy(start, self)
        else:
            self._create_tables_if_possible()
            start(self)

    def _create_tables_if_possible(self) -> None:
        if brought_up.can_copy_tables(self):
            self.create_tables()

    def create_tables(self) -> None:
        """Leave a first start that was killed once it had migrated SQLite; copy another one's database.

        The next start does everything else of a first start, and it is much quicker.
        """
        brought_up.copy_tables(self)

    def claim(self) -> None:
        """Claim the hub in local mode without a browser; copy a claimed hub instead if that is possible."""
        if brought_up.can_copy(self):
            brought_up.copy(claim, self)
        else:
            self._create_tables_if_possible()
            claim(self)

    def serve(self, *arguments: str, workers: int = 2, **environment: str) -> None:
        """Serve the hub on a free port and wait until it answers."""
        listener = ("--bind", f"127.0.0.1:{self.port}", "--workers", str(workers))
        self._start(self.command("serve", *listener, *arguments), environment)

    def serve_as_configured(self) -> None:
        """Serve the hub at the address in its configuration, with a port that is free."""
        self.bring_up()
        self.config("set", f"port={self.port}")
        self._start(self.command("serve"), {})

    def _start(self, command: list[str], environment: dict[str, str]) -> None:
        with self.log.open("a") as log, Path(os.devnull).open("rb") as nothing:
            streams = (nothing.fileno(), log.fileno(), log.fileno())
            self.server = self.start(command, streams, **environment)
        wait_for(self._answers, "the hub to answer", 60)

    def start(
        self, command: Sequence[str], streams: tuple[int, int, int], **environment: str
    ) -> subprocess.Popen[str] | Started:
        """Start the command line ``command``; ``streams`` become its standard input, output and error."""
        variables = self.environment | environment
        if self._can_fork(variables):
            server = command_server.running()
            return server.start(command[1:], folder=self.folder, environment=variables, streams=streams)
        given, out, err = streams
        return subprocess.Popen(
            command, cwd=self.folder, env=variables, stdin=given, stdout=out, stderr=err, text=True
        )

    def _answers(self) -> bool:
        assert self.server is not None
        if self.server.poll() is not None:
            raise AssertionError("the hub stopped: " + self.log.read_text())
        try:
            return self.get("/health/live").status == 200
        except OSError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop the served hub if it runs."""
        if self.server is not None:
            self.server.send_signal(number)
            self.server.wait(30)
            self.server = None

    def kill(self) -> None:
        """Kill the master and all workers as the kernel does, also workers without a receipt."""
        assert self.server is not None
        os.kill(self.server.pid, signal.SIGSTOP)  # the master must not start workers any more
        for pid in children(self.server.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop(signal.SIGKILL)

    def get(self, path: str, **headers: str) -> Answer:
        """Request a path without following redirects."""
        return request(self.url + path, headers)

    def health(self) -> dict[str, Any]:
        """Return the JSON of the ready endpoint."""
        found: dict[str, Any] = json.loads(self.get("/health/ready").body)
        return found

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run raw SQL as a database client does, and return the rows."""
        if self.database_url:
            with psycopg.connect(self.database_url, autocommit=True) as server:
                cursor = server.execute(statement.encode())
                return cursor.fetchall() if cursor.description else []
        with contextlib.closing(sqlite3.connect(self.database, timeout=10)) as file, file:
            return file.execute(statement).fetchall()

    @contextlib.contextmanager
    def frozen(self, *pids: int) -> Iterator[None]:
        """Pause processes of the hub within the block; none of them is in a transaction that holds a lock."""
        try:
            with self._nobody_writes():
                for pid in pids:
                    os.kill(pid, signal.SIGSTOP)
                wait_for(lambda: all(map(_stands_still, pids)), "the processes to stand still")
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def _nobody_writes(self) -> Iterator[None]:
        if self.database_url:
            with psycopg.connect(self.database_url) as server:
                server.execute("LOCK TABLE config_process IN EXCLUSIVE MODE")
                yield
            return
        with contextlib.closing(sqlite3.connect(self.database, timeout=10, isolation_level=None)) as file:
            file.execute("BEGIN EXCLUSIVE")
            yield
            file.execute("ROLLBACK")


def start(hub: HubProcess) -> None:
    """Start a hub for the first time."""
    hub.manage("bootstrap")


def claim(hub: HubProcess) -> None:
    """Claim a hub in local mode."""
    options = ("--mode", "local", "--admin-email", OWNER, "--password-file", "-")
    hub.manage("setup", *options, "--recovery-code-file", "recovery-code", text=PASSWORD)


def _stands_still(pid: int) -> bool:
    """Return whether every thread is stopped; a thread that still runs may get a lock it has asked for."""
    states = [status.read_text().rpartition(")")[2].split()[0] for status in _threads(pid)]
    return set(states) == {"T"}


def _threads(pid: int) -> Iterator[Path]:
    return Path(f"/proc/{pid}/task").glob("[0-9]*/stat")


@contextlib.contextmanager
def hub_of_a_module() -> Iterator[HubProcess]:
    """Give a hub for fixtures that several tests share, and stop the hub afterwards."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder, HubProcess(Path(folder)) as hub:
        yield hub
