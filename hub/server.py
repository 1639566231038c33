"""What the processes of a served hub do when they start and stop."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from django.conf import settings
from django.db import connections

from config_app import effects, receipts, runtime, watcher
from config_app.errors import ConfigError
from hub.addresses import reachable
from hub.bootstrap import bootstrap_application
from hub.listening import INHERITED, probe
from hub.logs import apply_level
from hub.logs_format import LOGGING
from hub.moving import follow_configuration
from hub.runtime_config import RuntimeConfig, get_config, is_configured


def start_up() -> RuntimeConfig:
    """Bring the install up and return its configuration; a diagnosis of one line ends the process.

    A reload of the running master only reads: a database that is away must not be made anew, and the last
    good configuration stays in force.
    """
    if watcher.is_watching():
        runtime.refresh()
        return get_config()
    try:
        config = bootstrap_application()
    except ConfigError as error:
        _refuse(error)
    _ = settings.SECRET_KEY  # derived now, so that every worker has the same one, database or not
    connections.close_all()
    return config


def _refuse(error: ConfigError) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)  # noqa: T201 - there may be no logging yet
    sys.exit(1)


def log_settings() -> dict[str, Any]:
    """Return the logging of gunicorn's processes: the format of all other lines, each once."""
    plain: dict[str, Any] = {"handlers": [], "level": "INFO", "propagate": True}
    names = ("gunicorn.error", "gunicorn.access", "uvicorn.error", "uvicorn.access")
    return LOGGING | {"loggers": LOGGING["loggers"] | dict.fromkeys(names, plain)}


def start_master(cfg: Any) -> None:
    """Say what this process is, and end it with one line where it could not listen."""
    describe_master(cfg)
    if cfg.reuse_port or any(name in os.environ for name in INHERITED):
        return
    for host, port in _tcp_addresses(cfg):
        try:
            probe(host, port)
        except ConfigError as error:
            _refuse(error)


def describe_master(cfg: Any) -> None:
    """Say what this process is, and which settings the command line pinned."""
    receipts.describe("master", pins(cfg, sys.argv[1:]))
    effects.acted_on(get_config())
    apply_level(get_config())


def pins(cfg: Any, arguments: Sequence[str]) -> dict[str, str]:
    """Return the settings that gunicorn's command line, or its variable, overrides."""
    parser = cfg.parser()
    given = vars(parser.parse_known_args([*cfg.get_cmd_args_from_env(), *arguments])[0])
    found: dict[str, str] = {}
    if given["bind"] and (addresses := _tcp_addresses(cfg)):
        host, port = addresses[0]
        found |= {"bind_address": host, "port": str(port)}
    if given["workers"] is not None:
        found["server_workers"] = str(given["workers"])
    return found


def _tcp_addresses(cfg: Any) -> list[tuple[str, int]]:
    """Return where gunicorn will listen, less what is no host and port."""
    return [address for address in cfg.address if isinstance(address, tuple)]


def become_worker() -> None:
    """Start anew what a fork must not share: database connections, the role and how to stop.

    The master's handlers only queue signals for the master; until the worker has its own, a SIGTERM would
    be lost, and stopping would take as long as the graceful timeout.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop_worker)
    connections.close_all()
    receipts.describe("worker")
    apply_level(get_config())


def stop_worker(*_signal: Any) -> NoReturn:
    """End this worker by way of gunicorn's hooks."""
    sys.exit(0)


def watch() -> None:
    """Keep this process's configuration current."""
    watcher.start()


def leave() -> None:
    """Stop watching and take this process's row out of the list."""
    watcher.stop()
    with contextlib.suppress(ConfigError):  # then the row ages out by itself
        receipts.sign_off()
    connections.close_all()


def announce(cfg: Any, stream: TextIO = sys.stdout) -> None:
    """Print where the hub is served, and while nobody has claimed it, how to; follow changes from now on."""
    follow_configuration(receipts.pins())
    watcher.start()
    config = runtime.get_snapshot().config
    origin = config.public_url or _listening_origin(cfg)
    stream.write(f"Hub is served at {origin}\n")
    if not is_configured(config):
        stream.write(_how_to_claim(origin, is_terminal=stream.isatty()) + "\n")
    stream.flush()
    connections.close_all()  # or workers forked later would share the connection


def _how_to_claim(origin: str, *, is_terminal: bool) -> str:
    from setup_wizard.announcement import how_to_claim

    return how_to_claim(origin, is_terminal=is_terminal)


def _listening_origin(cfg: Any) -> str:
    addresses = [f"http://{reachable(host)}:{port}" for host, port in _tcp_addresses(cfg)]
    return next(iter(addresses), "a socket")
