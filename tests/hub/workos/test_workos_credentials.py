"""Credentials change without a restart, come only from the database, and cost nothing if unused."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import workos

from config_app.api import override_config
from config_app.declaration.secret import Secret
from hub.runtime_config import schema
from hub.workos.remote import client as clients
from hub.workos.remote.client import Client, get_client
from hub.workos.remote.credentials import Credentials
from hub.workos.remote.errors import CredentialsRefused
from tests.support.processes.hub_process import ROOT, HubProcess
from tests.support.workos.authkit import API_KEY, OWNER, AuthKit, running_authkit
from tests.support.workos.fixtures import Visitor, change

CREDENTIALS = Credentials(client_id="client_1", api_key=Secret("sk_test_first_one"))
NEWER = Credentials(client_id="client_1", api_key=Secret("sk_test_second_one"))
ENVIRONMENT = {
    "WORKOS_API_KEY": "sk_test_from_the_environment",
    "WORKOS_CLIENT_ID": "client_environment",
    "WORKOS_BASE_URL": "http://127.0.0.1:1",
    "WORKOS_API_URL": "http://127.0.0.1:1",
    "WORKOS_REQUEST_TIMEOUT": "0",
    "WORKOS_ISSUER": "https://evil.example",
    "WORKOS_AUTHKIT_DOMAIN": "https://evil.example",
    "WORKOS_COOKIE_PASSWORD": "x",
    "WORKOS_SUPER_ADMIN_EMAILS": "evil@example.com",
    "SUPER_ADMIN_EMAILS": "evil@example.com",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
}


def test_a_new_key_is_used_for_the_next_sign_in(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.api_key = "sk_test_rotated_key"
    assert visitor.sign_in(workos_hub).status_code == 503
    change(workos_api_key=Secret("sk_test_rotated_key"))
    assert visitor.sign_in(workos_hub).status_code == 302


def test_another_environment_is_used_for_the_next_sign_in(workos_hub: AuthKit, visitor: Visitor) -> None:
    workos_hub.client_id = "client_02OTHER"
    change(workos_client_id="client_02OTHER")
    assert visitor.sign_in(workos_hub).status_code == 302


def test_sessions_survive_a_new_key(workos_hub: AuthKit, visitor: Visitor) -> None:
    visitor.sign_in(workos_hub)
    workos_hub.api_key = "sk_test_rotated_key"
    change(workos_api_key=Secret("sk_test_rotated_key"))
    assert visitor.may_administer()


@pytest.fixture
def built(authkit: AuthKit, monkeypatch: pytest.MonkeyPatch) -> list[Credentials]:
    """Give a list that receives the credentials of each client that is created."""
    found: list[Credentials] = []
    build = Client.__init__

    def record(self: Client, credentials: Credentials) -> None:
        found.append(credentials)
        build(self, credentials)

    monkeypatch.setattr(Client, "__init__", record)
    return found


def test_many_threads_share_one_client(built: list[Credentials]) -> None:
    barrier, got = threading.Barrier(16), []

    def ask() -> None:
        barrier.wait(10)
        got.append(get_client(CREDENTIALS))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(set(map(id, got))) == 1
    assert built == [CREDENTIALS]


def test_requests_under_way_with_the_old_key_do_not_build_it_again(built: list[Credentials]) -> None:
    for _ in range(5):
        get_client(CREDENTIALS)
        get_client(NEWER)
    assert built == [CREDENTIALS, NEWER]
    get_client(Credentials(client_id="client_2", api_key=Secret("sk_test_third_one")))
    assert len(clients._clients) == clients.KEPT


def test_the_client_that_was_used_least_lately_goes_and_none_is_closed(built: list[Credentials]) -> None:
    first, third = get_client(CREDENTIALS), Credentials(client_id="client_2", api_key=Secret("sk_test_third"))
    get_client(NEWER)
    get_client(CREDENTIALS)
    get_client(third)
    assert list(clients._clients) == [CREDENTIALS, third]
    gone = get_client(NEWER)
    get_client(third)
    assert get_client(NEWER) is gone
    with pytest.raises(CredentialsRefused):
        first.get("organizations")  # a running request can still use it


def variables_of_the_sdk() -> set[str]:
    """Return every environment variable that the SDK's source mentions."""
    sources = Path(str(workos.__file__)).parent.rglob("*.py")
    return {name for source in sources for name in re.findall(r"\bWORKOS_[A-Z_]+\b", source.read_text())}


def variables_of_the_import() -> set[str]:
    """Return every variable from which a first start imports settings for WorkOS."""
    ours = [*(key for key in schema.settings if key.startswith("workos_")), "super_admin_emails"]
    return {name for key in ours for name in schema[key].imported_from}


def test_the_misleading_environment_misses_no_variable() -> None:
    assert "WORKOS_BASE_URL" in variables_of_the_sdk()
    assert "WORKOS_AUTHKIT_DOMAIN" in variables_of_the_import()
    assert variables_of_the_sdk() | variables_of_the_import() <= ENVIRONMENT.keys()


def test_no_variable_of_the_environment_has_a_say(
    workos_hub: AuthKit, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    visitor.sign_in(workos_hub)
    assert visitor.may_administer()
    (exchange,) = workos_hub.asked("/user_management/authenticate")
    assert exchange["client_secret"] == API_KEY


def test_without_credentials_none_of_the_environment_are_taken(
    workos_hub: AuthKit, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKOS_API_KEY", API_KEY)
    with override_config(workos_api_key=None):
        assert visitor.get("/auth/login").status_code == 503


def test_the_api_key_shows_up_nowhere(workos_hub: AuthKit, visitor: Visitor, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    visitor.sign_in(workos_hub)
    workos_hub.api_key = "sk_test_rotated_key"
    response = Visitor().sign_in(workos_hub)
    assert API_KEY not in caplog.text + response.content.decode() + repr(clients._clients)


USE_THE_HUB = """
import sys, django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("bootstrap")
client = Client(HTTP_HOST="127.0.0.1")
assert client.get("/auth/login").status_code == 200
account = {"username": "owner@example.com", "password": sys.argv[1]}
assert client.post("/auth/login", account).status_code == 302
call_command("config", "set", "log_level=warning", "workos_client_id=client_1")
for page in PAGES:
    assert client.get(page).status_code == 200, page
assert client.post("/admin/config_app/systemconfig/preview/", {"port": "9000"}).status_code == 200
assert client.post("/auth/logout").status_code == 302
heavy = {"workos", "httpx2", "jwt"} & sys.modules.keys()
assert not heavy, heavy
"""
PAGES = (
    "/",
    "/admin/",
    "/admin/config_app/systemconfig/",
    "/admin/config_app/revision/",
    "/admin/hub/user/",
    "/auth/workos",
    "/api/config",
    "/health/ready",
)
COMMANDS = (("bootstrap",), ("config", "show"), ("config", "set", "log_level", "info"))


def test_local_mode_does_not_load_the_sdk(hub_process: HubProcess) -> None:
    hub_process.claim()
    environment = hub_process.environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", f"PAGES = {PAGES}{USE_THE_HUB}", "correct horse battery staple"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_command_line_does_not_load_the_sdk(started_hub: HubProcess) -> None:
    for command in COMMANDS:
        done = started_hub.run(*command, PYTHONPROFILEIMPORTTIME="1")
        assert done.returncode == 0, done.stderr
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
        assert "django" in loaded
        assert not {"workos", "httpx2", "jwt"} & loaded, command


def test_the_address_of_workos_is_a_constant_that_only_a_settings_module_changes(
    hub_process: HubProcess,
) -> None:
    ask = "from hub.workos.remote.credentials import api_url; print(api_url())"
    code = f"import django; django.setup(); {ask}"
    settings = {"DJANGO_SETTINGS_MODULE": "hub.settings"}
    environment = hub_process.environment | ENVIRONMENT | settings
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "https://api.workos.com"


def test_another_stand_in_is_another_workos(workos_hub: AuthKit, visitor: Visitor) -> None:
    with running_authkit() as other:
        other.person["email"] = OWNER
        assert visitor.get(f"/auth/callback?code=code_1&state={other.url}").status_code == 400
        assert other.requests == []
