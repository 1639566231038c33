"""The names of cookies end with the id of the install; the former names are still read."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from config_app.change.plan import plan
from config_app.live import runtime
from config_app.store import Stored, read
from hub.backup.restore import _of_this_install
from hub.configuration.fields import InstallIdField
from hub.models import User
from hub.start import install_id
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser
from tests.support.config_command import sql

OURS, OTHERS = "0123abcd", "4567cdef"
CREDENTIALS = {"username": "owner@example.com", "password": PASSWORD}
NAMES = {"sessionid", "csrftoken", "browser"}


@pytest.fixture(params=["", "__Host-"])
def prefix(request: pytest.FixtureRequest) -> str:
    """Run the test under http and under https."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _named(owner: User) -> None:
    name_install(OURS)


def name_install(text: str) -> None:
    plan({install_id.KEY: text}, managed=True).apply(actor="hub", channel="bootstrap")
    runtime.reload()


def sign_in(client: Client, prefix: str) -> None:
    assert client.post("/auth/login", CREDENTIALS, secure=bool(prefix)).status_code == 302


def is_signed_in(client: Client, prefix: str) -> bool:
    return client.get("/api/config", secure=bool(prefix)).status_code == 200


def test_every_cookie_of_the_hub_has_the_id(prefix: str) -> None:
    client = browser()
    sign_in(client, prefix)
    assert set(client.cookies) == {f"{prefix}{name}-{OURS}" for name in NAMES}
    assert is_signed_in(client, prefix)


def test_a_session_from_before_the_id_goes_on(prefix: str) -> None:
    name_install("")
    client = browser()
    sign_in(client, prefix)
    assert f"{prefix}sessionid" in client.cookies
    name_install(OURS)
    assert is_signed_in(client, prefix)


def test_the_own_cookie_wins_over_a_former_one(prefix: str) -> None:
    client = browser()
    sign_in(client, prefix)
    client.cookies[f"{prefix}sessionid"] = "a" * 32
    assert is_signed_in(client, prefix)


def test_cookies_of_other_hubs_stay(prefix: str) -> None:
    client = browser()
    for name in NAMES:
        client.cookies[f"{prefix}{name}-{OTHERS}"] = client.cookies[f"{prefix}{name}"] = "of another hub"
    sign_in(client, prefix)
    signed_out = client.post("/auth/logout", secure=bool(prefix))
    assert {name for name in signed_out.cookies if "session" in name} == {f"{prefix}sessionid-{OURS}"}
    others = {name: morsel.value for name, morsel in client.cookies.items() if OURS not in name}
    assert set(others.values()) == {"of another hub"}
    assert len(others) == 2 * len(NAMES)


def test_the_cookie_of_another_hub_signs_no_one_in(prefix: str) -> None:
    client = browser()
    sign_in(client, prefix)
    client.cookies[f"{prefix}sessionid-{OTHERS}"] = client.cookies.pop(f"{prefix}sessionid-{OURS}").value
    assert not is_signed_in(client, prefix)


@pytest.mark.parametrize("text", ["", "x", "0123ABCD", "0123abcde", "a; b=c,", "\r\nX: y"])
def test_an_id_that_fits_no_name_is_refused(text: str) -> None:
    sql("UPDATE system_config SET config_value = %s WHERE config_key = 'install_id'", text or " x")
    runtime.reload()
    client = browser()
    sign_in(client, "")
    assert f"sessionid-{OURS}" in client.cookies


def test_later_runs_keep_the_id() -> None:
    install_id.ensure()
    assert runtime.reload().config.install_id == OURS


def test_an_install_without_id_gets_one() -> None:
    sql("DELETE FROM system_config WHERE config_key = 'install_id'")
    install_id.ensure()
    assert InstallIdField().clean(runtime.reload().config.install_id) != OURS


@pytest.fixture
def earlier_process() -> None:
    """Give a running process of an earlier version, which fills no column that is new."""
    columns = "machine, instance, pid, role, revision, since, started_at, seen_at, pins, pending, error"
    now = "CURRENT_TIMESTAMP"
    values = f"'other', 'x', 1, 'worker', 1, {now}, {now}, {now}, '{{}}', '[]', ''"
    sql(f"INSERT INTO config_process ({columns}) VALUES ({values})")  # noqa: S608 - constants


@pytest.mark.usefixtures("earlier_process")
def test_the_names_stay_while_an_earlier_version_runs() -> None:
    sql("DELETE FROM system_config WHERE config_key = 'install_id'")
    install_id.ensure()
    assert runtime.reload().config.install_id == ""
    sql("DELETE FROM config_process")
    install_id.ensure()
    assert runtime.reload().config.install_id != ""


def test_a_restore_keeps_the_id_of_the_install() -> None:
    before, restored = read(), rows_of_another_install()
    edits: Any = {edit.key: edit.new for edit in _of_this_install(before, restored)}
    assert edits[install_id.KEY] == OURS
    assert edits["database_path"] == before.rows["database_path"].value


def rows_of_another_install() -> Stored:
    name_install(OTHERS)
    plan({"database_path": "/elsewhere/hub.db"}, managed=True).apply(actor="hub", channel="bootstrap")
    return read()
