"""Super admins in mode workos: a listed, verified address, checked again at every request (W11)."""

from __future__ import annotations

import pytest

from hub.models import User, WorkOSSession
from hub.runtime_config import get_config
from tests.support.config_command import sql
from tests.support.workos.authkit import OWNER, AuthKit, user
from tests.support.workos.fixtures import Visitor, change


@pytest.fixture
def owner(workos_hub: AuthKit, visitor: Visitor) -> Visitor:
    """Give a browser in which a super admin is signed in."""
    visitor.sign_in(workos_hub)
    assert visitor.may_administer()
    return visitor


def test_an_address_counts_however_it_is_capitalised(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.person = user("OWNER@Example.com")
    visitor.sign_in(workos_hub)
    assert visitor.may_administer()


def test_somebody_who_is_not_listed_does_not_administer(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.person = user("member@example.com")
    visitor.sign_in(workos_hub)
    assert visitor.get("/").status_code == 200
    assert visitor.get("/api/config").status_code == 403
    assert visitor.get("/admin/").status_code == 302


def test_removal_takes_effect_on_the_next_request(owner: Visitor) -> None:
    change(super_admin_emails=("other@example.com",))
    assert owner.is_signed_in()
    assert not owner.may_administer()
    change(super_admin_emails=(OWNER,))
    assert owner.may_administer()


def test_an_address_that_is_verified_no_longer_does_not_count(owner: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.person["email_verified"] = False
    WorkOSSession.objects.update(fresh_until="2026-01-01T00:00:00Z")
    assert not owner.may_administer()
    assert owner.is_signed_in()


def test_a_new_address_counts_from_the_next_refresh(owner: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.person["email"] = "former-owner@example.com"
    WorkOSSession.objects.update(fresh_until="2026-01-01T00:00:00Z")
    assert not owner.may_administer()


def test_an_address_that_was_only_entered_here_does_not_count(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.person = user("member@example.com")
    visitor.sign_in(workos_hub)
    User.objects.update(email=OWNER)
    assert visitor.is_signed_in()
    assert not visitor.may_administer()


@pytest.mark.parametrize("where", ["answer", "token"])
def test_an_impersonator_does_not_administer(workos_hub: AuthKit, visitor: Visitor, where: str) -> None:
    impersonator = {"email": "support@workos.example", "reason": "a ticket"}
    if where == "answer":
        workos_hub.answer = {"impersonator": impersonator}
    else:
        workos_hub.claims = {"act": {"sub": "support@workos.example"}}
    visitor.sign_in(workos_hub)
    assert visitor.is_signed_in()
    assert not visitor.may_administer()


def test_one_persons_own_session_is_untouched_by_an_impersonator(owner: Visitor, workos_hub: AuthKit) -> None:
    workos_hub.answer = {"impersonator": {"email": "support@workos.example", "reason": None}}
    impersonator = Visitor()
    impersonator.sign_in(workos_hub)
    assert not impersonator.may_administer()
    assert owner.may_administer()


def test_impersonation_from_the_dashboard_is_refused_as_it_has_no_state(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    assert visitor.get("/auth/callback?code=code_1").status_code == 400


def test_a_local_account_does_not_administer_in_mode_workos(workos_hub: AuthKit) -> None:
    local = User.objects.create_user(OWNER, "correct horse battery staple")
    assert not local.is_superuser
    visitor = Visitor()
    visitor.force_login(local)
    assert not visitor.is_signed_in()


def test_the_configured_role_makes_staff(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.person = user("member@example.com")
    workos_hub.claims = {"org_id": "org_1", "role": "hub-staff"}
    visitor.sign_in(workos_hub)
    assert visitor.get("/admin/").status_code == 302
    change(workos_staff_role="hub-staff")
    assert visitor.get("/admin/").status_code == 200
    assert not visitor.may_administer()


@pytest.mark.parametrize(
    "claims", [{}, {"role": "member"}, {"roles": ["other"]}, {"roles": "hub-staff"}, {"role": ["hub-staff"]}]
)
def test_no_other_claim_makes_staff(workos_hub: AuthKit, visitor: Visitor, claims: dict[str, object]) -> None:
    change(workos_staff_role="hub-staff")
    workos_hub.person, workos_hub.claims = user("member@example.com"), claims
    visitor.sign_in(workos_hub)
    assert visitor.get("/admin/").status_code == 302


def test_one_of_several_roles_is_enough_and_ends_with_the_next_refresh(
    workos_hub: AuthKit, visitor: Visitor
) -> None:
    change(workos_staff_role="hub-staff")
    workos_hub.person, workos_hub.claims = user("member@example.com"), {"roles": ["member", "hub-staff"]}
    visitor.sign_in(workos_hub)
    assert visitor.get("/admin/").status_code == 200
    workos_hub.claims = {}
    WorkOSSession.objects.update(fresh_until="2026-01-01T00:00:00Z")
    assert visitor.get("/admin/").status_code == 302


def test_a_process_that_has_not_heard_of_the_removal_yet_asks(owner: Visitor) -> None:
    sql("UPDATE system_config SET config_value = 'other@example.com' WHERE config_key = 'super_admin_emails'")
    assert OWNER in get_config().super_admin_emails
    assert owner.is_signed_in()
    assert not owner.may_administer()
