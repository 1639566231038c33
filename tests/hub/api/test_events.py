"""`GET /api/config/events` sends one event for each revision; events contain keys but never values."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser
from tests.support.event_stream import PATH, EventStream, sign_in
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.waiting import wait_for

CANARY = "sk_canary_f00d1234"


@pytest.fixture(scope="module")
def hubs() -> Iterator[dict[str, HubProcess]]:
    """Give a dictionary of served hubs by kind of database; the fixture ``served`` fills it."""
    hubs: dict[str, HubProcess] = {}
    yield hubs
    for hub in hubs.values():
        hub.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, hubs: dict[str, HubProcess], tmp_path_factory: pytest.TempPathFactory
) -> HubProcess:
    """Give a claimed hub with one worker."""
    if request.param not in hubs:
        is_sqlite = request.param == "sqlite"
        url = None if is_sqlite else request.getfixturevalue("postgresql_server").new_database()
        hub = hubs[request.param] = HubProcess(tmp_path_factory.mktemp("hub") / "hub", database_url=url)
        hub.serve(workers=1)
        hub.claim()
        wait_for(lambda: hub.health()["state"] == "configured", "the hub to hear of its claim")
    return hubs[request.param]


@pytest.fixture
def cookie(served: HubProcess) -> str:
    """Give the session cookie of the super admin."""
    return sign_in(served)


def last_revision(hub: HubProcess) -> int:
    return int(hub.sql("SELECT max(number) FROM config_revision")[0][0])


def write(hub: HubProcess, key: str, value: str) -> int:
    """Change a setting with SQL; return the number of the revision in which the hub records this."""
    number = last_revision(hub)
    hub.sql(
        f"INSERT INTO system_config (config_key, config_value) VALUES ('{key}', '{value}')"  # noqa: S608 - ours
        " ON CONFLICT (config_key) DO UPDATE SET config_value = excluded.config_value"
    )
    return wait_for(lambda: last_revision(hub) > number and last_revision(hub), "the revision")


def answers(hub: HubProcess, cookie: str) -> int:
    """Return the response status of a new stream."""
    with EventStream(hub, cookie) as stream:
        return stream.status


def test_a_revision_is_told_by_its_keys(served: HubProcess, cookie: str) -> None:
    number = last_revision(served)
    with EventStream(served, cookie) as stream:
        assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
        assert "no-store" in stream.headers["Cache-Control"]
        assert stream.message() == {"retry": "3000", "id": str(number)}
        changes = (f"csp_report_uri=https://example.org/{number}", f"workos_api_key={CANARY}{number}")
        served.config("set", *changes, "--reason", CANARY)
        event = stream.event()
    assert event is not None
    assert CANARY not in json.dumps(event)
    at = dt.datetime.fromisoformat(event.pop("at"))
    assert abs(at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)
    keys = ["csp_report_uri", "workos_api_key"]
    assert event == {"revision": number + 1, "keys": keys, "channel": "cli"}


def test_every_revision_comes_once_and_in_order(served: HubProcess, cookie: str) -> None:
    number = last_revision(served)
    script = "from config_app.api import plan\nfor n in range(20): plan({'port': 9000 + n}).apply()"
    with EventStream(served, cookie) as one, EventStream(served, cookie) as other:
        assert one.message()
        assert other.message()
        served.manage("shell", "-c", script)
        served.sql("UPDATE system_config SET config_value = '8000' WHERE config_key = 'port'")
        for stream in (one, other):
            events = [stream.event() or {} for _ in range(21)]
            assert [event["revision"] for event in events] == list(range(number + 1, number + 22))
            assert [event["channel"] for event in events] == ["code"] * 20 + ["sql"]


def test_a_client_that_comes_back_gets_what_it_missed(served: HubProcess, cookie: str) -> None:
    number = last_revision(served)
    missed = [write(served, "port", port) for port in ("7001", "7002")]
    with EventStream(served, cookie, last=number) as stream:
        assert [(stream.event() or {})["revision"] for _ in missed] == missed
    with EventStream(served, cookie, last=missed[0]) as stream:
        assert (stream.event() or {})["revision"] == missed[1]


def test_a_client_that_knows_a_revision_that_there_is_not_starts_anew(
    served: HubProcess, cookie: str
) -> None:
    number = last_revision(served)
    with EventStream(served, cookie, last=number + 1000) as stream:
        assert stream.status == 200
        assert stream.message() == {"retry": "3000", "id": str(number + 1000)}
        resync = {"event": "resync", "id": str(number), "data": json.dumps({"revision": number})}
        assert stream.message() == resync


def test_the_stream_of_somebody_who_is_no_super_admin_any_more_ends(served: HubProcess, cookie: str) -> None:
    (emails,) = served.sql("SELECT config_value FROM system_config WHERE config_key = 'super_admin_emails'")[
        0
    ]
    with EventStream(served, cookie) as stream:
        assert stream.message()
        write(served, "super_admin_emails", "other@example.com")
        assert stream.event() is None
    with EventStream(served, cookie) as stream:
        assert (stream.status, stream.json()) == (403, {"error": "super_admin_required"})
    write(served, "super_admin_emails", emails)
    wait_for(lambda: answers(served, cookie) == 200, "the rights to be back")


def test_the_stream_ends_with_the_session(served: HubProcess, cookie: str) -> None:
    with EventStream(served, cookie) as stream:
        assert stream.message()
        served.sql("DELETE FROM django_session")
        write(served, "csp_report_uri", f"https://example.com/{last_revision(served)}")
        assert stream.event() is None


def test_streams_end_and_nothing_is_cut_off_when_the_server_stops(served: HubProcess, cookie: str) -> None:
    with EventStream(served, cookie) as one, EventStream(served, cookie) as other:
        assert one.message()
        assert other.message()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            stopping = pool.submit(served.stop)
            assert (one.event(), other.event()) == (None, None)
            stopping.result()
    served.serve(workers=1)
    assert "exceeded" not in served.log.read_text()
    assert "Traceback" not in served.log.read_text()


def test_clients_hold_no_threads_and_no_connections_and_leave_nothing_behind(
    served: HubProcess, cookie: str
) -> None:
    (pid,) = wait_for_workers(served, 1)
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            assert stack.enter_context(EventStream(served, cookie)).message()
        wait_for(lambda: threads(pid) < 20, "the threads to be given back")
        assert open_sockets(pid) > 30
        if served.database_url:
            query = "SELECT count(*) < 15 FROM pg_stat_activity WHERE datname = current_database()"
            wait_for(lambda: served.sql(query) == [(True,)], "the connections to be given back")
    wait_for(lambda: open_sockets(pid) < 20, "the streams to be closed")
    assert "Traceback" not in served.log.read_text()


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def open_sockets(pid: int) -> int:
    """Return the number of open sockets of a process."""
    found = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += str(link.readlink()).startswith("socket:")
    return found


def test_strangers_are_told_to_sign_in(owner: User) -> None:
    response = browser().get(PATH)
    assert (response.status_code, response.json()) == (401, {"error": "sign_in_required"})


def test_others_are_refused(owner: User) -> None:
    client = browser()
    client.force_login(User.objects.create_user("other@example.com", PASSWORD, is_staff_member=True))
    response = client.get(PATH)
    assert (response.status_code, response.json()) == (403, {"error": "super_admin_required"})


def test_it_can_only_be_read(owner_client: Client) -> None:
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        assert owner_client.generic(method, PATH).status_code == 405


def test_a_server_with_a_thread_for_each_client_says_that_it_cannot(owner_client: Client) -> None:
    response = owner_client.get(PATH)
    assert (response.status_code, response.json()) == (501, {"error": "needs_asgi"})


@pytest.mark.parametrize("last", ["", "last", "-1", "1.5", "٣", "9" * 19])
def test_a_last_event_id_that_is_no_revision_is_refused(owner_client: Client, last: str) -> None:
    response = owner_client.get(PATH, headers={"Last-Event-ID": last})
    assert (response.status_code, response.json()) == (400, {"error": "last_event_id_not_a_revision"})
