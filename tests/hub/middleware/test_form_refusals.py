"""A refused form names its cause, and the cure works: the proxy, the origin, the cookie or the time (R18)."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from django.test import Client

from config_app.api import get_config
from config_app.errors import ConfigError
from hub.logs import proxy_notes
from tests.conftest import PASSWORD
from tests.support.browsers.clients import SERVER, configure
from tests.support.config_command import config
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers

CREDENTIALS = {"username": "owner@example.com", "password": PASSWORD}
PUBLIC = "https://hub.example.com"
UNTRUSTED, SILENT = "does not trust the proxy", "does not know that you use https"
OTHER = "The form comes from another address"
FORWARDED: dict[str, Any] = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}


def refusal(*, keep_cookie: bool = True, token: str | None = None, **environ: Any) -> str:
    """Send a form that must be refused; return the page without its tags."""
    client = Client(enforce_csrf_checks=True, **{**SERVER, **environ})
    page: Any = client.get("/auth/login")
    if not keep_cookie:
        client.cookies.clear()
    found = client.post(
        "/auth/login", {**CREDENTIALS, "csrfmiddlewaretoken": token or page.context["csrf_token"]}
    )
    assert found.status_code == 403
    return " ".join(re.sub(r"<[^>]*>", " ", found.text).split())


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("environ", "heading", "cure"),
    [
        ({"HTTP_ORIGIN": "https://127.0.0.1:8884", **FORWARDED}, UNTRUSTED, "trusted_proxies=PROXY_ADDRESS"),
        ({"HTTP_ORIGIN": PUBLIC, **FORWARDED}, UNTRUSTED, "public_url=https://hub.example.com"),
        ({"HTTP_ORIGIN": "https://127.0.0.1:8884"}, SILENT, "send X-Forwarded-Proto"),
        ({"HTTP_ORIGIN": PUBLIC}, OTHER, "config set public_url="),
        ({"HTTP_ORIGIN": "http://127.0.0.1:9"}, OTHER, "config set public_url="),
        ({"HTTP_ORIGIN": "null"}, "does not say where the form comes from", "Turn off the extension"),
        ({"keep_cookie": False}, "sent no cookie", "accepts cookies"),
        ({"token": "x" * 64}, "This form has expired", "reload the page"),
        ({"token": "short"}, "This form has expired", "reload the page"),
    ],
)  # fmt: skip
def test_a_refused_form_names_its_cause(environ: dict[str, Any], heading: str, cure: str) -> None:
    page = refusal(**environ)
    assert heading in page
    assert cure in page
    assert ("cookie" in page) == ("cookie" in heading)


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("referer", "heading"),
    [
        ("https://other.example/", "comes from another address"),
        ("", "does not say where"),
        (None, "does not say"),
    ],
)
def test_under_https_the_referer_has_causes_too(referer: str | None, heading: str) -> None:
    configure(trusted_proxies="127.0.0.1")
    environ: dict[str, Any] = {} if referer is None else {"HTTP_REFERER": referer}
    assert heading in refusal(**FORWARDED, **environ)


@pytest.mark.usefixtures("owner")
def test_a_page_never_repeats_an_origin_that_an_attacker_can_choose() -> None:
    forms: tuple[dict[str, Any], ...] = ({}, FORWARDED)
    for forwarded in forms:
        assert "evil" not in refusal(HTTP_ORIGIN="https://evil.example", **forwarded)


TRUSTED: dict[str, Any] = {**FORWARDED, "HTTP_HOST": "hub.example.com"}
SET_URL, SET_PROXIES = "./manage.py config set public_url=", "./manage.py config set trusted_proxies="


@pytest.mark.usefixtures("owner")
def test_a_lost_port_is_shown_with_both_addresses_and_the_cure_of_the_proxy() -> None:
    configure(public_url=PUBLIC, trusted_proxies="127.0.0.1")
    page = refusal(**{**TRUSTED, "HTTP_ORIGIN": f"{PUBLIC}:8443"})
    assert f"has the address {PUBLIC}:8443. The form arrived at {PUBLIC}." in page
    assert "proxy_set_header Host $http_host" in page
    assert f"{SET_URL}{PUBLIC}:8443 Go" in page


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://other.example.com", "hub.example.com"),
        ("https://other.example.com", "127.0.0.1:8884"),
        ("https://other.example.com:8443", "other.example.com"),
        ("https://other.example.com:8443", "hub.example.com"),
        ("https://other.example.com:8443", "127.0.0.1:8884"),
    ],
)
def test_another_name_of_the_hub_is_never_suggested_as_the_public_url(origin: str, host: str) -> None:
    configure(public_url=PUBLIC, allowed_hosts="other.example.com", trusted_proxies="127.0.0.1")
    page = refusal(**{**FORWARDED, "HTTP_HOST": host, "HTTP_ORIGIN": origin})
    assert f"has the address {origin}." in page
    assert "proxy_set_header Host $http_host" in page
    assert "manage.py" not in page


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    "origin", ["https://evil.example:8443", "https://hub.example.com@evil.example", "https://x y"]
)
def test_a_strange_origin_is_not_shown_even_behind_a_trusted_proxy(origin: str) -> None:
    configure(public_url=PUBLIC, trusted_proxies="127.0.0.1")
    page = refusal(**{**TRUSTED, "HTTP_ORIGIN": origin})
    assert OTHER in page
    assert origin.split("//")[1] not in page
    assert "do not send the form" in page
    assert "with the port if the address bar shows one" in page


@pytest.mark.usefixtures("owner")
def test_a_proxy_that_loses_the_host_and_https_must_pass_on_both() -> None:
    configure(public_url=PUBLIC, allowed_hosts="other.example.com", trusted_proxies="127.0.0.1")
    page = refusal(HTTP_X_FORWARDED_FOR="198.51.100.7", HTTP_ORIGIN="https://other.example.com")
    assert "proxy_set_header Host $http_host" in page
    assert "proxy_set_header X-Forwarded-Proto $scheme" in page


@pytest.mark.usefixtures("owner")
def test_a_page_with_http_of_a_hub_with_https_needs_no_command() -> None:
    configure(trusted_proxies="127.0.0.1")
    page = refusal(**{**FORWARDED, "HTTP_ORIGIN": "http://127.0.0.1:8884"})
    assert "Open the hub at https://127.0.0.1:8884." in page
    assert "config set" not in page


@pytest.mark.usefixtures("owner")
def test_the_cure_for_an_untrusted_proxy_has_no_address_that_can_be_copied() -> None:
    page = refusal(HTTP_ORIGIN="https://127.0.0.1:8884", **FORWARDED)
    assert "192.0.2.1" not in page
    assert "the log and manage.py config doctor name this address" in page
    assert "has entries already" not in page
    with pytest.raises(ConfigError, match="IP addresses or networks"):
        config("set", "trusted_proxies=PROXY_ADDRESS")


@pytest.mark.usefixtures("owner")
def test_the_cure_for_an_untrusted_proxy_changes_only_what_is_wrong() -> None:
    configure(public_url=PUBLIC, allowed_hosts="other.example.com", trusted_proxies="10.0.0.1")
    other = {**FORWARDED, "HTTP_HOST": "other.example.com", "HTTP_ORIGIN": "https://other.example.com"}
    page = refusal(**other)
    assert (UNTRUSTED in page, f"{SET_PROXIES}PROXY_ADDRESS" in page) == (True, True)
    assert "trusted_proxies has entries already" in page
    assert "10.0.0.1" not in page


@pytest.mark.usefixtures("owner")
def test_a_trusted_proxy_that_hides_https_gets_no_command() -> None:
    configure(trusted_proxies="127.0.0.1")
    page = refusal(HTTP_ORIGIN="https://127.0.0.1:8884", HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert SILENT in page
    assert "proxy_set_header X-Forwarded-Proto $scheme" in page
    assert "config set" not in page


@pytest.mark.usefixtures("owner")
def test_a_proxy_without_forwarded_headers_is_named_in_the_log_and_by_the_findings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert "trusted_proxies=PROXY_ADDRESS" in refusal(HTTP_ORIGIN="https://127.0.0.1:8884")
    words = "has arrived from 127.0.0.1 with http and without forwarded headers"
    assert words in caplog.text
    (problem,) = proxy_notes.problems(get_config())
    assert (problem.code, words in problem.message) == ("proxy_unknown", True)


@pytest.mark.usefixtures("owner")
def test_if_the_proxy_is_no_longer_trusted_the_page_does_not_blame_the_form() -> None:
    configure(public_url=PUBLIC, trusted_proxies="127.0.0.1")
    client = Client(enforce_csrf_checks=True, **{**SERVER, **TRUSTED, "HTTP_ORIGIN": PUBLIC})
    client.get("/auth/login")
    for proxies, heading in (("127.0.0.2", UNTRUSTED), ("", UNTRUSTED)):
        configure(trusted_proxies=proxies)
        page = client.post("/auth/login", {**CREDENTIALS, "csrfmiddlewaretoken": "x" * 64}).text
        assert heading in page
        assert "it reverts by itself" in page
        assert f"{SET_PROXIES}PROXY_ADDRESS" in page


@pytest.mark.usefixtures("owner")
def test_a_session_cookie_is_enough_to_know_that_https_was_in_use() -> None:
    configure(public_url=PUBLIC)
    client = Client(enforce_csrf_checks=True, **{**SERVER, **TRUSTED, "HTTP_ORIGIN": PUBLIC})
    client.cookies["__Host-sessionid"] = "x"
    assert UNTRUSTED in client.post("/auth/login", CREDENTIALS).text


@pytest.mark.usefixtures("owner")
def test_if_the_proxy_has_become_trusted_the_page_does_not_blame_the_browser() -> None:
    configure(public_url=PUBLIC)
    client = Client(enforce_csrf_checks=True, **{**SERVER, **TRUSTED, "HTTP_ORIGIN": PUBLIC})
    token = client.get("/auth/login").context["csrf_token"]
    configure(trusted_proxies="127.0.0.1")
    page = client.post("/auth/login", {**CREDENTIALS, "csrfmiddlewaretoken": token}).text
    assert "the hub has learned that you use https" in page
    assert "reload the page" in page
    assert "accepts cookies" not in page


def post_through(hub: HubProcess) -> tuple[int, str]:
    """Send a form as a TLS proxy does, with a browser at the public address; return the status and page."""
    headers = {"Host": "hub.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    with httpx2.Client(base_url=hub.url, headers=headers, trust_env=False, timeout=30) as client:
        page = client.get("/setup/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None, page.text
        cookies = "; ".join(cookie.partition(";")[0] for cookie in page.headers.get_list("set-cookie"))
        data = {"csrfmiddlewaretoken": token[1], "token": "wrong"}
        found = client.post("/setup/", data=data, headers={"Origin": PUBLIC, "Cookie": cookies})
        return found.status_code, found.text


def test_behind_an_untrusted_tls_proxy_the_cure_works_before_the_claim(hub_process: HubProcess) -> None:
    hub_process.serve(workers=1)
    wait_for_workers(hub_process, 1)  # --wait waits only for processes that have a receipt
    hub_process.config("set", "allowed_hosts", "hub.example.com", "--wait")
    status, page = post_through(hub_process)
    assert (status, UNTRUSTED in page) == (403, True)
    ignored = "forwarded headers from 127.0.0.1 are ignored"
    assert ignored in hub_process.run("config", "doctor").stdout
    assert hub_process.log.read_text().count(ignored) == 1
    hub_process.config("set", f"public_url={PUBLIC}", "trusted_proxies=127.0.0.1", "--wait")
    assert post_through(hub_process)[0] == 200
    assert ignored not in hub_process.run("config", "doctor").stdout
