"""A claim makes one owner and a session, is recorded, and happens completely or not at all (S3, S4, S6)."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.test import Client

from config_app.change.plan import plan
from config_app.errors import ConfigError, InvalidPlan
from config_app.live import runtime
from config_app.models import Revision, SystemConfig
from config_app.store import newest_refusals
from hub.auth import proof
from hub.models import User
from hub.runtime_config import get_config
from setup_wizard.claiming import draft, tokens
from setup_wizard.claiming.claim import application_of, claim, rehearse
from setup_wizard.errors import AlreadyClaimed
from setup_wizard.models import SetupDraft, SetupToken
from setup_wizard.product import Administrator, Application, get_product
from tests.conftest import claim_for
from tests.support.browsers.wizard_walk import ADMIN, LOCAL, NETWORK, PASSWORD, Browser
from tests.support.processes.hub_process import HubProcess

RACERS = 16


@pytest.fixture
def browser(transactional_db: None, install: None) -> Browser:
    """Give a browser that has completed every step in local mode."""
    browser = Browser()
    browser.fill_all()
    return browser


def application(**changes: Any) -> Application:
    account = Administrator(email=ADMIN, password=make_password(PASSWORD))
    return Application(mode="local", changes=changes, administrator=account)


def state() -> tuple[Any, ...]:
    """Return all data that a claim changes."""
    return (
        list(SystemConfig.objects.order_by("pk").values_list("pk", "config_value")),
        Revision.objects.count(),
        list(User.objects.values_list("email", "password", "is_active")),
        list(SetupDraft.objects.values_list("steps", "secrets")),
        list(SetupToken.objects.values_list("digest")),
        list(Session.objects.values_list("pk").order_by("pk")),
    )


def test_finishing_claims_the_hub_and_signs_its_administrator_in(browser: Browser) -> None:
    assert browser.finish() == 302
    assert browser.location == "/welcome/"
    config = get_config()
    assert (config.app_mode, config.setup_completed) == ("local", True)
    assert (config.local_admin_email, config.super_admin_emails) == (ADMIN, (ADMIN,))
    user = User.objects.get()
    assert (user.email, user.name, user.is_superuser) == (ADMIN, "Ada", True)
    assert user.check_password(PASSWORD)
    assert browser.client.session["_auth_user_id"] == str(user.pk)
    assert proof.is_recent(browser.client.session), "whoever has just claimed it is asked for nothing"


def test_the_last_page_welcomes_and_says_the_revision(browser: Browser) -> None:
    browser.finish()
    browser.keep_code()
    assert f"signed in as {ADMIN}" in browser.text
    assert f"revision {Revision.objects.latest('number').number}," in browser.text
    assert str(settings.INSTANCE.key_file) in browser.text


def test_the_welcome_is_for_whoever_claimed(browser: Browser) -> None:
    browser.finish()
    assert Browser().get("/welcome/") == 302


def test_the_claim_is_one_revision_of_the_wizard(browser: Browser) -> None:
    browser.fill("network", NETWORK | {"port": "9001"})
    before = Revision.objects.count()
    browser.finish()
    assert Revision.objects.count() == before + 1
    revision = Revision.objects.latest("number")
    assert (revision.actor, revision.channel, revision.address) == (ADMIN, "wizard", "127.0.0.1")
    assert {"app_mode", "setup_completed", "port"} <= set(revision.changes.values_list("key", flat=True))


def test_values_that_stay_are_not_written(browser: Browser) -> None:
    browser.finish()
    assert not SystemConfig.objects.filter(pk__in=["bind_address", "allowed_hosts", "enable_hsts"]).exists()


def test_a_value_that_the_import_refused_is_settled_even_by_the_default(browser: Browser) -> None:
    plan({}, refusals={"port": "HUB_PORT of .env was not imported"}).apply()
    assert [change.key for change in newest_refusals()] == ["port"]
    browser.finish()
    assert newest_refusals() == []


def test_claiming_rotates_the_session_and_ends_all_others(browser: Browser) -> None:
    other = Client()
    other.force_login(User.objects.create_user("old@example.com", PASSWORD))
    before = browser.client.session.session_key
    browser.finish()
    assert browser.client.session.session_key != before
    assert Session.objects.count() == 1
    assert "setup_wizard.proof" not in browser.client.session


def test_claiming_removes_token_and_draft(browser: Browser) -> None:
    tokens.ensure()
    browser.finish()
    assert not settings.INSTANCE.token_file.exists()
    assert not SetupToken.objects.exists()
    assert not SetupDraft.objects.exists()


def test_a_claim_takes_the_rights_of_earlier_owners(browser: Browser) -> None:
    plan({"super_admin_emails": "boss@example.com"}).apply()
    boss = User.objects.create_user("boss@example.com", PASSWORD)
    staff = User.objects.create_user("staff@example.com", PASSWORD, is_staff_member=True)
    member = User.objects.create_user("member@example.com", PASSWORD)
    browser.finish()
    for user in (boss, staff, member):
        user.refresh_from_db()
    assert (boss.is_active, staff.is_active, staff.is_staff_member, member.is_active) == (
        False,
        False,
        False,
        True,
    )


def test_an_earlier_account_of_the_administrator_comes_back_to_life(browser: Browser) -> None:
    User.objects.create_user(ADMIN, "an old password of hers", is_active=False)
    browser.finish()
    user = User.objects.get()
    assert user.is_active
    assert user.check_password(PASSWORD)


def test_a_double_submit_gives_the_last_page_twice(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both requests passed the gate and the view before the first one was committed."""
    from setup_wizard.pages import views

    def submitted_twice(*_args: Any, **_options: Any) -> None:
        claim(application_of(draft.load()), holder=None)
        raise AlreadyClaimed

    monkeypatch.setattr(views, "claim", submitted_twice)
    assert browser.finish() == 302
    assert browser.location == "/welcome/"
    assert browser.get("/welcome/") == 200
    assert f"signed in as {ADMIN}" in browser.text


def test_a_submit_that_another_claim_beat_signs_nobody_in(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from setup_wizard.pages import views

    def beaten(*_args: Any, **_options: Any) -> None:
        claim(application(), holder=None)  # the same address with another password
        raise AlreadyClaimed

    monkeypatch.setattr(views, "claim", beaten)
    assert browser.finish() == 404
    assert "_auth_user_id" not in browser.client.session


@pytest.mark.django_db(transaction=True)
def test_a_second_claim_is_refused_and_changes_nothing(install: None) -> None:
    claim(application(), holder=None)
    before = state()
    with pytest.raises(AlreadyClaimed):
        claim(application(port=9999), holder=None)
    assert state() == before


@pytest.mark.parametrize("step", ["make_administrator", "claim_changes", "prepare_claim"])
def test_a_claim_that_fails_anywhere_changes_nothing(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before, product = state(), get_product()

    def fail(*_args: Any) -> None:
        raise ConfigError("the disk is full", fix="make room")

    monkeypatch.setattr(product, step, fail)
    assert browser.finish() == 200
    assert "The disk is full" in browser.text
    assert state() == before
    monkeypatch.undo()
    assert browser.finish() == 302


def test_a_claim_that_fails_late_changes_nothing(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state()

    def fail() -> None:
        raise ConfigError("the disk is full")

    monkeypatch.setattr(tokens, "discard", fail)
    assert browser.finish() == 200
    assert state() == before


def test_the_review_rehearses_the_claim_and_changes_nothing(browser: Browser) -> None:
    before = state()
    assert browser.get("/setup/review/") == 200
    assert state() == before
    assert "Fix these problems first" not in browser.text


@pytest.mark.django_db(transaction=True)
def test_a_rehearsal_names_every_error(install: None) -> None:
    errors = rehearse(application(port="abc", csp_report_uri="x;y")).errors
    assert {key for error in errors for key in error.keys} == {"port", "csp_report_uri"}
    with pytest.raises(InvalidPlan):
        claim(application(port="abc"), holder=None)


def test_an_error_of_the_plan_leads_to_the_step_it_belongs_to(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = get_product()
    changes = product.claim_changes

    def broken(wanted: Application, config: Any) -> dict[str, Any]:
        return changes(wanted, config) | {"port": "abc"}

    monkeypatch.setattr(product, "claim_changes", broken)
    for status in (browser.get("/setup/review/"), browser.finish()):
        assert status == 200
        assert 'href="/setup/network/#id_port"' in browser.body
        assert "port: expected a whole number" in browser.text
        assert "disabled" in browser.body


def test_a_draft_saved_after_the_claim_is_refused(browser: Browser) -> None:
    step = draft.load().steps_in_order()[0]
    claim_for("owner@example.com")
    SetupDraft.objects.all().delete()
    with pytest.raises(AlreadyClaimed):
        draft.save(step, {"app_mode": "local"}, {}, holder=None)
    assert not SetupDraft.objects.exists()


def test_the_way_back_from_raw_sql_is_a_new_claim(browser: Browser) -> None:
    browser.finish()
    SystemConfig.objects.filter(pk="app_mode").update(config_value="unconfigured")
    runtime.reload()
    later = Browser()
    later.fill_all({name: dict(data) for name, data in LOCAL.items()})
    assert later.finish() == 302
    assert get_config().app_mode == "local"
    assert browser.get("/") == 302  # the session of the earlier owner has ended


def test_of_sixteen_processes_one_becomes_the_owner(any_hub_process: HubProcess) -> None:
    hub = any_hub_process
    hub.bring_up()
    raced = hub.run_script("tests/support/processes/claim_race.py", str(RACERS))
    said = raced.stdout.splitlines()
    assert raced.returncode == 0, raced.stderr
    assert said.count("lost") == RACERS - 1, said
    (winner,) = (line.split()[1] for line in said if line.startswith("won"))
    number = winner.removeprefix("racer").partition("@")[0]
    stored = dict(hub.sql("SELECT config_key, config_value FROM system_config"))
    assert hub.sql("SELECT email FROM hub_user") == [(winner,)]
    assert hub.sql("SELECT count(*) FROM config_revision WHERE channel = 'wizard'") == [(1,)]
    assert (stored["local_admin_email"], stored["port"]) == (winner, str(9000 + int(number)))
    assert not (hub.data_dir / "setup-token").exists()
