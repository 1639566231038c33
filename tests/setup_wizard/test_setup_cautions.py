"""Before the claim, the review says what would cut people off, and what would need attention."""

from __future__ import annotations

from typing import Any

import pytest

from config_app.change.plan import plan
from config_app.live import runtime
from tests.support.browsers.wizard_walk import ADMIN, LOCAL, NETWORK, Browser

pytestmark = pytest.mark.usefixtures("install")

HOST = "hub.example.com"
BEHIND = {"HTTP_HOST": HOST, "HTTP_X_FORWARDED_FOR": "192.0.2.7", "HTTP_X_FORWARDED_PROTO": "https"}
HEADING = "Check before you finish"


def review(network: dict[str, str], browser: Browser) -> str:
    """Fill the wizard with these answers for the network, and return the text of the review."""
    browser.fill_all({**LOCAL, "network": NETWORK | network})
    assert browser.get("/setup/review/") == 200
    return browser.text


def proxied() -> Browser:
    """Return a browser that reaches the hub through a proxy with https that the hub trusts."""
    configure(allowed_hosts=(HOST,), trusted_proxies="127.0.0.1")
    return Browser(**BEHIND)


def configure(**changes: Any) -> None:
    plan(changes).apply(actor="test")
    runtime.reload()


RIGHT = {"public_url": f"https://{HOST}", "trusted_proxies": "127.0.0.1"}


def test_right_answers_are_only_reminded_of_hsts() -> None:
    text = review(RIGHT, proxied())
    assert "enable_hsts is off although public_url is https" in text
    assert "this page" not in text


def test_answers_that_fit_need_no_check() -> None:
    assert HEADING not in review({}, Browser())


@pytest.mark.parametrize(
    ("wrong", "caution"),
    [
        (
            {"public_url": "https://hub.exmaple.com"},
            f"public_url and allowed_hosts lack {HOST}, so the hub will refuse the address of this page",
        ),
        (
            {"public_url": f"https://{HOST}:8443"},
            f"public_url is https://{HOST}:8443, but this page was opened at https://{HOST}",
        ),
        ({"trusted_proxies": "10.0.0.1"}, "came through a proxy at 127.0.0.1, but trusted_proxies lacks"),
        ({"trusted_proxies": ""}, "came through a proxy at 127.0.0.1, but trusted_proxies lacks"),
    ],
)
def test_an_answer_that_would_cut_this_browser_off_is_named(wrong: dict[str, str], caution: str) -> None:
    text = review(RIGHT | wrong, proxied())
    assert HEADING in text
    assert caution in text
    assert "Go to Network" in text


@pytest.mark.parametrize("host", ["127.0.0.1:8884", "localhost:8884", "[::1]:8884"])
def test_on_the_machine_itself_another_public_url_is_no_reason(host: str) -> None:
    text = review({"public_url": f"https://{HOST}", "trusted_proxies": "127.0.0.1"}, Browser(HTTP_HOST=host))
    assert "this page" not in text


def test_a_caution_does_not_prevent_the_claim() -> None:
    browser = proxied()
    review(RIGHT | {"trusted_proxies": ""}, browser)
    assert browser.finish() == 302
    assert runtime.current().local_admin_email == ADMIN


def test_a_name_that_is_listed_is_no_reason_for_a_caution() -> None:
    text = review(RIGHT | {"public_url": "", "allowed_hosts": HOST}, proxied())
    assert "this page" not in text
