"""The setup token: usable once, valid for a limited time, stored as a hash, in a private file (S2)."""

from __future__ import annotations

import datetime as dt
import hashlib
import stat
import threading
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from config_app.live import runtime
from config_app.models import SystemConfig
from hub.project import HubProject
from setup_wizard.claiming import tokens
from setup_wizard.claiming.announcement import how_to_claim
from setup_wizard.models import SetupToken
from tests.conftest import claim_for
from tests.support.browsers.wizard_walk import Browser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def token_file(transactional_db: None, install: None) -> Path:
    """Work on an unclaimed install without a token; return the path of the token file."""
    path: Path = settings.INSTANCE.token_file
    path.unlink(missing_ok=True)
    return path


def offered() -> str:
    """Return the current setup token."""
    tokens.ensure()
    token = tokens.current()
    assert token is not None
    return token.reveal()


def test_the_file_is_private_and_the_database_has_only_the_hash(token_file: Path) -> None:
    token = offered()
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert len(token) >= 43  # 32 bytes; 128 bits are required
    row = SetupToken.objects.get()
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    assert token not in str(SetupToken.objects.values())


def test_ensuring_twice_keeps_the_token() -> None:
    assert offered() == offered()


def test_a_right_token_unlocks_this_browser_only() -> None:
    first, second = Browser(), Browser()
    first.unlock()
    assert first.get("/setup/mode/") == 200
    assert second.get("/setup/mode/") == 302


def test_unlocking_starts_a_new_session() -> None:
    browser = Browser()
    session = browser.client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    browser.unlock()
    assert browser.client.session.session_key != before
    assert "planted" not in browser.client.session


def test_a_used_token_is_refused_to_anybody_else(token_file: Path) -> None:
    token, first, second = offered(), Browser(), Browser()
    first.unlock()
    assert second.post("/setup/", {"token": token}) == 200
    assert "not a valid setup token" in second.text
    assert not token_file.exists()
    assert first.get("/setup/mode/") == 200


@pytest.mark.parametrize("wrong", ["", "x", "é" * 50, "x" * 5000, "%00", "' OR 1=1 --"])
def test_a_wrong_token_destroys_nothing(wrong: str) -> None:
    token, browser = offered(), Browser()
    for _ in range(3):
        assert browser.post("/setup/", {"token": wrong}) == 200
    assert browser.get("/setup/mode/") == 302
    assert browser.post("/setup/", {"token": f" {token}\n"}) == 302


def test_the_token_is_never_in_a_page() -> None:
    token, browser = offered(), Browser()
    browser.get("/setup/")
    assert token not in browser.body
    browser.post("/setup/", {"token": token + "x"})
    assert token not in browser.body


def test_the_token_in_the_address_does_not_count() -> None:
    browser = Browser()
    browser.get(f"/setup/?token={offered()}")
    assert browser.get("/setup/mode/") == 302


def test_an_expired_token_is_refused() -> None:
    token = offered()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=26)):
        browser = Browser()
        assert browser.post("/setup/", {"token": token}) == 200
        assert "not a valid setup token" in browser.text


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_one_hour_off_breaks_nothing(hours: int) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(hours=hours)):
        token = offered()
    assert tokens.is_usable()
    browser = Browser()
    assert browser.post("/setup/", {"token": token}) == 302
    with time_machine.travel(timezone.now() + dt.timedelta(hours=hours)):
        assert browser.get("/setup/mode/") == 200


def test_a_token_just_printed_outlives_a_clock_that_jumps_an_hour() -> None:
    token = offered()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=23, minutes=59)):
        assert tokens.is_usable()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=24, minutes=58)):
        assert tokens.accept(token)


def test_an_expired_token_is_replaced() -> None:
    token = offered()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        assert offered() != token


def test_a_lost_file_makes_a_new_token_and_voids_the_old_one(token_file: Path) -> None:
    token = offered()
    token_file.unlink()
    assert offered() != token
    assert tokens.accept(token) is None


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"something else\n"])
def test_a_file_that_was_changed_offers_nothing(token_file: Path, content: bytes) -> None:
    offered()
    token_file.write_bytes(content)
    assert not tokens.is_usable()
    assert tokens.accept(offered())


def test_a_file_that_others_could_read_offers_nothing(token_file: Path) -> None:
    token = offered()
    token_file.chmod(0o644)
    assert not tokens.is_usable()
    assert offered() != token
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600


def test_a_newer_token_takes_over_once_it_is_used() -> None:
    first, second = Browser(), Browser()
    first.unlock()
    offered()
    assert first.get("/setup/mode/") == 200
    second.unlock()
    assert second.get("/setup/mode/") == 200
    assert first.get("/setup/mode/") == 302


def test_renewing_voids_everything_handed_out_before() -> None:
    token, browser = offered(), Browser()
    browser.unlock()
    tokens.renew(now=timezone.now())
    assert tokens.accept(token) is None
    assert browser.get("/setup/mode/") == 302
    assert tokens.is_usable()


def test_a_renewal_that_is_rolled_back_leaves_no_trace() -> None:
    token = offered()
    with transaction.atomic():
        tokens.renew(now=timezone.now())
        transaction.set_rollback(True)
    assert offered() == token


def test_many_processes_agree_on_one_token() -> None:
    def ensure() -> None:
        tokens.ensure()
        connection.close()

    threads = [threading.Thread(target=ensure) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SetupToken.objects.count() == 1
    assert tokens.is_usable()


def test_only_one_of_many_browsers_gets_in_with_one_token() -> None:
    token, accepted = offered(), []

    def accept() -> None:
        accepted.append(tokens.accept(token))
        connection.close()

    threads = [threading.Thread(target=accept) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([proof for proof in accepted if proof]) == 1


def test_a_reset_offers_a_new_token(token_file: Path) -> None:
    claim_for("owner@example.com")
    with transaction.atomic():
        HubProject().revoke_access()
    assert tokens.is_usable()


def test_raw_sql_that_unclaims_a_running_hub_makes_a_token() -> None:
    claim_for("owner@example.com")
    runtime.reload()
    assert not tokens.is_usable()
    SystemConfig.objects.filter(pk="app_mode").update(config_value="unconfigured")
    runtime.reload()
    assert tokens.is_usable()
    browser = Browser()
    assert browser.get("/") == 302
    assert browser.location == "/setup/"


def test_only_a_terminal_is_told_the_token() -> None:
    token = offered()
    origin = "http://127.0.0.1:8884"
    assert how_to_claim(origin, is_terminal=True).endswith(f"{origin}/setup/#token={token}")
    said = how_to_claim(origin, is_terminal=False)
    assert token not in said
    assert str(settings.INSTANCE.token_file) in said
    assert "\n" not in said


def test_no_query_of_the_page_before_the_token_changes_anything() -> None:
    offered()
    before = list(SetupToken.objects.values())
    Browser().get("/setup/")
    assert list(SetupToken.objects.values()) == before
