"""``manage.py createsuperuser`` makes an account and lists it; the shell can list any address."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.management.commands import createsuperuser as django_command
from django.core.management import CommandError, call_command

from config_app.api import get_config
from config_app.change.plan import plan
from config_app.errors import InvalidPlan
from hub.models import User
from tests.conftest import PASSWORD
from tests.hub.auth.test_sign_in_throttle import may_sign_in
from tests.support.config_command import config

NEW = "new@example.com"


class Screen(io.StringIO):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        return True


def create(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"DJANGO_SUPERUSER_{name}", value)
    call_command("createsuperuser", interactive=False)


def test_without_questions_it_reads_the_environment(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    create(monkeypatch, EMAIL="New@Example.com", PASSWORD=PASSWORD)
    assert get_config().super_admin_emails == (owner.email, NEW)
    assert User.objects.get(email=NEW).is_superuser
    assert may_sign_in(NEW)


def test_it_asks_for_the_address_and_the_password(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: NEW)
    monkeypatch.setattr(django_command.getpass, "getpass", lambda *_prompt: PASSWORD)
    call_command("createsuperuser", stdin=Screen())
    assert User.objects.get(email=NEW).is_superuser


def test_an_address_that_is_listed_already_gets_its_account(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    config("set", "super_admin_emails", f"{owner.email},{NEW}")
    create(monkeypatch, EMAIL=NEW, PASSWORD=PASSWORD)
    assert get_config().super_admin_emails == (owner.email, NEW)
    assert may_sign_in(NEW)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PASSWORD": PASSWORD}, "--email"),
        ({"EMAIL": "nonsense", "PASSWORD": PASSWORD}, "valid email address"),
        ({"EMAIL": "owner@example.com", "PASSWORD": PASSWORD}, "already taken"),
    ],
)
def test_a_mistake_changes_nothing(
    owner: User, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        create(monkeypatch, **environment)
    assert User.objects.count() == 1
    assert get_config().super_admin_emails == (owner.email,)


def test_an_unclaimed_hub_is_claimed_first(install: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match=r"run manage\.py setup"):
        create(monkeypatch, EMAIL=NEW, PASSWORD=PASSWORD)
    assert not User.objects.exists()


def test_an_aborted_question_is_no_traceback(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_prompt: Any) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    with pytest.raises(CommandError, match="nothing was created"):
        call_command("createsuperuser", stdin=Screen())


def test_the_shell_may_list_addresses_without_accounts_and_is_warned(owner: User) -> None:
    done = config("set", "super_admin_emails", "admin@example.com,admin2@example.com")
    assert get_config().super_admin_emails == ("admin@example.com", "admin2@example.com")
    assert "warning: no super admin has an active account with a password" in done.err
    assert "createsuperuser --email ADDRESS" in done.err


def test_some_of_the_listed_addresses_may_have_no_account(owner: User) -> None:
    done = config("set", "super_admin_emails", f"{owner.email},admin2@example.com")
    assert "warning: super_admin_emails lists admin2@example.com" in done.err
    assert "createsuperuser --email ADDRESS" in done.err


def test_a_rollback_in_the_shell_may_do_so_too(owner: User) -> None:
    config("set", "super_admin_emails", "admin@example.com")
    config("set", "super_admin_emails", owner.email)
    assert "no super admin has an active account" in config("rollback", "3").err


def test_elsewhere_such_a_change_is_still_refused(owner: User) -> None:
    with pytest.raises(InvalidPlan, match="at least one address of an active account"):
        plan({"super_admin_emails": "admin@example.com"})
