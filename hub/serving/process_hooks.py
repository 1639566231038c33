"""What the processes of a served hub do when they start and stop."""

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
from django.urls import get_resolver

from config_app.declaration.setting import TakesEffect
from config_app.errors import ConfigError
from config_app.live import effects, runtime
from config_app.propagation import receipts, watcher
from hub.bootstrap import bootstrap_application
from hub.logs.format import LOGGING
from hub.logs.level import apply_level
from hub.network.addresses import reachable
from hub.runtime_config import RuntimeConfig, get_config, is_configured
from hub.serving import sockets, worker_generations
from hub.serving.listen_address import INHERITED, listener, probe
from hub.serving.listener_move import Mover, follow_configuration
from hub.serving.starting_address import starting_address

GRACEFUL_TIMEOUT = 30
"""Seconds that workers have to end when the whole hub stops."""
STOPS = (signal.SIGTERM, signal.SIGINT)
"""The signals that end a worker gracefully."""

_mover: Mover | None = None
_first_bind = ""
_ended: set[int] = set()
_is_to_stop = False


def start_up() -> RuntimeConfig:
    """Bring the install up and return its configuration; a diagnosis of one line ends the process.

    A reload of the running master asks nobody: its watcher keeps the configuration current, a database that
    is away must not be made anew, and workers would inherit the connection.
    """
    if _mover is not None:
        return get_config()
    try:
        config = bootstrap_application()
    except ConfigError as error:
        _refuse(error)
    _ = settings.SECRET_KEY  # derived now, so that every worker has the same one, database or not
    connections.close_all()
    return config


def bind(config: RuntimeConfig) -> str | list[str]:
    """Return where gunicorn is to listen: where ``config`` says at the start, and at a reload where it does.

    Were the address another one then, gunicorn would close its listeners before it opens new ones.
    """
    global _first_bind  # noqa: PLW0603 - one master a process
    if _mover is None:
        _first_bind = listener(config.host, config.port)
    return (_mover.bind if _mover else None) or _first_bind


def _refuse(error: ConfigError) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201 - there may be no logging yet
    sys.exit(1)


def log_settings() -> dict[str, Any]:
    """Return the logging of gunicorn's processes: the format of all other lines, each once."""
    plain: dict[str, Any] = {"handlers": [], "level": "INFO", "propagate": True}
    loggers = dict.fromkeys(("gunicorn.error", "uvicorn.error"), plain)
    # gunicorn's own workers would log every request, with or without an access log, given any settings.
    loggers |= dict.fromkeys(("gunicorn.access", "uvicorn.access"), plain | {"level": "WARNING"})
    return LOGGING | {"loggers": LOGGING["loggers"] | loggers}


def start_master(arbiter: Any) -> None:
    """Say what this process is, and end it with one line where it could not listen."""
    describe_master(arbiter)
    if arbiter.cfg.reuse_port or any(name in os.environ for name in INHERITED):
        return
    try:
        _find_listener(arbiter.cfg)
    except ConfigError as error:
        _refuse(error)


def _find_listener(cfg: Any) -> None:
    """Raise ``ListenerUnavailable`` where gunicorn cannot listen as it is told, by whomever."""
    config = get_config()
    if cfg.settings["bind"].get() == [listener(config.host, config.port)]:
        cfg.set("bind", listener(*starting_address()))
    for host, port in _tcp_addresses(cfg):
        probe(host, port)


def describe_master(arbiter: Any) -> None:
    """Say what this process is, and which settings the command line or systemd pinned."""
    receipts.describe("master", pins(arbiter.cfg, sys.argv[1:]) | _handed_over(arbiter))
    apply_level(get_config())


def follow(arbiter: Any, config: RuntimeConfig) -> None:
    """Let a master that listens now follow the configuration; ``config`` is what it started with."""
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
    """Do once what every worker would do as it starts, and spare it to tear all of that down as it ends."""
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()


def _reload_without_waiting(arbiter: Any) -> None:
    """Let the master go on while old workers still answer: gunicorn's would hear of nothing meanwhile.

    It waits so as not to send a second SIGTERM, which does our workers no harm.
    """
    reload = arbiter.reload

    def reload_and_go_on() -> None:
        reload()
        arbiter.cfg.set("graceful_timeout", GRACEFUL_TIMEOUT)

    arbiter.reload = reload_and_go_on


def _stop_without_successors(arbiter: Any) -> None:
    """Let the workers of a hub that stops in the middle of a reload wait for none that replaces them."""
    stop = arbiter.stop

    def end_and_stop(graceful: bool = True) -> None:
        worker_generations.end()
        stop(graceful)

    arbiter.stop = end_and_stop


def reload_master(arbiter: Any, config: RuntimeConfig) -> None:
    """Move the listener, where it is to be elsewhere; ``config`` is what the new workers are started by."""
    arbiter.cfg.set("graceful_timeout", 0)  # until the reload is done
    describe_master(arbiter)
    if _mover is not None:
        _mover.prepare(get_config())
        _mover.move()
    worker_generations.begin()
    effects.acted_on(config, TakesEffect.WORKERS)
    watcher.sign_soon()


def pins(cfg: Any, arguments: Sequence[str]) -> dict[str, str]:
    """Return the settings that gunicorn's command line, or its variable, overrides."""
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
    """Return the settings that systemd decides, where it opened the listener."""
    places = [sockets.place(listening) for listening in arbiter.LISTENERS if arbiter.systemd]
    return {"bind_address": places[0][0], "port": str(places[0][1])} if places and places[0] else {}


def _tcp_addresses(cfg: Any) -> list[tuple[str, int]]:
    """Return where gunicorn will listen, less what is no host and port."""
    return [address for address in cfg.address if isinstance(address, tuple)]


def hold_signals() -> None:
    """Let no signal come in that stops a worker, until the one about to be forked can hear it.

    The master's handlers only queue signals for the master, and a fork forgets those that wait.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)


def _let_signals_in() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


os.register_at_fork(after_in_parent=_let_signals_in)


def become_worker() -> None:
    """Start anew what a fork must not share: database connections, the role and how to stop.

    A signal to stop that comes before the worker serves is remembered: it may hold the last copy of a socket
    at which others wait.
    """
    global _is_to_stop  # noqa: PLW0603 - one worker a process
    _is_to_stop = False
    _ended.clear()
    for number in STOPS:
        signal.signal(number, _remember_to_stop)
    _let_signals_in()
    connections.close_all()
    receipts.describe("worker")
    apply_level(get_config())


def _remember_to_stop(*_signal: Any) -> None:
    global _is_to_stop  # noqa: PLW0603
    _is_to_stop = True


def is_to_stop() -> bool:
    """Tell whether this worker was told to stop before it served."""
    return _is_to_stop


def watch() -> None:
    """Keep this process's configuration current."""
    watcher.start()


def leave() -> None:
    """Stop watching and take this process's row out of the list."""
    watcher.stop()
    with contextlib.suppress(ConfigError):  # then the row ages out by itself
        receipts.sign_off(*_ended)
    connections.close_all()


def note_end_of(worker: int) -> None:
    """Remember a worker that has ended, by pid; the master takes its row out as well when it leaves."""
    _ended.add(worker)


def announce(cfg: Any, stream: TextIO = sys.stdout) -> None:
    """Print where the hub is served, and while nobody has claimed it, how to; watch from now on."""
    watcher.start()
    config = runtime.get_snapshot().config
    origin = config.public_url or _listening_origin(cfg)
    stream.write(f"Hub is served at {origin}\n")
    if not is_configured(config):
        stream.write(_how_to_claim(origin, is_terminal=stream.isatty()) + "\n")
    stream.flush()
    connections.close_all()  # or workers forked later would share the connection


def _how_to_claim(origin: str, *, is_terminal: bool) -> str:
    from setup_wizard.claiming.announcement import how_to_claim

    return how_to_claim(origin, is_terminal=is_terminal)


def _listening_origin(cfg: Any) -> str:
    addresses = [f"http://{reachable(host)}:{port}" for host, port in _tcp_addresses(cfg)]
    return next(iter(addresses), "a socket")
