"""The same findings appear everywhere: dashboard, editor, doctor, ``check --deploy``, reviews and CLI."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client

from config_app.api import get_config
from config_app.doctor.examination import examine
from config_app.models import Revision
from hub.findings import findings
from hub.models import User
from tests.support.browsers.clients import configure
from tests.support.browsers.editor import EDITOR, HISTORY, fields_of, text_of
from tests.support.config_command import config

CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"enable_hsts": "true"}, "hub.W004", "The HSTS header is never sent"),
    ({"bind_address": "0.0.0.0"}, "hub.W003", "passwords are sent without encryption"),  # noqa: S104
    ({"trusted_proxies": "0.0.0.0/0"}, "hub.W005", "anyone can forge the client address"),
    ({"trusted_proxies": "10.0.0.1,192.0.2.1"}, "hub.W014", "contains 192.0.2.1/32, which is only for"),
    ({"trusted_proxies": "2001:db8:1::/48"}, "hub.W014", "no proxy has this address"),
    ({"public_url": "https://hub.example.com"}, "hub.W002", "cookies are not Secure"),
    (
        {"super_admin_emails": "owner@example.com,absent@example.com"},
        "super_admin_without_account",
        "without an active account",
    ),
]
every_case = pytest.mark.parametrize(("changes", "code", "words"), CASES, ids=[code for _, code, _ in CASES])


def preview(client: Client, **changes: str) -> Any:
    sent = fields_of(client.get(EDITOR).context["form"])
    return client.post(f"{EDITOR}preview/", {**sent, **changes}).json()


@every_case
def test_the_review_and_the_cli_warn_before_the_change(
    owner_client: Client, changes: dict[str, str], code: str, words: str
) -> None:
    words = words.lower()
    assert any(words in finding.lower() for finding in preview(owner_client, **changes)["findings"])
    assert preview(owner_client, log_level="debug")["findings"] == []
    assert words in config("set", *[f"{k}={v}" for k, v in changes.items()], "--dry-run").err.lower()
    assert code in config("set", *[f"{k}={v}" for k, v in changes.items()], "--dry-run", "--json").out
    assert not Revision.objects.filter(number__gt=2).exists()


@every_case
def test_after_the_change_everything_shows_it(
    owner_client: Client, changes: dict[str, str], code: str, words: str
) -> None:
    words = words.lower()
    done = config("set", *[f"{k}={v}" for k, v in changes.items()])
    assert words in done.err.lower()
    assert code in {problem.code for problem in findings(get_config())}
    for page in ("/", EDITOR):
        assert words in text_of(owner_client.get(page)).lower(), page
    assert any(words in str(message.msg).lower() for message in run_checks(include_deployment_checks=True))
    assert [p.code for fact in examine().facts for p in fact.problems].count(code) == 1
    assert code in config("show", "--json").out
    assert "warning" not in config("set", "log_level=debug").err


def test_a_rollback_warns_of_what_comes_back(owner_client: Client) -> None:
    configure(enable_hsts=True)
    configure(enable_hsts=False)
    page = text_of(owner_client.get(f"{HISTORY}3/rollback/"))
    assert "the HSTS header is never sent" in page


def test_the_dashboard_needs_no_attention_exactly_if_the_doctor_warns_of_nothing(
    owner_client: Client, owner: User
) -> None:
    def is_well() -> bool:
        codes = {p.code for fact in examine().facts for p in fact.problems}
        return not codes & {problem.code for problem in findings(get_config())}

    assert is_well()
    assert owner_client.get("/").context["problems"] == []
    configure(enable_hsts=True)
    assert not is_well()
    assert owner_client.get("/").context["problems"]
