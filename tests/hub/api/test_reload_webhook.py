"""`POST /api/config/reload` accepts only a recent call with a valid signature, and each call only once."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db.models import F
from django.test import Client

from config_app import store
from hub.api import webhook
from hub.models import User, WebhookCall
from tests.support.browsers.clients import browser, configure
from tests.support.config_command import sql
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.processes.served_hub import wait_for_workers
from tests.support.waiting import wait_for

SECRET = "canary-f00d1234-webhook-secret"
PATH = "/api/config/reload"


@pytest.fixture
def hub(owner: User) -> Client:
    """Give a client without a session, for a claimed hub that has a webhook secret."""
    configure(reload_webhook_secret=SECRET)
    return browser(enforce_csrf_checks=True)


def signature(timestamp: str, body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(body: bytes = b"", *, ago: float = 0, secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a signed call that was made ``ago`` seconds ago."""
    timestamp = str(int(time.time() - ago))
    return {"X-Hub-Timestamp": timestamp, "X-Hub-Signature": signature(timestamp, body, secret)}


def call(client: Client, body: bytes = b"", headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Call the webhook and return the response."""
    headers = signed(body) if headers is None else headers
    response = client.post(PATH, body, content_type="application/json", headers=headers)
    return response.status_code, response.json()


def version() -> int:
    return store.read().version


def refused_as(code: str, answer: tuple[int, Any], *, status: int = 403) -> bool:
    return answer == (status, {"error": code})


def test_a_signed_call_makes_every_process_load_again(hub: Client) -> None:
    before = version()
    assert call(hub) == (200, {"revision": 3})
    assert version() > before
    assert not store.read().drifted


def test_the_body_is_signed_with_it(hub: Client) -> None:
    assert call(hub, b'{"ref": "main"}')[0] == 200


def test_what_sql_changed_meanwhile_becomes_a_revision(hub: Client) -> None:
    sql("INSERT INTO system_config (config_key, config_value) VALUES ('port', '9001')")
    assert call(hub) == (200, {"revision": 4})
    assert [change.key for change in store.history(limit=1)[0].changes.all()] == ["port"]


def test_without_a_secret_nothing_is_accepted(owner: User) -> None:
    """The original server accepted unsigned calls (B7)."""
    for secret in ("", SECRET):
        assert refused_as("webhook_secret_not_set", call(browser(), headers=signed(secret=secret)))


@pytest.mark.parametrize("missing", ["X-Hub-Timestamp", "X-Hub-Signature"])
def test_an_unsigned_call_is_refused(hub: Client, missing: str) -> None:
    headers = {name: value for name, value in signed().items() if name != missing}
    before = version()
    assert refused_as("invalid_signature", call(hub, headers=headers))
    assert version() == before


def test_another_secret_does_not_sign(hub: Client) -> None:
    assert refused_as("invalid_signature", call(hub, headers=signed(secret=SECRET + "x")))


def test_a_signature_is_for_its_body_and_its_timestamp(hub: Client) -> None:
    headers = signed(b"one")
    assert refused_as("invalid_signature", call(hub, b"two", headers))
    later = str(int(headers["X-Hub-Timestamp"]) + 1)
    assert refused_as("invalid_signature", call(hub, b"one", headers | {"X-Hub-Timestamp": later}))


@pytest.mark.parametrize("change", [str.upper, lambda text: text[7:], lambda text: text[:-1], lambda _: "ü"])
def test_a_signature_in_another_spelling_is_refused(hub: Client, change: Any) -> None:
    headers = signed()
    headers["X-Hub-Signature"] = change(headers["X-Hub-Signature"])
    assert refused_as("invalid_signature", call(hub, headers=headers))


@pytest.mark.parametrize("timestamp", ["", "now", "1e9", "-5", "1.5", "9" * 13, "²"])
def test_a_timestamp_that_is_none_is_refused_although_it_is_signed(hub: Client, timestamp: str) -> None:
    headers = {"X-Hub-Timestamp": timestamp, "X-Hub-Signature": signature(timestamp, b"")}
    assert refused_as("invalid_signature", call(hub, headers=headers))


@pytest.mark.parametrize("ago", [310, -310, 3600, -3600])
def test_a_call_that_is_not_fresh_is_refused(hub: Client, ago: float) -> None:
    assert refused_as("timestamp_out_of_tolerance", call(hub, headers=signed(ago=ago)))


@pytest.mark.parametrize("ago", [290, -290])
def test_clocks_may_differ_by_five_minutes(hub: Client, ago: float) -> None:
    assert call(hub, headers=signed(ago=ago))[0] == 200


def test_a_process_whose_clock_is_an_hour_off_accepts_it(
    hub: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, now = signed(), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert call(hub, headers=headers)[0] == 200


def test_a_replay_is_refused(hub: Client) -> None:
    headers = signed(b"x")
    assert call(hub, b"x", headers)[0] == 200
    before = version()
    assert refused_as("replayed", call(hub, b"x", headers), status=409)
    assert version() == before


def test_calls_are_remembered_long_after_they_are_valid_and_then_forgotten(hub: Client) -> None:
    call(hub, b"1")
    WebhookCall.objects.update(received_at=F("received_at") - dt.timedelta(hours=2))
    call(hub, b"2")
    assert WebhookCall.objects.count() == 2
    WebhookCall.objects.update(received_at=F("received_at") - webhook.REMEMBERED)
    call(hub, b"3")
    assert WebhookCall.objects.count() == 1


def test_what_is_remembered_signs_nothing(hub: Client) -> None:
    headers = signed()
    call(hub, headers=headers)
    assert headers["X-Hub-Signature"][7:] not in str(WebhookCall.objects.values_list())


def test_a_body_that_is_too_large_is_refused(hub: Client) -> None:
    body = b"x" * (webhook.MAX_BODY + 1)
    assert refused_as("body_too_large", call(hub, body), status=413)
    assert call(hub, body[1:])[0] == 200


def test_it_can_only_be_called_by_post(hub: Client) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        assert hub.generic(method, PATH, headers=signed()).status_code == 405


def test_an_unclaimed_hub_says_that_it_wants_to_be_set_up(install: None) -> None:
    configure(reload_webhook_secret=SECRET)
    status, answer = call(browser())
    assert (status, answer["error"]) == (503, "setup_required")


def test_the_secret_appears_in_no_answer_and_no_log(hub: Client, caplog: pytest.LogCaptureFixture) -> None:
    answers = [call(hub), call(hub, headers=signed(secret="x")), call(hub, headers=signed(ago=999))]
    assert SECRET not in str(answers)
    assert SECRET not in caplog.text
    assert "refused a reload call from 127.0.0.1: invalid_signature" in caplog.text


def post(url: str, headers: dict[str, str]) -> int:
    """Send a call to a served hub and return the response status."""
    request = urllib.request.Request(url + PATH, b"", headers, method="POST")  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def write_unnoticed(hub: HubProcess, statement: str) -> None:
    """Run a SQL statement without the triggers that count changes."""
    if hub.database_url:
        hub.sql(f"SET session_replication_role = replica; {statement}")
    else:
        hub.sql("DROP TRIGGER system_config_update_bumps")
        hub.sql(statement)


def errors(hub: HubProcess) -> list[bool]:
    """Return one value for each process: whether its receipt has an error about the port."""
    return [error.startswith("port: ") for (error,) in hub.sql("SELECT error FROM config_process")]


def test_every_process_loads_what_nobody_noticed_and_one_of_them_takes_the_call(
    any_hub_process: HubProcess,
) -> None:
    hub = any_hub_process
    hub.serve(workers=3)
    wait_for_workers(hub, 3)
    hub.claim()
    hub.config("set", f"reload_webhook_secret={SECRET}", "port=9001", "--wait")
    write_unnoticed(hub, "UPDATE system_config SET config_value = 'banana' WHERE config_key = 'port'")
    assert errors(hub) == [False] * 4
    headers = signed()
    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(lambda _: post(hub.url, headers), range(8)))
    assert answers == [200] + [409] * 7
    wait_for(lambda: errors(hub) == [True] * 4, "every process to refuse the port")

    assert documented_call(hub) == {"revision": hub.health()["revision"]}


def documented_call(hub: HubProcess) -> Any:
    """Run the script in the documentation and return what it prints."""
    (script,) = re.findall(r"```bash\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
    environment = {**hub.environment, "HUB": hub.url, "HUB_WEBHOOK_SECRET": SECRET}
    done = subprocess.run(
        ["bash", "-ec", script], env=environment, capture_output=True, timeout=60, check=True
    )
    return json.loads(done.stdout)
