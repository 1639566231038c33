"""A served hub with real gunicorn and real workers, while its configuration changes."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.support.processes.answer import Answer
from tests.support.processes.hub_process import OWNER, HubProcess
from tests.support.processes.served_hub import (
    ask_every_worker,
    owner_of,
    post,
    revision_everywhere,
    send,
    visitor,
    wait_for_workers,
    wait_until_used_everywhere,
)
from tests.support.waiting import wait_for

WORKERS = 4
POLICY = "Content-Security-Policy"
SOON = 10.0
"""Seconds that a change may take; usually it takes a fraction of a second, see the benchmarks."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Give a claimed hub that four workers serve on all addresses of this machine."""
    with HubProcess(tmp_path_factory.mktemp("served") / "hub") as hub:
        hub.claim()
        hub.serve("--bind", f"0.0.0.0:{hub.port}", workers=WORKERS)
        wait_for_workers(hub, WORKERS)
        yield hub


@pytest.fixture
def hub(served: HubProcess) -> HubProcess:
    """Return this hub when every worker uses what the previous test has left."""
    wait_until_used_everywhere(served)
    return served


def put(hub: HubProcess, key: str, value: str) -> None:
    """Write a setting in SQL, as a database client does."""
    hub.sql(
        "INSERT INTO system_config (config_key, config_value, is_secret, updated_at)"  # noqa: S608
        f" VALUES ('{key}', '{value}', FALSE, CURRENT_TIMESTAMP)"
        f" ON CONFLICT (config_key) DO UPDATE SET config_value = '{value}'"
    )


def followed(hub: HubProcess, path: str, name: str, **headers: str) -> str | None:
    """Return a header of a response; upper and lower case do not matter."""
    found = {key.lower(): value for key, value in hub.get(path, **headers).headers.items()}
    return found.get(name.lower())


def test_a_change_by_the_cli_reaches_every_worker(hub: HubProcess) -> None:
    before = wait_until_used_everywhere(hub)
    hub.config("set", "workos_authkit_domain", f"https://one{before}.authkit.app")
    wait_for(lambda: (revision_everywhere(hub) or 0) > before, "every process to sign", SOON)
    said = ask_every_worker(hub, WORKERS)
    assert len(said) == WORKERS
    assert {report["revision"] for report in said.values()} == {before + 1}


def test_a_change_by_sql_reaches_every_worker(hub: HubProcess) -> None:
    before = wait_until_used_everywhere(hub)
    put(hub, "workos_authkit_domain", f"https://two{before}.authkit.app")
    wait_for(lambda: (revision_everywhere(hub) or 0) > before, "every process to sign", SOON)
    assert {report["revision"] for report in ask_every_worker(hub, WORKERS).values()} == {before + 1}


def test_policy_origins_and_hosts_follow_at_once(hub: HubProcess) -> None:
    number = wait_until_used_everywhere(hub)
    origin, host = f"https://app{number}.example.com", f"hub{number}.example.com"
    assert hub.get("/health/live", Host=host).status == 400
    put(hub, "csp_report_uri", f"https://csp{number}.example.com/r")
    put(hub, "allowed_origins", origin)
    put(hub, "allowed_hosts", host)
    wait_for(lambda: f"csp{number}.example.com" in (followed(hub, "/", POLICY) or ""), "the policy", SOON)
    found = wait_for(
        lambda: followed(hub, "/static/hub/css/base.css", "Access-Control-Allow-Origin", Origin=origin),
        "the origin to be let in",
        SOON,
    )
    assert found == origin
    wait_for(lambda: hub.get("/health/live", Host=host).status == 200, "the host to be let in", SOON)


def test_hsts_and_cookies_follow_the_proxies(hub: HubProcess) -> None:
    put(hub, "enable_hsts", "true")
    forged = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "198.51.100.7"}
    assert followed(hub, "/auth/login", "Strict-Transport-Security", **forged) is None
    put(hub, "trusted_proxies", "127.0.0.1")
    wait_for(
        lambda: followed(hub, "/auth/login", "Strict-Transport-Security", **forged), "HSTS to be told", SOON
    )
    put(hub, "trusted_proxies", "")
    wait_for(
        lambda: not followed(hub, "/auth/login", "Strict-Transport-Security", **forged), "the end of it", SOON
    )


def test_a_value_that_does_not_validate_is_named_and_changes_nothing(hub: HubProcess) -> None:
    put(hub, "log_level", "banana")
    problems = wait_for(lambda: hub.health()["problems"], "the problem to be named", SOON)
    assert [problem["keys"] for problem in problems] == [["log_level"]]
    assert hub.get("/auth/login").status == 200
    put(hub, "log_level", "info")
    wait_for(lambda: not hub.health()["problems"], "the problem to be settled", SOON)


def test_super_admins_are_decided_by_every_worker_at_once(hub: HubProcess) -> None:
    with owner_of(hub) as owner:
        assert owner.get("/api/config").status_code == 200
        put(hub, "super_admin_emails", "somebody.else@example.com")
        wait_for(lambda: owner.get("/api/config").status_code == 403, "the owner to be refused", SOON)
        wait_until_used_everywhere(hub)
        assert {owner.get("/api/config").status_code for _ in range(12)} == {403}
        put(hub, "super_admin_emails", OWNER)
        wait_for(lambda: owner.get("/api/config").status_code == 200, "the owner to be back", SOON)


def test_signing_out_counts_in_every_worker(hub: HubProcess) -> None:
    with owner_of(hub) as owner, visitor(hub) as thief:
        thief.cookies.update(owner.cookies)
        assert thief.get("/").status_code == 200
        assert post(owner, "/auth/logout", page="/").status_code == 302
        assert {thief.get("/").status_code for _ in range(8)} == {302}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 302),
        ("/auth/login", 200),
        ("/health/live", 200),
        ("/health/ready", 200),
        ("/static/hub/css/base.css", 200),
        ("/static/admin/js/core.js", 200),
        ("/nowhere", 404),
        ("/%FF", 404),
        ("/?%FF=1", 302),
        ("/?%FF=%00", 400),
        ("/setup/", 404),
        ("/api/config", 401),
    ],
)
def test_every_answer_has_a_policy(hub: HubProcess, path: str, status: int) -> None:
    answer = hub.get(path)
    assert answer.status == status
    assert_strict(answer)


def assert_strict(answer: Answer) -> None:
    assert "default-src 'none'" in answer.headers[POLICY]
    assert "unsafe" not in answer.headers[POLICY]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in answer.headers


def test_static_files_come_whole(hub: HubProcess) -> None:
    answer = hub.get("/static/hub/css/base.css")
    assert int(answer.headers["Content-Length"]) == len(answer.body) > 100
    part = hub.get("/static/hub/css/base.css", Range="bytes=0-9")
    assert (part.status, part.body) == (206, answer.body[:10])
    assert hub.get("/static/hub/css/base.css", If_None_Match=answer.headers["ETag"]).status == 304
    assert "StreamingHttpResponse" not in hub.log.read_text()


def test_it_answers_at_the_address_that_the_connection_came_in_on(hub: HubProcess) -> None:
    for address, host, status in (
        ("127.0.0.1", "127.0.0.1", 200),
        ("127.0.0.2", "127.0.0.2", 200),
        ("127.0.0.2", "127.0.0.3", 400),
        ("127.0.0.2", "evil.example", 400),
    ):
        with visitor(hub) as client:
            url = f"http://{address}:{hub.port}/health/live"
            assert client.get(url, headers={"Host": f"{host}:{hub.port}"}).status_code == status


@pytest.mark.parametrize(
    ("request_line", "host", "status"),
    [
        ("GET /health/live HTTP/1.1", "Host: localhost", b"200"),
        ("GET /health/live HTTP/1.0", "X: 1", b"200"),
        ("GET /health/live HTTP/1.1", "Host: localhost\r\nHost: evil.example", b"400"),
        ("GET /health/live HTTP/1.1", "X: 1", b"400"),
        ("GET /health/live HTTP/1.1", "Host: evil.example", b"400"),
        ("GET http://evil.example/health/live HTTP/1.1", "Host: localhost", b"404"),
        ("GET //evil.example/health/live HTTP/1.1", "Host: localhost", b"404"),
        ("OPTIONS * HTTP/1.1", "Host: localhost", b"404"),
        ("BREW /health/live HTTP/1.1", "Host: localhost", b"405"),
        ("NONSENSE", "Host: localhost", b"400"),
    ],
)
def test_odd_requests_get_an_answer(hub: HubProcess, request_line: str, host: str, status: bytes) -> None:
    answer = send(hub, f"{request_line}\r\n{host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ", 2)[1] == status
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"content-security-policy: ") == 1
    for directive in (b"default-src 'none'", b"base-uri 'none'", b"form-action 'self'"):
        assert directive in head


def head_of_answer(hub: HubProcess, request: bytes) -> bytes:
    """Send bytes to the hub; return the head of the answer. The hub keeps some connections open longer."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer and (part := connection.recv(65536)):
            answer += part
        return answer


@pytest.mark.parametrize("request_line", ["NONSENSE", "GET / HTTP/1.1\r\nContent-Length: 999999999", "GET /"])
def test_even_refused_requests_are_told_of_hsts(hub: HubProcess, request_line: str) -> None:
    head = f"{request_line}\r\nX-Forwarded-Proto: https\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert b"strict-transport-security" not in head_of_answer(hub, head.encode()).lower()
    hub.config("set", "enable_hsts=true", "trusted_proxies=127.0.0.1")
    wait_until_used_everywhere(hub)
    try:
        answer = head_of_answer(hub, head.encode())
        assert answer.split(b" ", 2)[1] in {b"400", b"413"}
        assert b"strict-transport-security: max-age=31536000" in answer.lower()
    finally:
        hub.config("unset", "enable_hsts", "trusted_proxies")


def test_nothing_of_this_left_a_traceback_in_the_log(hub: HubProcess) -> None:
    assert "Traceback" not in hub.log.read_text()
