"""gunicorn's configuration: what the database says, unless the command line pins it.

``manage.py serve`` is ``gunicorn -c hub/gunicorn.py hub.asgi:application`` after a look at the
database; under systemd, Docker or another process manager either form does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")

import django

django.setup()

from hub.serving import process_hooks  # noqa: E402 - after the apps are loaded

_config = process_hooks.start_up()

bind = process_hooks.bind(_config)
workers = _config.server_workers
loglevel = _config.log_level
worker_class = "hub.serving.gunicorn_worker.HubWorker"
wsgi_app = "hub.asgi:application"
# Once, in the master: workers that take over after a move are ready the sooner, and share the memory.
preload_app = True
proc_name = "hub"
graceful_timeout = process_hooks.GRACEFUL_TIMEOUT
timeout = 60
keepalive = 5
# Heartbeats of workers must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
accesslog = None
# Its default is one path for every gunicorn of a user; the hub is controlled through its configuration.
control_socket_disable = True
logconfig_dict = process_hooks.log_settings()


def on_starting(arbiter: Any) -> None:
    """Remember what the command line pinned, for every worker to say; look whether the port is free."""
    process_hooks.start_master(arbiter)


def on_reload(arbiter: Any) -> None:
    """Move the listener before the new workers are forked."""
    process_hooks.reload_master(arbiter, _config)


def when_ready(arbiter: Any) -> None:
    """Follow the configuration; say where the hub is served, and how to claim it."""
    process_hooks.follow(arbiter, _config)
    process_hooks.announce(arbiter.cfg)


def pre_fork(_arbiter: Any, _worker: Any) -> None:
    """Hold back what would stop the worker before it can hear it."""
    process_hooks.hold_signals()


def post_fork(_arbiter: Any, _worker: Any) -> None:
    """Give up the connections of the master."""
    process_hooks.become_worker()


def post_worker_init(_worker: Any) -> None:
    """Keep the configuration of this worker current."""
    process_hooks.watch()


def worker_exit(_arbiter: Any, worker: Any) -> None:
    """Stop watching and take the worker's row out; gunicorn calls it in the master too."""
    if worker.pid == os.getpid():
        process_hooks.leave()


def child_exit(_arbiter: Any, worker: Any) -> None:
    """Remember whose row may be left: a worker that was killed could not take it out."""
    process_hooks.note_end_of(worker.pid)


def on_exit(_arbiter: Any) -> None:
    """Take the master's row out."""
    process_hooks.leave()
