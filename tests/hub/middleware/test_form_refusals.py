"""A refused form names its cause, and the cure works: the proxy, the origin, the cookie or the time (R18)."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from django.test import Client

from tests.conftest import PASSWORD
from tests.support.browsers.clients import SERVER, configure
from tests.support.processes.hub_process import HubProcess

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
        ({"HTTP_ORIGIN": "https://127.0.0.1:8884", **FORWARDED}, UNTRUSTED, "trusted_proxies=192"),
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
    hub_process.config("set", "allowed_hosts", "hub.example.com", "--wait")
    status, page = post_through(hub_process)
    assert (status, UNTRUSTED in page) == (403, True)
    ignored = "forwarded headers from 127.0.0.1 are ignored"
    assert ignored in hub_process.run("config", "doctor").stdout
    assert hub_process.log.read_text().count(ignored) == 1
    hub_process.config("set", f"public_url={PUBLIC}", "trusted_proxies=127.0.0.1", "--wait")
    assert post_through(hub_process)[0] == 200
    assert ignored not in hub_process.run("config", "doctor").stdout
