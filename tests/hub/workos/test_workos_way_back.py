"""A warning tells super admins if no password sign-in is possible while WorkOS is down."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from config_app.presentation.overview import read_overview
from config_app.problems import Problem
from hub.models import User
from hub.project import HubProject
from hub.runtime_config import get_config
from tests.conftest import PASSWORD
from tests.support.workos.authkit import OWNER, AuthKit
from tests.support.workos.fixtures import Visitor, change

CODE = "no_local_administrator"


def found() -> list[Problem]:
    return [problem for problem in HubProject().problems(get_config()) if problem.code == CODE]


@pytest.fixture
def upgraded(workos_hub: AuthKit) -> User:
    """Give the owner of a hub that was claimed in local mode and switched to WorkOS."""
    change(local_admin_email=OWNER)
    return User.objects.create_user(OWNER, PASSWORD)


def deactivate() -> None:
    User.objects.update(is_active=False)


def delete() -> None:
    User.objects.all().delete()


def take_the_password_away() -> None:
    User.objects.update(password="!")


def unlist() -> None:
    change(super_admin_emails=("other@example.com",))


def test_a_local_owner_is_the_way_back_in(upgraded: User) -> None:
    assert found() == []


@pytest.mark.parametrize("lose", [deactivate, delete, take_the_password_away, unlist])
def test_a_hub_that_loses_its_last_local_owner_says_so(upgraded: User, lose: Callable[[], None]) -> None:
    lose()
    (problem,) = found()
    assert "while WorkOS is down" in problem.message
    assert "changepassword" in problem.fix
    assert CODE in [problem.code for problem in read_overview().problems]


def test_super_admins_and_monitors_see_it(upgraded: User, workos_hub: AuthKit, visitor: Visitor) -> None:
    take_the_password_away()
    visitor.sign_in(workos_hub)
    assert CODE in json.dumps(visitor.get("/health/ready").json())
    for path in ("/", "/admin/config_app/systemconfig/"):
        assert "o super admin has an active account with a password" in visitor.get(path).content.decode()


def test_another_super_admin_with_a_password_is_a_way_back_too(upgraded: User) -> None:
    delete()
    change(super_admin_emails=(OWNER, "second@example.com"))
    User.objects.create_user("second@example.com", PASSWORD)
    assert found() == []


def test_a_hub_that_never_had_a_local_owner_is_not_nagged(workos_hub: AuthKit, visitor: Visitor) -> None:
    visitor.sign_in(workos_hub)
    assert found() == []


def test_in_local_mode_there_is_nothing_to_say(upgraded: User) -> None:
    change(app_mode="local")
    delete()
    assert found() == []
