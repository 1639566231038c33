"""Mode workos in Chromium, with a served hub and WorkOS's own emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers.chromium import Visitor, browser, visiting
from tests.support.processes.hub_process import HubProcess
from tests.support.workos import emulator as workos
from tests.support.workos.chromium import (
    LONG_AGO,
    expect_super_admin,
    heading,
    hub,
    sign_in,
    visitor,
)
from tests.support.workos.emulator import OWNER, STAFF_ROLE, Emulator

__all__ = ["browser", "hub", "visitor"]  # fixtures


def expect_member(page: Page, email: str) -> None:
    expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()
    expect(page.get_by_text(email).first).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="account").click()
    page.get_by_role("button", name="Sign out").click()


def test_a_super_admin_signs_in_and_out(visitor: Visitor, emulator: Emulator, hub: HubProcess) -> None:
    emulator.let_sign_in(OWNER)
    ended = len(emulator.events("session.revoked"))
    page = visitor.page
    page.goto("/admin/")
    expect(page).to_have_url(f"{hub.url}/admin/")
    page.goto("/")
    expect_super_admin(page)
    sign_out(page)
    expect(page).to_have_url(f"{hub.url}/auth/signed-out")
    assert heading(page) == "You are signed out"
    (event,) = emulator.events("session.revoked")[ended:]
    assert event["user_id"] == emulator.user_id(OWNER)
    assert page.request.get("/api/config").status == 401


def test_somebody_else_sees_no_administration(visitor: Visitor, emulator: Emulator) -> None:
    page = sign_in(visitor, emulator, workos.MEMBER)
    expect_member(page, workos.MEMBER)
    assert page.request.get("/api/config").status == 403


@pytest.mark.parametrize(
    ("email", "explanation"),
    [
        (workos.UNVERIFIED, "WorkOS has not verified your e-mail address"),
        (workos.IMPERSONATED, "Another person started this session by impersonation"),
    ],
)
def test_a_listed_address_alone_does_not_administer(
    visitor: Visitor, emulator: Emulator, hub: HubProcess, email: str, explanation: str
) -> None:
    hub.config("set", "super_admin_emails", f"{OWNER},{email}")
    page = sign_in(visitor, emulator, email)
    expect_member(page, email)
    expect(page.get_by_text(explanation)).to_be_visible()
    assert page.request.get("/api/config").status == 403


def test_a_removed_super_admin_loses_the_next_page(
    visitor: Visitor, emulator: Emulator, hub: HubProcess
) -> None:
    hub.config("set", "super_admin_emails", OWNER)
    page = sign_in(visitor, emulator)
    expect_super_admin(page)
    hub.config("set", "super_admin_emails", "other@example.com")
    page.reload()
    expect_member(page, OWNER)
    hub.config("set", "super_admin_emails", OWNER)


def test_an_unknown_user_gets_a_page_with_a_way_on(
    browser: Browser, hub: HubProcess, emulator: Emulator
) -> None:
    with visiting(browser, base_url=hub.url) as visitor:
        page = sign_in(visitor, emulator, workos.UNKNOWN)
        assert heading(page) == "WorkOS does not know this account"
        emulator.let_sign_in(OWNER)
        page.get_by_role("link", name="Use another account").click()
        expect_super_admin(page)


def test_a_wrong_state_gets_a_page_with_a_way_on(
    browser: Browser, hub: HubProcess, emulator: Emulator
) -> None:
    emulator.let_sign_in(OWNER)
    with visiting(browser, base_url=hub.url) as visitor:
        page = visitor.page
        page.goto("/auth/callback?code=auth_code_1&state=made-up")
        assert heading(page) == "This sign-in has expired"
        page.get_by_role("link", name="Sign in").click()
        expect(page).to_have_url(f"{hub.url}/")


def kept(hub: HubProcess) -> tuple[str, bool]:
    """Return the newest session's sealed refresh token, and whether its access token is still valid."""
    ask = "SELECT refresh_token, fresh_until > CURRENT_TIMESTAMP FROM hub_workos_session ORDER BY id DESC"
    token, is_fresh = hub.sql(ask)[0]
    return token, bool(is_fresh)


def test_an_access_token_that_has_ended_is_refreshed_again_and_again(
    visitor: Visitor, emulator: Emulator, hub: HubProcess
) -> None:
    page = sign_in(visitor, emulator)
    tokens = {kept(hub)[0]}
    for _ in range(2):  # the second refresh uses the token from the first
        hub.sql(LONG_AGO)
        page.reload()
        expect_super_admin(page)
        token, is_fresh = kept(hub)
        assert is_fresh
        tokens.add(token)
    assert len(tokens) == 3


@pytest.fixture
def restricted(emulator: Emulator, hub: HubProcess) -> Iterator[HubProcess]:
    """Give the hub for one organization only, in which the member has the role for staff."""
    organization = emulator.organization_of(workos.MEMBER, STAFF_ROLE)
    changes = (f"workos_organization_id={organization}", f"workos_staff_role={STAFF_ROLE}")
    hub.config("set", *changes, "--wait")
    yield hub
    hub.config("unset", "workos_organization_id", "workos_staff_role", "--wait")


def test_one_organization_is_let_in_and_its_role_makes_staff(
    browser: Browser, restricted: HubProcess, emulator: Emulator
) -> None:
    with visiting(browser, base_url=restricted.url) as member:
        page = sign_in(member, emulator, workos.MEMBER)
        for _ in range(2):  # a refresh keeps organization and role
            page.goto("/admin/")
            expect(page).to_have_url(f"{restricted.url}/admin/")
            assert page.request.get("/api/config").status == 403
            restricted.sql(LONG_AGO)
    with visiting(browser, base_url=restricted.url) as stranger:
        assert heading(sign_in(stranger, emulator)) == "This hub is for another organization"
