"""A process of a project: it does what its input says, and answers what it sees afterwards.

Each line of input is a JSON object: the name of an action, its arguments, and how many seconds a write may
wait for a lock. Each line of output is the answer: the result or the error, and what this process uses.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Token
from typing import Any

from django.db import DatabaseError, connection, transaction

from config_app import api
from config_app.errors import ConfigError
from config_app.live import pinning, runtime
from config_app.store.locks import waiting_at_most

Answer = dict[str, Any]
UPSERT = (
    "INSERT INTO system_config (config_key, config_value) VALUES ('page_size', %s)"
    " ON CONFLICT (config_key) DO UPDATE SET config_value = excluded.config_value"
)
DELETE = "DELETE FROM system_config WHERE config_key = 'page_size'"
OLD_VIEW = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
BEGIN_VIEW = "SELECT count(*) FROM config_state"

_blocks: list[transaction.Atomic] = []
_pins: list[Token[Any]] = []
_plans: list[api.Plan] = []
_overrides: list[Any] = []
_heard: list[Answer] = []
_other_thread = ThreadPoolExecutor(max_workers=1)
is_on_sqlite = connection.vendor == "sqlite"


def values_of(config: Any) -> Answer:
    """Return the values that the model knows, with secrets revealed."""
    token = config.token.reveal() if config.token else None
    return {"page_size": config.page_size, "greeting": config.greeting, "token": token}


def described(snapshot: api.Snapshot) -> Answer:
    """Return the values, the revision and whether raw SQL has changed the tables since this revision."""
    return {
        "values": values_of(snapshot.config),
        "revision": snapshot.revision,
        "drifted": snapshot.drifted,
        "problems": [str(problem) for problem in snapshot.problems],
    }


def seen() -> Answer:
    """Return what the caller sees, what another thread sees, and what the hooks were told since last time."""
    while True:  # a watcher may replace the configuration between the two reads
        snapshot, config = api.get_snapshot(), api.get_config()
        if api.get_snapshot() is snapshot:
            break
    shared = _other_thread.submit(api.get_snapshot).result()
    heard, _heard[:] = list(_heard), []
    return {
        "own": described(snapshot),
        "config": values_of(config),
        "shared": described(shared),
        "heard": heard,
    }


def _number(revision: Any) -> int | None:
    return None if revision is None else int(revision.number)


def change(changes: Mapping[str, str | None]) -> int | None:
    """Plan changes and apply them; ``None`` means that a setting returns to its default."""
    return _number(api.plan(_typed(changes)).apply())


def _typed(changes: Mapping[str, str | None]) -> dict[str, Any]:
    return {key: api.UNSET if value is None else value for key, value in changes.items()}


def plan(changes: Mapping[str, str | None], *, is_based: bool) -> int:
    """Plan changes and keep the plan; return the revision for which it is valid."""
    _plans[:] = []
    revision = api.plan({}).revision
    _plans.append(api.plan(_typed(changes), revision if is_based else None))
    return revision


def apply() -> int | None:
    """Apply the plan that was kept."""
    return _number(_plans[0].apply())


def roll_back(number: int) -> int | None:
    """Return to the values of an earlier revision."""
    return _number(api.plan_rollback(number).apply())


def write_sql(size: int | None, wait: float) -> None:
    """Write or delete a row as a database client does."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_on_sqlite:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{round(wait * 1000)}"])
        cursor.execute(DELETE) if size is None else cursor.execute(UPSERT, [str(size)])


def begin(*, is_old: bool) -> None:
    """Open a block. With ``is_old``, the transaction keeps the view of the database that it has now."""
    if is_on_sqlite:
        connection.transaction_mode = "DEFERRED" if is_old else "IMMEDIATE"  # type: ignore[attr-defined]
    block, is_outermost = transaction.atomic(), not _blocks
    try:
        block.__enter__()
    finally:
        if is_on_sqlite:
            connection.transaction_mode = None  # type: ignore[attr-defined]
    _blocks.append(block)
    if is_old and is_outermost:
        with connection.cursor() as cursor:
            if not is_on_sqlite:
                cursor.execute(OLD_VIEW)
            cursor.execute(BEGIN_VIEW)


def end(*, commits: bool) -> None:
    """Commit the innermost block or roll it back."""
    if not commits:
        transaction.set_rollback(True)
    _blocks.pop().__exit__(None, None, None)


def reload() -> None:
    """Reload the configuration."""
    api.reload_config()


def reload_in_thread() -> None:
    """Reload the configuration outside the caller's transaction, as a watcher does."""
    _other_thread.submit(api.reload_config).result()


def current() -> Answer:
    """Return the values that decide about rights, which are those of the database now."""
    return values_of(runtime.current())


def pin() -> Answer:
    """Pin the configuration as a request does, and return its values."""
    _pins.append(pinning.pin(pinning.to_pin()))
    return values_of(runtime.seen_snapshot().config)


def unpin() -> None:
    """End the innermost pin."""
    pinning.unpin(_pins.pop())


def override(size: int | None) -> None:
    """Let another thread override the page size, or end its override."""
    _other_thread.submit(_override, size).result()


def _override(size: int | None) -> None:
    if size is None:
        _overrides.pop().__exit__()
    else:
        _overrides.append(api.override_config(page_size=size))
        _overrides[-1].__enter__()


def die(changes: Mapping[str, str | None], at: int) -> int | None:
    """Make a change, but kill this process before its statement number ``at``."""
    left = iter(range(at, -1, -1))

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*arguments)

    with connection.execute_wrapper(count):
        return change(changes)


def watch() -> None:
    """Start a watcher, as a server does."""
    api.start_watching()


def read() -> None:
    """Do nothing: each answer says what this process sees."""


ACTIONS: dict[str, Callable[..., Any]] = {
    action.__name__: action
    for action in (
        apply, begin, change, current, die, end, override, pin, plan, read, reload, reload_in_thread,
        roll_back, unpin, watch, write_sql,
    )
}  # fmt: skip


def _answer(action: str, arguments: Mapping[str, Any], wait: float) -> Answer:
    if is_on_sqlite:
        connection.ensure_connection()
        connection.connection.execute(f"PRAGMA busy_timeout = {round(wait * 1000)}")
    if action == "write_sql":
        arguments = {**arguments, "wait": wait}
    answer: Answer = {}
    try:
        with waiting_at_most(wait):
            answer["result"] = ACTIONS[action](**arguments)
    except (ConfigError, DatabaseError) as error:
        answer["refusal"] = f"{type(error).__name__}: {error}"
    return answer | seen()


def serve() -> None:
    """Answer until the input ends."""
    logging.disable(logging.CRITICAL)
    api.on_change()(lambda _old, new: _heard.append(values_of(new)))
    for line in sys.stdin:
        try:
            answer = _answer(*json.loads(line))
        except BaseException:  # noqa: BLE001 - the test shows it
            answer = {"failure": traceback.format_exc()}
        print(json.dumps(answer), flush=True)  # noqa: T201 - this is the answer
