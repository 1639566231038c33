"""gunicorn's configuration file. It reads the settings from the database.

The command line of gunicorn overrides these settings. ``manage.py serve`` runs the bootstrap, and then its
process becomes ``gunicorn -c hub/gunicorn.py``. A process manager such as systemd can use either command.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hub.start import stop_signals

stop_signals.exit_when_told()

import django  # noqa: E402 - importing takes time, and the hub may be told to stop meanwhile

from hub.environment.foreign_variables import use_own_settings  # noqa: E402 - see above

use_own_settings()
django.setup()

from hub.serving import process_hooks  # noqa: E402 - after the apps are loaded

_config = process_hooks.start_up()

bind = process_hooks.bind(_config)
workers = _config.server_workers
loglevel = _config.log_level
worker_class = "hub.serving.gunicorn_worker.HubWorker"
wsgi_app = "hub.asgi:application"
# The master loads the application once. New workers are then ready sooner, and they share its memory.
preload_app = True
proc_name = "hub"
graceful_timeout = process_hooks.GRACEFUL_TIMEOUT
timeout = 60
keepalive = 5
# Heartbeats of workers must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
accesslog = None
# By default, all gunicorns of a user would share one control socket. The hub does not need it.
control_socket_disable = True
logconfig_dict = process_hooks.log_settings()


def on_starting(arbiter: Any) -> None:
    """Register the master, with the settings that the command line pins.

    If the master cannot listen on its address, exit with status 1.
    """
    process_hooks.start_master(arbiter)


def on_reload(arbiter: Any) -> None:
    """If the hub's address has changed, listen at the new address. gunicorn then forks the new workers."""
    process_hooks.reload_master(arbiter, _config)


def when_ready(arbiter: Any) -> None:
    """Make the master follow changes of the configuration, and print the hub's address.

    If the hub is unclaimed, also print how to claim the hub.
    """
    process_hooks.follow(arbiter, _config)
    process_hooks.announce(arbiter.cfg)


def pre_fork(_arbiter: Any, _worker: Any) -> None:
    """Block the signals that stop a worker, until the new worker can handle them."""
    process_hooks.hold_signals()


def post_fork(arbiter: Any, _worker: Any) -> None:
    """Make this process a worker: close the master's connections and set up the signal handlers."""
    process_hooks.become_worker(arbiter.cfg.workers)


def post_worker_init(_worker: Any) -> None:
    """Start the watcher of this worker."""
    process_hooks.watch()


def worker_exit(_arbiter: Any, worker: Any) -> None:
    """Stop the watcher of this worker and delete the worker's receipt."""
    if worker.pid == os.getpid():  # gunicorn also calls this in the master
        process_hooks.leave()


def child_exit(_arbiter: Any, worker: Any) -> None:
    """Remember that this worker has ended, so that the master later deletes the receipt of the worker."""
    # A worker that was killed could not delete its receipt itself.
    process_hooks.note_end_of(worker.pid)


def on_exit(_arbiter: Any) -> None:
    """Stop the watcher of the master and delete the master's receipt."""
    process_hooks.leave()
