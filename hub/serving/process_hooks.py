"""What the master and the workers do when they start, reload and stop. gunicorn's hooks call this module."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from django.conf import settings
from django.db import connections

from config_app.declaration.setting import TakesEffect
from config_app.errors import ConfigError
from config_app.live import effects, runtime
from config_app.problems import command_prefix
from config_app.propagation import receipts, watching
from hub.bootstrap import bootstrap_application
from hub.logs.format import LOGGING
from hub.logs.level import apply_level
from hub.network.addresses import reachable
from hub.postgresql import limits
from hub.runtime_config import RuntimeConfig, get_config, is_configured
from hub.serving import sockets, worker_generations
from hub.serving.connections import raise_descriptor_limit
from hub.serving.listen_address import INHERITED, listener, probe
from hub.serving.listener_move import Mover, follow_configuration
from hub.serving.starting_address import starting_address
from hub.start import preloading

GRACEFUL_TIMEOUT = 30
"""The workers must end within this many seconds when the whole hub stops."""
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""The signals that stop a worker. After any of these signals, the worker first answers its open requests."""

_mover: Mover | None = None
_first_bind = ""
_ended: set[int] = set()
_is_to_stop = False


def start_up() -> RuntimeConfig:
    """Bootstrap the install and return its runtime config.

    If the bootstrap raises a ``ConfigError``, print the error as one line and exit with status 1. During a
    reload, do not bootstrap. Return the current runtime config instead.
    """
    # In a reload, the watcher already has the current runtime config. A bootstrap could create a new database
    # while the real one is away for a moment, and the workers would inherit a database connection.
    if _mover is not None:
        return get_config()
    raise_descriptor_limit()
    try:
        config = bootstrap_application()
    except ConfigError as error:
        _refuse(error)
    str(settings.SECRET_KEY)  # derived before the forks, so that all workers have the same key
    connections.close_all()
    return config


def bind(config: RuntimeConfig) -> str | list[str]:
    """Return the value for gunicorn's setting ``bind``.

    At the start, return the address in ``config``. During a reload, return the address on which the master
    already listens.
    """
    # If a reload changed the address, gunicorn would close its old listeners before it opens new ones.
    global _first_bind  # noqa: PLW0603 - one master a process
    if _mover is None:
        _first_bind = listener(config.host, config.port)
    return (_mover.bind if _mover else None) or _first_bind


def _refuse(error: ConfigError) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201 - there may be no logging yet
    sys.exit(1)


def log_settings() -> dict[str, Any]:
    """Return settings for Python's logging. gunicorn and uvicorn then log in the hub's format."""
    plain: dict[str, Any] = {"handlers": [], "level": "INFO", "propagate": True}
    loggers = dict.fromkeys(("gunicorn.error", "uvicorn.error"), plain)
    # Once gunicorn has logging settings, its own workers log every request, even without an access log.
    loggers |= dict.fromkeys(("gunicorn.access", "uvicorn.access"), plain | {"level": "WARNING"})
    return LOGGING | {"loggers": LOGGING["loggers"] | loggers}


def start_master(arbiter: Any) -> None:
    """Register the master. If the master cannot listen, print the error and exit with status 1."""
    describe_master(arbiter)
    if arbiter.cfg.reuse_port or any(name in os.environ for name in INHERITED):
        return
    try:
        _find_listener(arbiter.cfg)
    except ConfigError as error:
        _refuse(error)


def _find_listener(cfg: Any) -> None:
    """Raise ``ListenerUnavailable`` if gunicorn cannot listen on its address.

    If the address comes from an unconfirmed change, first try to revert this change.
    """
    config = get_config()
    # The command line does not pin the address, so an unconfirmed change of the address may be reverted.
    if cfg.settings["bind"].get() == [listener(config.host, config.port)]:
        cfg.set("bind", listener(*starting_address()))
    for host, port in _tcp_addresses(cfg):
        probe(host, port)


def describe_master(arbiter: Any) -> None:
    """Register this process as the master, with the settings that the command line or systemd pins."""
    receipts.describe("master", pins(arbiter.cfg, sys.argv[1:]) | _handed_over(arbiter))
    apply_level(get_config())


def follow(arbiter: Any, config: RuntimeConfig) -> None:
    """From now on, reload the master when its address or number of workers changes in the configuration.

    ``config`` is the runtime config with which the master has started.
    """
    global _mover  # noqa: PLW0603
    describe_master(arbiter)
    _prepare_workers()
    is_pinned = arbiter.systemd or _given(arbiter.cfg, sys.argv[1:])["bind"]
    if is_pinned:
        effects.exempt(TakesEffect.LISTENERS)
    _mover = Mover(arbiter, is_free=not is_pinned and not arbiter.cfg.reuse_port)
    _mover.begin(config)
    _reload_without_waiting(arbiter)
    _stop_without_successors(arbiter)
    effects.acted_on(config, TakesEffect.WORKERS)
    follow_configuration(_mover, arbiter)


def _prepare_workers() -> None:
    """Import everything and freeze the garbage collector, before the first worker is forked."""
    preloading.load_everything()
    gc.collect()
    gc.freeze()  # then a worker that ends does not visit the objects that it shares with the master


def _reload_without_waiting(arbiter: Any) -> None:
    """Change the master so that a reload does not wait until the old workers have answered their requests."""
    # gunicorn's reload would wait for the old workers, so that they do not get a second SIGTERM. While it
    # waits, it handles no signal. A second SIGTERM does not harm the hub's workers.
    reload = arbiter.reload

    def reload_and_go_on() -> None:
        reload()
        arbiter.cfg.set("graceful_timeout", GRACEFUL_TIMEOUT)

    arbiter.reload = reload_and_go_on


def _stop_without_successors(arbiter: Any) -> None:
    """Change the master so that no worker waits for newer workers when the whole hub stops."""
    stop = arbiter.stop

    def end_and_stop(graceful: bool = True) -> None:
        worker_generations.end()
        stop(graceful)

    arbiter.stop = end_and_stop


def reload_master(arbiter: Any, config: RuntimeConfig) -> None:
    """If the address has changed, move the listener. Then begin a new generation of workers.

    The new workers use ``config``.
    """
    arbiter.cfg.set("graceful_timeout", 0)  # do not wait for old workers; restored after the reload
    describe_master(arbiter)
    if _mover is not None:
        _mover.prepare(get_config())
        _mover.move()
    worker_generations.begin()
    effects.acted_on(config, TakesEffect.WORKERS)
    watching.sign_soon()


def pins(cfg: Any, arguments: Sequence[str]) -> dict[str, str]:
    """Return a dict with the settings that the command line or ``GUNICORN_CMD_ARGS`` pins.

    The dict maps the key of each pinned setting to the pinned value as text.
    """
    given = _given(cfg, arguments)
    found: dict[str, str] = {}
    if given["bind"] and (addresses := _tcp_addresses(cfg)):
        host, port = addresses[0]
        found |= {"bind_address": host, "port": str(port)}
    if given["workers"] is not None:
        found["server_workers"] = str(given["workers"])
    return found


def _given(cfg: Any, arguments: Sequence[str]) -> dict[str, Any]:
    given = cfg.parser().parse_known_args([*cfg.get_cmd_args_from_env(), *arguments])[0]
    return dict(vars(given))


def _handed_over(arbiter: Any) -> dict[str, str]:
    """Return the settings ``bind_address`` and ``port`` that a socket from systemd pins.

    The dict has the same shape as in ``pins``. The dict is empty if systemd did not pass a TCP socket.
    """
    places = [sockets.place(listening) for listening in arbiter.LISTENERS if arbiter.systemd]
    return {"bind_address": places[0][0], "port": str(places[0][1])} if places and places[0] else {}


def _tcp_addresses(cfg: Any) -> list[tuple[str, int]]:
    """Return the TCP addresses on which gunicorn will listen. Leave out Unix sockets and descriptors."""
    return [address for address in cfg.address if isinstance(address, tuple)]


def hold_signals() -> None:
    """Block the signals that stop a worker. After the fork, the master and the worker unblock the signals."""
    # Until then, a new worker has the handlers of the master. These put a signal into the master's queue, so
    # the worker would miss the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)


def _let_signals_in() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


os.register_at_fork(after_in_parent=_let_signals_in)


def become_worker(workers: int) -> None:
    """Make this process one of ``workers`` workers. Set signal handlers. Close inherited connections."""
    global _is_to_stop  # noqa: PLW0603 - one worker a process
    _is_to_stop = False
    _ended.clear()
    # If a signal arrives before the worker serves, only remember the signal. This worker may have the last
    # open copy of a socket at which clients wait, so it has to answer them before it stops.
    for number in STOPS:
        signal.signal(number, _remember_to_stop)
    _let_signals_in()
    connections.close_all()
    limits.become_worker(workers)
    receipts.describe("worker")
    apply_level(get_config())


def _remember_to_stop(*_signal: Any) -> None:
    global _is_to_stop  # noqa: PLW0603
    _is_to_stop = True


def is_to_stop() -> bool:
    """Return whether this worker was told to stop before it began to serve."""
    return _is_to_stop


def watch() -> None:
    """Start the watcher of this process. The watcher keeps the runtime config current."""
    watching.start()
    watching.sign_soon()  # the watcher may have signed before this process was described as a worker


def leave() -> None:
    """Stop the watcher. Delete the receipt of this process, and the receipts of workers that have ended."""
    watching.stop()
    with contextlib.suppress(ConfigError):  # without heartbeats, the receipt expires by itself
        receipts.sign_off(*_ended)
    limits.close_connections()


def note_end_of(worker: int) -> None:
    """Remember the pid of a worker that has ended. Later, ``leave`` deletes the receipt of this worker."""
    _ended.add(worker)


def announce(cfg: Any, stream: TextIO = sys.stdout) -> None:
    """Start the watcher and print the hub's address. For an unclaimed hub, also print how to claim it."""
    watching.start()
    config = runtime.get_snapshot().config
    origin = config.public_url or _listening_origin(cfg)
    stream.write(f"Hub is served at {origin}\n")
    # Pages for everyone must not show paths, so they refer to this line.
    if complete := command_prefix():
        stream.write(f"Commands for this hub: {complete} COMMAND\n")
    if not is_configured(config):
        from setup_wizard.claiming.announcement import how_to_claim

        stream.write(how_to_claim(origin, is_terminal=stream.isatty()) + "\n")
    stream.flush()
    connections.close_all()  # workers that are forked later must not share the connection


def _listening_origin(cfg: Any) -> str:
    addresses = [f"http://{reachable(host)}:{port}" for host, port in _tcp_addresses(cfg)]
    return next(iter(addresses), "a socket")
