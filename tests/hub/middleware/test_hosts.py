"""The hub serves requests only for its own host names, which the current configuration contains."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest

from config_app.presentation.overview import read_overview
from config_app.propagation import receipts
from hub.doctor.network import MOST_REFUSED, hosts
from hub.logs import request_notes
from hub.middleware.hosts import REFUSED_HOST
from tests.support.browsers.clients import browser, configure

pytestmark = pytest.mark.usefixtures("owner")


def answers(host: str, came_in_on: str = "127.0.0.1", path: str = "/health/live") -> bool:
    """Return whether a request for ``host`` is served; if not, its status must be 400."""
    status = browser(SERVER_NAME=came_in_on, HTTP_HOST=host).get(path).status_code
    assert status in {200, 400}
    return status == 200


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8884",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8884",
        "[0:0:0:0:0:0:0:1]:8884",
    ],
)
def test_it_answers_on_this_machine(host: str) -> None:
    assert answers(host)


def page(host: str) -> str:
    return browser(HTTP_HOST=host).get("/").text


def test_the_page_of_an_unknown_host_has_the_command_that_adds_it() -> None:
    assert ">./manage.py config set allowed_hosts hub.example.org<" in page("Hub.Example.org.:8884")
    assert ">./manage.py config set allowed_hosts [2001:db8::1]<" in page("[2001:db8::1]:8884")


def test_the_page_of_an_unknown_host_never_replaces_other_hosts() -> None:
    configure(allowed_hosts="other.example.org")
    text = page("hub.example.org")
    assert ">./manage.py config get allowed_hosts<" in text
    assert "config set allowed_hosts" not in text
    assert "<strong>hub.example.org</strong>" in text
    assert "other.example.org" not in text


FORWARDED: dict[str, Any] = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}


@pytest.mark.parametrize(
    ("host", "environ", "url"),
    [
        ("hub.example.com", FORWARDED, "https://hub.example.com"),
        ("Hub.Example.com:8443", FORWARDED, "https://hub.example.com:8443"),
        ("hub.example.com:8080", {"HTTP_X_FORWARDED_PROTO": "http"}, "http://hub.example.com:8080"),
        ("hub.example.com", {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}, "https://hub.example.com"),
    ],
)
def test_behind_an_untrusted_proxy_one_command_sets_all_that_is_missing(
    host: str, environ: dict[str, Any], url: str, caplog: Any
) -> None:
    text = browser(HTTP_HOST=host, **environ).get("/").text
    assert f">./manage.py config set public_url={url} trusted_proxies=PROXY_ADDRESS<" in text
    assert "the log and manage.py config doctor name this address" in text
    assert f"run manage.py config set public_url={url} trusted_proxies=127.0.0.1" in caplog.text


def test_behind_an_untrusted_proxy_the_page_never_replaces_other_values(caplog: Any) -> None:
    configure(public_url="https://hub.example.com", trusted_proxies="10.0.0.1")
    text = browser(HTTP_HOST="hub2.example.com", **FORWARDED).get("/").text
    assert ">./manage.py config set allowed_hosts hub2.example.com<" in text
    assert ">./manage.py config set trusted_proxies=PROXY_ADDRESS<" in text
    assert "trusted_proxies has entries already" in text
    assert "10.0.0.1" not in text
    command = "config set allowed_hosts=hub2.example.com trusted_proxies=10.0.0.1/32,127.0.0.1"
    assert command in caplog.text


def test_the_log_has_the_command_that_keeps_other_hosts(caplog: Any) -> None:
    configure(allowed_hosts="other.example.org")
    page("hub.example.org")
    assert "run manage.py config set allowed_hosts=other.example.org,hub.example.org" in caplog.text


def refused() -> list[str]:
    return [problem.message.partition(" (")[0] for problem in hosts(read_overview()).problems]


def test_the_doctor_names_refused_hosts_with_the_command() -> None:
    configure(allowed_hosts="other.example.org")
    page("hub.example.org")
    (problem,) = hosts(read_overview()).problems
    assert re.fullmatch(
        r"requests for hub\.example\.org are refused \(last seen at .* UTC\)", problem.message
    )
    assert problem.fix.endswith("manage.py config set allowed_hosts=other.example.org,hub.example.org")
    configure(allowed_hosts="hub.example.org")
    assert refused() == []


def test_the_doctor_names_few_refused_hosts_whatever_strangers_send() -> None:
    for number in range(50):
        page(f"host{number}.example.org")
    assert 0 < len(refused()) <= MOST_REFUSED
    assert len(request_notes.recent(REFUSED_HOST)) <= request_notes.MOST


def test_the_doctor_has_the_one_command_that_sets_all_that_is_missing() -> None:
    browser(HTTP_HOST="hub.example.com:8443", **FORWARDED).get("/")
    (problem,) = hosts(read_overview()).problems
    command = "config set public_url=https://hub.example.com:8443 trusted_proxies=127.0.0.1"
    assert problem.fix.endswith(command)
    browser(HTTP_HOST="hub.example.com:8443", REMOTE_ADDR="10.0.0.9", **FORWARDED).get("/")
    (problem,) = hosts(read_overview()).problems  # one of the two addresses may not be a proxy
    assert problem.fix.endswith("config set public_url=https://hub.example.com:8443")
    configure(public_url="https://hub.example.com:8443")
    assert refused() == []


@pytest.mark.parametrize(
    ("host", "peer"), [("93.184.216.34", "127.0.0.1"), ("hub.example.org", "93.184.216.34"), ("x y", "::1")]
)
def test_the_doctor_does_not_name_the_hosts_of_scanners(host: str, peer: str) -> None:
    browser(HTTP_HOST=host, REMOTE_ADDR=peer).get("/")
    assert refused() == []


@pytest.mark.parametrize("host", ["evil example", "<b>x</b>", "a" * 300, "x_y"])
def test_a_host_that_is_none_is_not_repeated(host: str) -> None:
    text = page(host)
    assert "names no valid host" in text
    assert "config set" not in text
    assert host not in text


def test_another_bad_request_says_nothing_of_hosts() -> None:
    text = browser().get("/?x=%00").text
    assert "allowed_hosts" not in text
    assert "host name" not in text


def test_it_answers_to_the_name_of_the_machine() -> None:
    assert answers(f"{socket.gethostname()}:8884")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8884",
        "localhost.evil.example",
        "evil.example.localhost",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",  # noqa: S104
        "[::]",
        "[::2]",
        "*",
        "",
        " ",
        "localhost evil.example",
        "localhost@evil.example",
        "localhost#.evil.example",
        "localhost/evil",
        "user:pw@localhost",
        "localhost:8884:9",
        "localhost\r\nX: 1",
        "[::1",
        "ſ",
    ],
)
def test_a_page_elsewhere_cannot_rebind_its_name_to_the_hub(host: str) -> None:
    assert not answers(host)


def test_the_page_that_refuses_a_name_gets_its_style() -> None:
    assert answers("evil.example", path="/static/hub/css/base.css")


@pytest.mark.parametrize("path", ["/", "/admin/", "/health/ready", "/setup/"])
def test_no_page_answers_under_another_name(path: str) -> None:
    assert not answers("evil.example", path=path)


def test_it_answers_at_the_address_that_the_connection_came_in_on() -> None:
    assert answers("192.0.2.7:8884", came_in_on="192.0.2.7")
    assert answers("[2001:db8::7]", came_in_on="2001:db8::7")
    assert answers("192.0.2.7", came_in_on="::ffff:192.0.2.7")
    assert not answers("192.0.2.8", came_in_on="192.0.2.7")
    assert not answers("hub.lan", came_in_on="192.0.2.7")


def test_the_name_that_a_server_gives_itself_is_no_address() -> None:
    assert not answers("evil.example", came_in_on="evil.example")


def test_allowed_hosts_are_followed_live() -> None:
    assert not answers("hub.example.com")
    configure(allowed_hosts="hub.example.com, .example.org, [2001:DB8::5]")
    for host in (
        "hub.example.com",
        "HUB.example.com.:80",
        "example.org",
        "a.b.example.org",
        "[2001:db8:0::5]",
    ):
        assert answers(host), host
    assert not answers("example.com")
    assert not answers("evilexample.org")
    configure(allowed_hosts="")
    assert not answers("hub.example.com")


def test_the_public_url_is_followed_live() -> None:
    configure(public_url="https://hub.example.com:8443")
    assert answers("hub.example.com:8443")
    assert answers("hub.example.com")
    configure(public_url="https://[2001:db8::9]")
    assert answers("[2001:db8::9]")
    assert not answers("hub.example.com")


def test_the_bind_address_is_an_own_name() -> None:
    configure(bind_address="hub.lan")
    assert answers("hub.lan:8884")


def test_a_pinned_bind_address_is_an_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    receipts.describe("worker", {"bind_address": "pinned.lan", "port": "1"})
    assert answers("pinned.lan")


def test_listening_everywhere_lets_no_name_in() -> None:
    configure(bind_address="0.0.0.0")  # noqa: S104
    assert not answers("evil.example", came_in_on="192.0.2.7")
    assert answers("192.0.2.7", came_in_on="192.0.2.7")


def test_a_refusal_says_what_to_do_and_is_logged_without_control_characters(caplog: Any) -> None:
    visitor = browser(HTTP_HOST="evil.example\n2026 forged line" + "x" * 500, REMOTE_ADDR="203.0.113.9")
    page = visitor.get("/")
    assert "allowed_hosts" in page.text
    assert "evil.example" not in page.text
    (line,) = [record.getMessage() for record in caplog.records if record.name == "hub"]
    assert "203.0.113.9" in line
    assert "\n" not in line
    assert len(line) < 250
