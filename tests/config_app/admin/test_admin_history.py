"""The history in the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin import site
from django.test import Client, RequestFactory

from config_app.admin.history import ChannelFilter, HistoryAdmin, SettingFilter
from config_app.api import plan
from config_app.models import Change, Revision
from hub.models import User
from tests.support.browsers.editor import HISTORY, browser, last_revision, text_of


@pytest.fixture
def client(owner: User) -> Client:
    """Give the owner's browser."""
    return browser(owner)


def many_revisions(count: int) -> None:
    """Write many revisions directly into the table, as after years of use."""
    first = last_revision().number + 1
    numbers = range(first, first + count)
    Revision.objects.bulk_create(
        Revision(number=n, channel="cli", actor=f"user{n}", version=n) for n in numbers
    )
    Change.objects.bulk_create(
        Change(revision_id=n, key="port", old_value=str(n), new_value=str(n + 1)) for n in numbers
    )


def test_it_lists_number_person_channel_reason_and_difference(client: Client) -> None:
    plan({"port": 9000}).apply(actor="grace", channel="cli", reason="behind nginx")
    page = text_of(client.get(HISTORY))
    for said in (str(last_revision().number), "grace", ">cli<", "Behind nginx", "Port", "<ins>9000</ins>"):
        assert said in page


def test_invisible_and_reversing_characters_are_escaped_on_every_page(client: Client) -> None:
    plan({"port": 9000}).apply(actor="gr\u200bace", reason="enil eht \u202e esrever")
    for path in (HISTORY, f"{HISTORY}{last_revision().number}/", "/admin/config_app/systemconfig/", "/"):
        page = text_of(client.get(path))
        assert "gr\\u200bace" in page, path
        assert "\u200b" not in page, path
        assert "\u202e" not in page, path


def test_the_newest_comes_first(client: Client) -> None:
    plan({"port": 9000}).apply()
    numbers = [revision.number for revision in client.get(HISTORY).context["cl"].result_list]
    assert numbers == sorted(numbers, reverse=True)


def test_a_large_revision_shows_its_first_changes_and_how_many_more(client: Client) -> None:
    plan(
        {
            "port": 9000,
            "log_level": "debug",
            "enable_hsts": True,
            "server_workers": 4,
            "public_url": "http://a.b",
        }
    ).apply()
    assert "+2 more" in text_of(client.get(HISTORY))


def test_it_can_be_filtered_by_setting(client: Client) -> None:
    plan({"port": 9000}).apply()
    plan({"log_level": "debug"}).apply()
    found = client.get(HISTORY, {"setting": "port"}).context["cl"].result_list
    assert [revision.number for revision in found] == [last_revision().number - 1]


def test_it_can_be_filtered_by_channel(client: Client) -> None:
    plan({"port": 9000}).apply(channel="import")
    found = client.get(HISTORY, {"channel": "import"}).context["cl"].result_list
    assert [revision.number for revision in found] == [last_revision().number]


@pytest.mark.parametrize("words", ["grace", "nginx", "{number}"])
def test_it_can_be_searched_by_person_reason_and_number(client: Client, words: str) -> None:
    plan({"port": 9000}).apply(actor="grace", reason="behind nginx")
    number = last_revision().number
    found = client.get(HISTORY, {"q": words.format(number=number)}).context["cl"].result_list
    assert number in [revision.number for revision in found]


@pytest.mark.parametrize(
    "query", [{"setting": "banana"}, {"channel": "x"}, {"q": "%_'"}, {"p": "99"}, {"x": "1"}]
)
def test_a_strange_question_is_answered_all_the_same(client: Client, query: dict[str, str]) -> None:
    assert client.get(HISTORY, query).status_code in {200, 302}


@pytest.mark.parametrize("lookup", ["reason__regex", "actor__iregex", "reason__startswith"])
def test_nobody_filters_by_a_regular_expression_that_never_ends(client: Client, lookup: str) -> None:
    assert client.get(HISTORY, {lookup: "(?:a|a){30}$"}).status_code == 400


@pytest.mark.parametrize("chosen", [SettingFilter, ChannelFilter])
def test_a_filter_by_a_nul_finds_nothing(client: Client, chosen: type[SettingFilter | ChannelFilter]) -> None:
    """The middleware of the hub refuses such a request, but other projects have no such middleware."""
    asked = RequestFactory().get("/")
    found = chosen(asked, {chosen.parameter_name: ["a\0b"]}, Revision, HistoryAdmin(Revision, site))
    assert list(found.queryset(asked, Revision.objects.all())) == []


def test_pages_lead_to_older_and_newer_ones(client: Client) -> None:
    many_revisions(60)
    page = text_of(client.get(HISTORY, {"p": "2"}))
    assert "Page 2 of 3" in page
    assert 'rel="prev" href="?p=1"' in page
    assert 'rel="next" href="?p=3"' in page


def test_a_page_keeps_the_filter(client: Client) -> None:
    many_revisions(60)
    assert "setting=port&p=2" in text_of(client.get(HISTORY, {"setting": "port"}))


def test_the_number_of_queries_does_not_grow_with_the_history(
    client: Client, django_assert_num_queries: object, django_assert_max_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for size in (5, 200):
        many_revisions(size)
        with CaptureQueriesContext(connection) as queries:
            client.get(HISTORY)
        counts.append(len(queries))
        assert not any("COUNT(" in query["sql"] for query in queries)
    assert counts[0] == counts[1] <= 8


def test_one_revision_shows_everything_it_changed_and_where_it_came_from(client: Client) -> None:
    plan({"port": 9000, "log_level": "debug"}).apply(actor="grace", channel="cli", address="192.0.2.7")
    page = text_of(client.get(f"{HISTORY}{last_revision().number}/"))
    for said in (
        "grace",
        "192.0.2.7",
        "2 changes",
        "<ins>9000</ins>",
        "<ins>debug</ins>",
        "The newest revision",
    ):
        assert said in page


ROLLBACK = "Roll back to this revision"


def test_it_leads_to_a_rollback_only_if_that_is_possible(client: Client) -> None:
    plan({"port": 9000}).apply()
    plan({"port": 9001}).apply()
    first = last_revision().number - 1
    assert ROLLBACK in text_of(client.get(f"{HISTORY}{first}/"))
    assert "<button" in text_of(client.get(f"{HISTORY}{first}/rollback/"))
    plan({"port": 9000}).apply()
    page = text_of(client.get(f"{HISTORY}{first}/"))
    assert ROLLBACK not in page
    assert "there is nothing to roll back" in page


def test_it_says_why_no_rollback_is_possible(client: Client) -> None:
    plan({"super_admin_emails": "owner@example.com,absent@example.com"}).apply()
    plan({"super_admin_emails": "absent@example.com"}, from_shell=True).apply()
    target = last_revision().number
    plan({"super_admin_emails": "owner@example.com"}).apply()
    page = text_of(client.get(f"{HISTORY}{target}/"))
    assert ROLLBACK not in page
    assert "You cannot roll back to this revision." in page
    assert "at least one address of an active account" in page


def test_a_refused_value_says_what_was_expected(client: Client) -> None:
    plan({}, refusals={"port": "HUB_PORT was not imported, expected a whole number"}).apply(channel="env")
    page = text_of(client.get(f"{HISTORY}{last_revision().number}/"))
    assert "Refused" in page
    assert "HUB_PORT was not imported, expected a whole number" in page


def test_a_change_of_a_setting_that_is_gone_is_still_shown(client: Client) -> None:
    revision = last_revision()
    Change.objects.create(revision=revision, key="left_over", old_value="a", new_value="b")
    assert "left_over" in text_of(client.get(f"{HISTORY}{revision.number}/"))


def test_a_former_secret_stays_masked(client: Client) -> None:
    revision = last_revision()
    Change.objects.create(revision=revision, key="left_over", new_value="canary", is_secret=True)
    assert "canary" not in text_of(client.get(f"{HISTORY}{revision.number}/"))
    assert "canary" not in text_of(client.get(HISTORY))


@pytest.mark.parametrize("number", ["0", "999", "9" * 30])
def test_an_unknown_revision_is_not_found(client: Client, number: str) -> None:
    assert client.get(f"{HISTORY}{number}/").status_code == 404


def test_nobody_adds_edits_or_deletes_revisions(client: Client) -> None:
    number = last_revision().number
    for path in ("add/", f"{number}/change/", f"{number}/delete/"):
        assert client.get(HISTORY + path).status_code == 404
    assert client.post(f"{HISTORY}{number}/", {"reason": "forged"}).status_code == 405
    assert client.post(HISTORY, {"action": "delete_selected", "_selected_action": number}).status_code != 500
    assert Revision.objects.filter(pk=number).exists()
