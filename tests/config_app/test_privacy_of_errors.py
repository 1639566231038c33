"""No error, log line or local variable in a traceback of the engine shows a secret (K5)."""

from __future__ import annotations

import base64
import logging
import pickle
import traceback
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config_app import store
from config_app.api import get_config, on_change, plan, plan_rollback
from config_app.change.adoption import adopt_now
from config_app.change.reset import plan_reset
from config_app.encryption import enrolment, install_keyring
from config_app.errors import ConfigError
from config_app.live import hooks, runtime
from config_app.models import Change
from config_app.presentation.changes import change_rows
from config_app.store import deadlines, tables
from config_app.testing import reset_process
from hub.environment.env_file import read_env_file
from hub.environment.env_import import read_import
from tests.support.databases.raw_sql import set_row

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "canary4711"
API_KEY = f"sk_test_{CANARY}"
NEW_KEY = f"sk_test_{CANARY}new"
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode()[:-3], urllib.parse.quote(API_KEY, safe=""))


@pytest.fixture(autouse=True)
def _install(transactional_db: None, install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_hooks", [])
    plan({"workos_api_key": API_KEY}).apply()


def assert_private(text: str) -> None:
    assert not any(form in text for form in FORMS), text


def report(error: BaseException) -> str:
    """Return what a crash reporter collects: the chained errors, with the local variables of our code."""
    told: traceback.TracebackException | None
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines: list[str] = []
    while told is not None:
        lines += [f"{told}", *(f"{frame}" for frame in told.stack)]
        lines += [f"{frame.locals}" for frame in told.stack if "/tests/" not in frame.filename]
        told = told.__cause__ or told.__context__
    return "\n".join(lines)


REFUSALS: dict[str, Callable[[], object]] = {
    "a value that is not valid": lambda: plan({"workos_api_key": f"{CANARY} no key"}),
    "a secret that is not valid": lambda: plan({"workos_cookie_password": CANARY}),
    "a secret in the place of a number": lambda: plan({"port": API_KEY}),
    "a secret in the place of a key": lambda: plan({f"sk-{CANARY}": "1"}),
    "a mode without its credentials": lambda: plan({"app_mode": "workos", "workos_api_key": NEW_KEY}),
    "a stale plan": lambda: plan({"workos_api_key": NEW_KEY}, base_revision=1),
    "a managed setting": lambda: plan({"setup_completed": API_KEY}),
}


@pytest.mark.parametrize("attempt", REFUSALS)
def test_a_refusal_does_not_repeat_what_was_refused(attempt: str) -> None:
    with pytest.raises(ConfigError) as caught:
        REFUSALS[attempt]()
    error = caught.value
    assert_private(f"{error} {error!r} {error.args} {error.message} {error.fix}")
    assert_private("".join(traceback.format_exception(error)))
    assert_private(str(pickle.loads(pickle.dumps(error))))  # noqa: S301 - our own bytes
    assert "\n" not in str(error)


def failing(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(owner, name, fail)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (store, "read"),
        (store, "newest_refusals"),
        (tables, "_write_rows"),
        (tables, "record_only"),
        (store, "record"),
        (enrolment, "ensure_keyring"),
        (install_keyring, "get_keyring"),
        (tables, "_insert_revision"),
        (tables, "_insert_changes"),
    ],
)
def test_a_crash_report_of_a_failing_change_has_no_secret(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    plan({}, refusals={"port": "refused"}).apply()
    get_config()
    failing(monkeypatch, owner, name)
    with pytest.raises((ConfigError, OperationalError)) as caught:
        plan({"workos_api_key": NEW_KEY, "port": 9001}).apply()
    assert_private(report(caught.value))


def test_a_crash_report_of_a_failing_load_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    plan({"port": 9001}).apply(confirm_within=300)
    reset_process()
    failing(monkeypatch, deadlines, "unconfirmed")  # a load calls this after it has decrypted the secrets
    with pytest.raises((ConfigError, OperationalError)) as caught:
        get_config()
    assert_private(report(caught.value))


def test_a_crash_report_of_a_failing_hook_has_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    reports: list[str] = []

    @on_change()
    def hook(old: object, new: object) -> None:
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as error:
            reports.append(f"{report(error)} {old} {new!r}")
            raise

    plan({"workos_api_key": NEW_KEY}).apply()
    assert_private("".join(reports) + caplog.text)
    assert reports


def test_no_log_line_at_any_level_has_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "config_app", "django.db.backends"):
        caplog.set_level(logging.DEBUG, logger=name)
    with CaptureQueriesContext(connection) as captured:
        plan({"workos_api_key": NEW_KEY, "reload_webhook_secret": CANARY * 3}).apply(reason="rotate")
        plan_rollback(2).apply()
        set_row("port", CANARY)
        set_row("reload_webhook_secret", "gAAAAbanana", is_secret=True)
        adopt_now()
        runtime.reload()
        plan_reset()
    assert len(caplog.records) >= len(captured) > 10
    no_port = "\n".join(line for line in caplog.text.splitlines() if "'port'" not in line)
    assert_private(no_port)


def test_a_secret_that_sql_wrote_in_plain_text_is_in_no_log_and_no_history(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, logger="config_app"):
        set_row("workos_api_key", NEW_KEY)
        runtime.reload()
        adopt_now()
        runtime.reload()
    assert_private(caplog.text)
    assert_private(str(list(Change.objects.values())))
    assert_private(str([change_rows(revision) for revision in store.history()]))
    assert_private(f"{runtime.get_snapshot()} {store.read()}")


def test_a_locked_keyring_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    key_file: Path = settings.INSTANCE.key_file
    content = key_file.read_bytes()
    key_file.unlink()
    reset_process()
    try:
        with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError) as caught:
            plan({"workos_api_key": NEW_KEY}).apply()
        assert_private(report(caught.value) + caplog.text + str(runtime.reload().problems))
        assert content.decode().strip() not in report(caught.value) + caplog.text
    finally:
        key_file.write_bytes(content)
        key_file.chmod(0o600)


def test_what_is_in_memory_shows_no_secret() -> None:
    drawn = plan({"workos_api_key": NEW_KEY})
    with transaction.atomic():
        assert_private(f"{drawn!r} {drawn.edits} {drawn.changes} {drawn.before} {drawn.after}")
    assert_private(f"{get_config()} {runtime.get_snapshot()!r} {install_keyring.get_keyring()!r}")


def test_an_env_file_with_secrets_shows_none(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        f"WORKOS_API_KEY={API_KEY}\nWORKOS_COOKIE_PASSWORD={CANARY}\nHUB_PORT={CANARY}\n{CANARY}\nX='{CANARY}\n"
    )
    file = read_env_file(tmp_path / ".env")
    found = read_import({"HUB_WORKERS": CANARY}, file)
    assert_private(f"{file!r} {found!r} {[str(problem) for problem in file.problems]}")
