"""Every kind of process that the tests start, with its command line."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.support.foreign_project import ForeignProject
from tests.support.kinds.running import (
    Reading,
    Running,
    Terminal,
    by_task,
    over_http,
    over_socket,
)
from tests.support.ports import free_port

Access = Callable[[Running, str], contextlib.AbstractContextManager[Callable[[], Reading]]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of process: its command line, and how to ask it.

    ``processes`` is how many processes answer. With ``reads_at_import``, the project reads its configuration
    while it is imported, which is before the server forks.
    """

    command: str
    ask: Access = over_http
    path: str = "/"
    processes: int = 1
    reads_at_import: bool = False

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the environment variables that the process needs."""
        return {"READS_AT_IMPORT": "1"} if self.reads_at_import else {}

    def arguments(self, port: int) -> list[str]:
        """Return the command line for a server on ``port``."""
        name, *rest = self.command.replace("PORT", str(port)).split()
        program = sys.executable if name == "python" else str(Path(sysconfig.get_path("scripts")) / name)
        return [program, *rest]


WSGI, ASGI = "shop.wsgi:application", "shop.asgi:application"
GUNICORN = "gunicorn --bind 127.0.0.1:PORT"
UVICORN = "uvicorn --port PORT"
CELERY = "celery --app shop.tasks worker --without-gossip --without-mingle"
UWSGI = f"uwsgi --http-socket 127.0.0.1:PORT --master --die-on-term --need-app --home {sys.prefix} --module"

SERVERS = {
    "runserver": Kind(command="python -m django runserver 127.0.0.1:PORT"),
    "gunicorn, sync": Kind(command=f"{GUNICORN} --workers 2 {WSGI}", processes=2),
    "gunicorn, sync, --preload": Kind(
        command=f"{GUNICORN} --workers 2 --preload {WSGI}", processes=2, reads_at_import=True
    ),
    "gunicorn, gthread": Kind(command=f"{GUNICORN} --worker-class gthread --threads 4 {WSGI}"),
    "gunicorn, uvicorn's worker": Kind(
        command=f"{GUNICORN} --worker-class uvicorn_worker.UvicornWorker {ASGI}", path="/async"
    ),
    "Channels, async consumer": Kind(command=f"daphne --port PORT {ASGI}", ask=over_socket, path="/async"),
    "Channels, sync consumer": Kind(command=f"{UVICORN} {ASGI}", ask=over_socket, path="/socket"),
    "uWSGI": Kind(command=f"{UWSGI} {WSGI}"),
    "uWSGI, read at import": Kind(command=f"{UWSGI} {WSGI} --processes 2", processes=2, reads_at_import=True),
}
QUEUES = {
    "Celery, prefork": Kind(command=f"{CELERY} --concurrency 1", ask=by_task, reads_at_import=True),
}
MORE = {
    "Celery, solo": Kind(command=f"{CELERY} --pool solo", ask=by_task),
    "Celery, threads": Kind(command=f"{CELERY} --pool threads --concurrency 2", ask=by_task),
    "Celery, one process for each task": Kind(
        command=f"{CELERY} --concurrency 1 --max-tasks-per-child 1", ask=by_task, reads_at_import=True
    ),
    "uvicorn": Kind(command=f"{UVICORN} {ASGI}", path="/async"),
    "daphne": Kind(command=f"daphne --port PORT {ASGI}", path="/async"),
    "runserver --noreload": Kind(command="python -m django runserver --noreload 127.0.0.1:PORT"),
    "uvicorn, 2 workers": Kind(command=f"{UVICORN} --workers 2 {ASGI}", path="/async", processes=2),
    "uWSGI, --enable-threads": Kind(command=f"{UWSGI} {WSGI} --enable-threads"),
    "uWSGI, --lazy-apps": Kind(command=f"{UWSGI} {WSGI} --lazy-apps", reads_at_import=True),
}
SHELL = Kind(command="python -m django shell --interface python")


@contextlib.contextmanager
def started(kind: Kind, project: ForeignProject) -> Iterator[Running]:
    """Start a process, wait until it answers, and kill it at the end of the block."""
    port = free_port()
    running = Running(project, f"kind-{port}", port)
    with kind.ask(running, kind.path) as running.ask:
        running.start(kind.arguments(port), kind.variables)
        try:
            yield running
        finally:
            running.kill()


@contextlib.contextmanager
def started_shell(project: ForeignProject) -> Iterator[Running]:
    """Start ``manage.py shell`` on a terminal, and kill it at the end of the block."""
    running = Running(project, "shell", 0)
    terminal = Terminal(running.log)
    running.ask = terminal.ask
    running.start(SHELL.arguments(0), {"TERM": "dumb"}, terminal.theirs)
    os.close(terminal.theirs)
    try:
        terminal.until_prompt()
        terminal.type("from shop.reading import reading")
        yield running
    finally:
        running.kill()
        os.close(terminal.ours)
