"""A reset ends all sessions, removes all secrets and keeps everything else as input for the wizard (B17)."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.test import Client

from config_app import store
from config_app.api import get_config, plan
from config_app.change.reset import plan_reset, reset
from config_app.errors import DatabaseUnavailable
from config_app.models import Change, SystemConfig
from config_app.testing import reset_process
from hub.models import User
from hub.runtime_config import is_configured, schema
from setup_wizard.claiming import tokens
from tests.support.databases.raw_sql import raw_sql, value_of

pytestmark = pytest.mark.django_db(transaction=True)

SECRETS = {"workos_api_key": "sk_test_canary0001", "reload_webhook_secret": "canary-canary-canary"}


@pytest.fixture(autouse=True)
def _owner(transactional_db: None, owner: User) -> None:
    plan({"port": 9001, "public_url": "https://hub.example.com", **SECRETS}).apply()


def test_the_hub_is_unclaimed_again() -> None:
    reset()
    config = get_config()
    assert (config.app_mode, config.setup_completed, is_configured(config)) == ("unconfigured", False, False)


def test_every_secret_is_gone_and_the_cookie_password_is_a_new_one() -> None:
    before = value_of("workos_cookie_password")
    reset()
    config = get_config()
    assert (config.workos_api_key, config.reload_webhook_secret) == (None, None)
    assert list(SystemConfig.objects.filter(is_secret=True).values_list("pk", flat=True)) == [
        "workos_cookie_password"
    ]
    assert value_of("workos_cookie_password") != before


def test_other_settings_stay_and_so_does_history() -> None:
    before = Change.objects.count()
    reset(reason="handed over")
    assert (get_config().port, get_config().public_url) == (9001, "https://hub.example.com")
    assert get_config().super_admin_emails == ("owner@example.com",)
    assert Change.objects.count() > before
    assert store.history()[0].reason == "handed over"


def test_what_admits_people_from_workos_is_cleared() -> None:
    plan({"workos_organization_id": "org_01", "workos_staff_role": "staff"}).apply()
    reset()
    assert (get_config().workos_organization_id, get_config().workos_staff_role) == (None, None)


def test_every_setting_can_be_reset_too() -> None:
    database_path = get_config().database_path
    reset(every_setting=True)
    config = get_config()
    kept = {"database_path", "workos_cookie_password"}
    for key in schema.settings.keys() - kept:
        assert schema.value(config, key) == schema[key].default, key
    assert config.database_path == database_path


@pytest.mark.parametrize("every_setting", [True, False])
@pytest.mark.parametrize("knows_before", [True, False])
def test_every_session_ends_and_nobody_keeps_a_right(
    owner_client: Client, owner: User, every_setting: bool, knows_before: bool
) -> None:
    staff = User.objects.create_user("staff@example.com", is_staff_member=True)
    grouped = User.objects.create_user("grouped@example.com")
    editors = Group.objects.create(name="editors")
    editors.permissions.add(Permission.objects.get(codename="change_systemconfig"))
    grouped.groups.add(editors)
    trusted = User.objects.create_user("trusted@example.com")
    trusted.user_permissions.add(Permission.objects.get(codename="view_systemconfig"))
    guest = User.objects.create_user("guest@example.com")
    assert Session.objects.exists()
    if not knows_before:
        reset_process()
    reset(every_setting=every_setting)
    assert not Session.objects.exists()
    for account in (owner, staff, grouped, trusted):
        account.refresh_from_db()
        assert (account.is_active, account.is_staff, account.is_superuser) == (False, False, False)
    for account in (staff, grouped, trusted):
        activated = User.objects.get(pk=account.pk)
        activated.is_active = True
        assert activated.get_all_permissions() == set()
    guest.refresh_from_db()
    assert guest.is_active


def test_a_new_setup_token_replaces_every_earlier_one() -> None:
    reset()
    first = tokens.current()
    assert first is not None
    reset()
    second = tokens.current()
    assert second is not None
    assert second != first
    assert tokens.accept(first.reveal()) is None


def test_a_reset_that_fails_changes_nothing(monkeypatch: pytest.MonkeyPatch, owner: User) -> None:
    before, config = store.read(), get_config()

    def full(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("database or disk is full")

    monkeypatch.setattr("hub.people.revocation.revoke_access", full)
    with pytest.raises(DatabaseUnavailable):
        reset()
    assert store.read() == before
    assert get_config() == config
    owner.refresh_from_db()
    assert owner.is_active


def test_a_plan_of_a_reset_writes_nothing_and_shows_no_secret() -> None:
    before = store.read()
    drawn = plan_reset(every_setting=True)
    assert {"app_mode", "workos_api_key", "port"} <= {d.key for d in drawn.differences}
    assert "canary" not in repr(drawn)
    assert store.read() == before


def test_values_that_sql_left_behind_do_not_stand_in_the_way() -> None:
    raw_sql("UPDATE system_config SET config_value = 'banana' WHERE config_key <> 'encryption_key_salt'")
    reset()
    config = get_config()
    assert not is_configured(config)
    assert config.workos_api_key is None


def test_an_unclaimed_hub_can_be_reset_again() -> None:
    reset()
    reset()
    assert not is_configured(get_config())
