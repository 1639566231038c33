"""Confirming changes in the browser: saving, the banner, who may confirm, and at which address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config_app.api import get_config, plan
from config_app.change import confirmation
from config_app.live import effects
from config_app.models import Revision
from config_app.propagation import receipts
from hub.models import User
from tests.support.browsers.clients import configure
from tests.support.browsers.editor import EDITOR, HISTORY, Editor, browser, last_revision, staff, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("transactional_db")]


@pytest.fixture
def client(owner: User) -> Client:
    """Give the owner's browser at the hub's own address."""
    return browser(owner)


def change(**changes: Any) -> Revision:
    revision = plan(changes).apply(actor="ada", confirm_within=300)
    assert revision is not None
    return revision


def send(client: Client, act: str, number: int, **extra: Any) -> str:
    """Press a button of the banner and return the page that follows."""
    url = reverse(f"admin:config_app_revision_{act}", args=[number])
    return text_of(client.post(url, {"next": EDITOR}, follow=True, **extra))


def is_waiting(revision: Revision) -> bool:
    return revision.number in [waiting.number for waiting in confirmation.waiting()]


def test_a_change_that_could_lock_people_out_waits(client: Client) -> None:
    page = text_of(Editor(client).save(port="9000"))
    assert "it reverts in 5:00 unless you confirm it" in page
    assert is_waiting(last_revision())


def test_any_other_change_does_not(client: Client) -> None:
    Editor(client).save(log_level="debug")
    assert not is_waiting(last_revision())


def test_the_period_can_be_set(client: Client, settings: Settings) -> None:
    settings.CONFIG_APP = {**settings.CONFIG_APP, "CONFIRM_SECONDS": 90}
    assert "it reverts in 1:30 unless" in text_of(Editor(client).save(port="9000"))


def test_a_rollback_waits_too(client: Client) -> None:
    number = last_revision().number
    configure(port=9000)
    page = f"{HISTORY}{number}/rollback/"
    form = client.get(page).context["form"]
    client.post(page, {"_base_revision": form["_base_revision"].value(), "_reason": ""})
    assert is_waiting(last_revision())


def test_the_page_after_saving_a_listener_links_to_its_new_address(client: Client) -> None:
    page = text_of(Editor(client).save(port="9000"))
    assert f'<a href="http://localhost:9000{EDITOR}" data-cfg-follow>http://localhost:9000</a>' in page


def test_the_page_after_saving_a_public_url_links_to_it(client: Client) -> None:
    page = text_of(Editor(client).save(public_url="https://hub.example.com"))
    assert f'href="https://hub.example.com{EDITOR}"' in page


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/hub/user/", EDITOR, HISTORY])
def test_every_page_has_the_banner_once(client: Client, path: str) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    page = text_of(client.get(path))
    assert page.count('<section class="cfg-unconfirmed"') == 1
    assert f"Revision {revision.number} reverts" in page
    assert '<time datetime="' in page
    assert f'formaction="{HISTORY}{revision.number}/confirm/"' in page


@pytest.mark.parametrize("path", ["/", EDITOR, HISTORY])
def test_no_page_has_it_where_nothing_waits(client: Client, path: str) -> None:
    assert "cfg-unconfirmed" not in text_of(client.get(path))


def test_it_is_only_for_people_who_may_change_the_configuration(owner: User) -> None:
    change(trusted_proxies="10.0.0.0/8")
    reader = browser(staff("view_systemconfig"))
    assert "cfg-unconfirmed" not in text_of(reader.get("/"))


def test_whoever_may_not_change_the_setting_has_no_buttons(owner: User) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    changer = browser(staff("change_systemconfig"))
    page = text_of(changer.get(HISTORY))
    assert f"Revision {revision.number} reverts" in page
    assert "data-cfg-settle" not in page


@pytest.mark.parametrize("act", ["confirm", "revert"])
@pytest.mark.parametrize("permission", ["view_systemconfig", "change_systemconfig"])
def test_whoever_may_not_change_the_setting_is_refused(owner: User, act: str, permission: str) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    url = reverse(f"admin:config_app_revision_{act}", args=[revision.number])
    assert browser(staff(permission)).post(url).status_code == 403
    assert is_waiting(revision)


@pytest.mark.parametrize("act", ["confirm", "revert"])
def test_neither_happens_by_a_link_or_a_forged_form(owner: User, act: str) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    url = reverse(f"admin:config_app_revision_{act}", args=[revision.number])
    careful = Client(enforce_csrf_checks=True, SERVER_NAME="localhost", SERVER_PORT="8884")
    careful.force_login(owner)
    assert careful.get(url).status_code == 405
    assert careful.post(url).status_code == 403
    assert is_waiting(revision)


def test_confirming_keeps_it(client: Client) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    assert f"Revision {revision.number} is confirmed and stays" in send(client, "confirm", revision.number)
    assert not is_waiting(revision)


def test_reverting_undoes_it_at_once(client: Client) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    assert f"Revision {revision.number} is reverted" in send(client, "revert", revision.number)
    assert get_config().trusted_proxies == ()
    assert (last_revision().actor, last_revision().channel) == ("owner@example.com", "revert")


def test_what_does_not_wait_any_more_says_so(client: Client) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    confirmation.confirm(revision.number)
    for act in ("confirm", "revert"):
        assert "is not waiting for a confirmation" in send(client, act, revision.number)


@pytest.mark.parametrize("act", ["confirm", "revert"])
def test_nobody_settles_a_revision_before_anybody_could_ask_whether_they_may(
    owner: User, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """A request for the next, unused number must not confirm another user's change that is made meanwhile."""
    made: list[Revision] = []
    let_happen_once_looked(monkeypatch, lambda: made.append(change(trusted_proxies="10.0.0.0/8")))
    page = send(browser(staff("change_systemconfig")), act, last_revision().number + 1)
    assert "is not waiting for a confirmation" in page
    assert is_waiting(made[0])


@pytest.mark.parametrize("act", ["confirm", "revert"])
def test_rights_that_went_meanwhile_settle_nothing(
    owner: User, client: Client, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    somebody_else = User.objects.create_user("else@example.com", "correct horse battery staple")
    let_happen_once_looked(monkeypatch, lambda: change(super_admin_emails=somebody_else.email))
    url = reverse(f"admin:config_app_revision_{act}", args=[revision.number])
    client.post(url)
    assert is_waiting(revision)


def let_happen_once_looked(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Call ``act`` right after a request has read which revisions wait to be confirmed."""
    look = confirmation.waiting

    def look_and_let() -> list[confirmation.UnconfirmedRevision]:
        monkeypatch.setattr(confirmation, "waiting", look)
        found = look()
        act()
        return found

    monkeypatch.setattr(confirmation, "waiting", look_and_let)


def test_a_form_cannot_lead_to_another_site(client: Client) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    url = reverse("admin:config_app_revision_confirm", args=[revision.number])
    assert client.post(url, {"next": "//evil.example/"})["Location"] == HISTORY


def test_a_process_that_has_an_earlier_revision_in_force_confirms_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    monkeypatch.setattr("config_app.admin.unconfirmed._revision_of", lambda _request: revision.number - 1)
    assert "The process that answered does not use revision" in send(client, "confirm", revision.number)
    assert is_waiting(revision)


def test_a_process_that_has_yet_to_move_its_listener_confirms_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects._applied, "values", {"port": 8884})
    revision = change(port=9000)
    page = send(client, "confirm", revision.number, SERVER_PORT="9000")
    assert "does not use revision" in page
    assert is_waiting(revision)


WAYS: list[tuple[dict[str, Any], dict[str, str], dict[str, str]]] = [
    ({"port": 9000}, {}, {"SERVER_PORT": "9000"}),
    ({"bind_address": "127.0.0.2"}, {"SERVER_NAME": "127.0.0.1"}, {"SERVER_NAME": "127.0.0.2"}),
    (
        {"public_url": "http://hub.example.com"},
        {},
        {"HTTP_HOST": "hub.example.com"},
    ),
    (
        {"public_url": "https://hub.example.com", "trusted_proxies": "127.0.0.1"},
        {"HTTP_HOST": "hub.example.com"},
        {"HTTP_HOST": "hub.example.com", "HTTP_X_FORWARDED_PROTO": "https"},
    ),
    (
        {"public_url": "https://hub.example.com"},
        {"HTTP_ORIGIN": "http://localhost:8884"},
        {"HTTP_ORIGIN": "https://hub.example.com"},
    ),
]


@pytest.mark.parametrize(("changes", "old", "new"), WAYS)
def test_it_is_confirmed_only_from_where_the_new_settings_lead(
    client: Client, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], old: Any, new: Any
) -> None:
    monkeypatch.setattr(effects._applied, "values", {})
    revision = change(**changes)
    page = send(client, "confirm", revision.number, **old)
    assert f"confirm revision {revision.number} only on a page that was opened with the new settings" in page
    assert is_waiting(revision)
    url = reverse("admin:config_app_revision_confirm", args=[revision.number])
    cookies = {f"__Host-{name}": value.value for name, value in client.cookies.items()}
    client.cookies.load(cookies)
    client.post(url, {"next": EDITOR}, **new)
    assert not is_waiting(revision)


def test_the_banner_on_a_page_that_came_the_old_way_links_to_the_new_one(client: Client) -> None:
    change(port=9000)
    page = text_of(client.get(EDITOR))
    assert f'<a href="http://localhost:9000{EDITOR}">' in page
    assert "/confirm/" not in page
    assert "/revert/" in page


def test_a_pinned_listener_leads_nowhere_else(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    receipts.describe("worker", {"bind_address": "127.0.0.1", "port": "8884"})
    revision = change(port=9000, bind_address="127.0.0.2")
    send(client, "confirm", revision.number)
    assert not is_waiting(revision)


def test_of_two_changes_of_a_setting_the_later_is_confirmed_first(client: Client) -> None:
    first, second = change(trusted_proxies="10.0.0.0/8"), change(trusted_proxies="10.1.0.0/16")
    assert f"Revision {second.number} changed the same settings" in send(client, "confirm", first.number)
    for revision in (second, first):
        send(client, "confirm", revision.number)
    assert confirmation.waiting() == []


def test_whoever_takes_the_right_away_from_themselves_cannot_confirm(client: Client) -> None:
    User.objects.create_user("other@example.com", "a long enough password")
    revision = change(super_admin_emails="other@example.com")
    url = reverse("admin:config_app_revision_confirm", args=[revision.number])
    assert client.post(url).status_code in {302, 403}
    assert is_waiting(revision)


@pytest.mark.parametrize("act", ["confirm", "revert"])
def test_the_history_and_the_dashboard_say_what_became_of_it(client: Client, act: str) -> None:
    revision = change(trusted_proxies="10.0.0.0/8")
    assert "Waits to be confirmed" in text_of(client.get(HISTORY))
    assert "To be confirmed" in text_of(client.get("/"))
    send(client, act, revision.number)
    word = {"confirm": "onfirmed", "revert": "everted"}[act]
    assert f">{'C' if act == 'confirm' else 'R'}{word}</span>" in text_of(client.get(HISTORY))
    assert f"· {'c' if act == 'confirm' else 'r'}{word}" in text_of(client.get("/"))
    assert f">{'C' if act == 'confirm' else 'R'}{word}<" in text_of(
        client.get(f"{HISTORY}{revision.number}/")
    )
