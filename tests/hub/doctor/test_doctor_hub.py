"""Problems that the doctor finds in a hub: files, the claim, possible sign-ins, the address."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from config_app.api import plan
from hub.doctor import files
from hub.models import User
from setup_wizard.claiming import tokens
from setup_wizard.models import SetupToken
from tests.support.browsers.clients import configure
from tests.support.config_command import sql
from tests.support.doctor_findings import WORKOS_CREDENTIALS, fact, facts_of, findings, line_of
from tests.support.ports import free_port
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.unprivileged import as_ordinary_user


def test_an_instance_directory_that_others_can_open_is_found(started_hub: HubProcess) -> None:
    started_hub.data_dir.chmod(0o755)
    found = line_of(facts_of(started_hub)["data_directory"])
    assert found.startswith(f"error: other users can open {started_hub.data_dir}; run chmod 700")


def test_an_instance_directory_that_can_be_made_is_fine(hub_process: HubProcess) -> None:
    found = facts_of(hub_process, HUB_DATA_DIR=str(hub_process.folder / "new" / "data"))["data_directory"]
    assert (found["status"], "the first start creates it" in found["finding"]) == ("ok", True)


def test_an_instance_directory_that_cannot_be_made_is_found_before_the_first_start(
    hub_process: HubProcess,
) -> None:
    facts = facts_of(hub_process, HUB_DATA_DIR="/proc/new/data")
    assert facts["database_file"]["status"] == "error"
    found = line_of(facts["data_directory"])
    assert found.startswith(
        "error: /proc cannot be written to; make it possible to create /proc/new/data, or set HUB_DATA"
    )
    assert hub_process.run("bootstrap", HUB_DATA_DIR="/proc/new/data").returncode == 1


@pytest.mark.parametrize("place", ["/proc", "/dev/null"])
def test_a_place_for_the_database_that_cannot_be_made_is_found(hub_process: HubProcess, place: str) -> None:
    facts = facts_of(hub_process, HUB_DATABASE_PATH=f"{place}/new/hub.db")
    fix = f"; make it possible to create {place}/new/hub.db, or set HUB_DATABASE_PATH"
    assert fix in line_of(facts["database_file"])


def test_a_parent_that_this_user_cannot_write_to_is_in_the_way(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with as_ordinary_user():
        assert "cannot be written to" in str(files._obstacle(tmp_path / "new" / "data"))
    tmp_path.chmod(0o700)
    assert files._obstacle(tmp_path / "new" / "data") is None


def test_a_database_file_that_others_can_read_is_found(hub_process: HubProcess) -> None:
    folder = hub_process.folder / "open"
    folder.mkdir()
    hub_process.environment["HUB_DATABASE_PATH"] = str(folder / "hub.db")
    hub_process.bring_up()
    assert facts_of(hub_process)["database_file"]["status"] == "ok"
    (folder / "hub.db").chmod(0o644)
    assert "run chmod 600" in line_of(facts_of(hub_process)["database_file"])


def test_a_copied_file_within_the_private_directory_is_nothing_to_complain_about(
    started_hub: HubProcess,
) -> None:
    started_hub.database.chmod(0o644)
    assert facts_of(started_hub)["database_file"]["status"] == "ok"


def test_a_key_file_that_others_can_read_is_found(started_hub: HubProcess) -> None:
    (started_hub.data_dir / "machine.key").chmod(0o644)
    facts = facts_of(started_hub)
    expected = "error: the keyring is locked: other users can read the key file"
    assert line_of(facts["key_file"]).startswith(expected)
    assert facts["keyring"]["status"] == facts["secrets"]["status"] == "error"


def test_an_env_file_with_secrets_in_it_is_found_without_a_word_of_them(hub_process: HubProcess) -> None:
    hub_process.env_file.write_text("WORKOS_API_KEY=sk_canary1234\nHUB_PORT=8884\n")
    assert "imports" in facts_of(hub_process)["env_file"]["finding"]
    hub_process.bring_up()
    hub_process.env_file.chmod(0o644)
    done = hub_process.run("config", "doctor")
    assert f"{hub_process.env_file} still contains WORKOS_API_KEY, and other users of this" in done.stdout
    assert "canary" not in done.stdout
    hub_process.env_file.chmod(0o600)
    assert "WORKOS_API_KEY, and the file is plain text" in line_of(facts_of(hub_process)["env_file"])
    hub_process.env_file.write_text("HUB_PORT=8884\nWORKOS_API_KEY=\n")
    assert facts_of(hub_process)["env_file"]["status"] == "ok"


def test_an_env_file_that_cannot_be_read_is_found(started_hub: HubProcess) -> None:
    started_hub.env_file.unlink()
    started_hub.env_file.mkdir()
    assert "cannot be read" in line_of(facts_of(started_hub)["env_file"])


def test_an_unclaimed_hub_without_a_token_is_found(install: None) -> None:
    settings.INSTANCE.token_file.unlink(missing_ok=True)
    assert findings("setup_token") == ("warning", ["token_unusable"])
    tokens.ensure()
    assert findings("setup_token") == ("ok", [])
    settings.INSTANCE.token_file.chmod(0o644)
    assert findings("setup_token") == ("warning", ["token_unusable"])
    settings.INSTANCE.token_file.unlink()


def test_a_browser_that_is_setting_up_needs_no_token(install: None) -> None:
    settings.INSTANCE.token_file.unlink(missing_ok=True)
    now = timezone.now()
    SetupToken.objects.create(digest="x", machine="box", created_at=now, expires_at=now, used_at=now)
    assert "a person is setting it up in a browser" in fact("setup_token").finding


def test_a_token_file_that_outlived_the_claim_is_found(owner: User) -> None:
    settings.INSTANCE.token_file.touch(mode=0o600)
    assert findings("setup_token") == ("warning", ["token_left"])
    settings.INSTANCE.token_file.unlink()


def test_nobody_signs_in_to_an_unclaimed_hub(install: None) -> None:
    assert fact("sign_in").finding == "no one can sign in: this hub is not claimed"


@pytest.mark.parametrize(
    ("column", "value"), [("password", "!"), ("is_active", False), ("email", "else@example.com")]
)
def test_a_hub_whose_super_admins_cannot_sign_in_is_found(owner: User, column: str, value: Any) -> None:
    assert findings("sign_in") == ("ok", [])
    User.objects.update(**{column: value})
    assert findings("sign_in") == ("error", ["no_administrator"])


def test_in_mode_workos_a_super_admin_has_signed_in_there(owner: User) -> None:
    plan({**WORKOS_CREDENTIALS, "app_mode": "workos"}).apply()
    assert findings("sign_in") == ("warning", ["no_administrator"])
    sql("UPDATE hub_user SET workos_user_id = 'user_1', verified_email = email")
    assert findings("sign_in") == ("ok", [])


def test_it_says_where_nobody_new_could_sign_in_while_workos_is_down(owner: User) -> None:
    plan({**WORKOS_CREDENTIALS, "app_mode": "workos"}).apply()
    assert fact("local_administrator").finding == "a super admin has a password"
    sql("UPDATE hub_user SET password = '!'")
    assert "no one can sign in while WorkOS is down" in fact("local_administrator").finding


def test_a_local_administrator_who_is_gone_is_found(owner: User) -> None:
    sql("UPDATE hub_user SET is_active = false")
    assert findings("local_administrator") == ("warning", ["local_admin_gone"])


def test_lost_credentials_of_workos_are_found(owner: User) -> None:
    assert fact("workos").finding == "not in use"
    plan({**WORKOS_CREDENTIALS, "app_mode": "workos"}).apply()
    assert findings("workos") == ("ok", [])
    sql("UPDATE config_wrapped_key SET wrapped = 'x'")
    assert findings("workos") == ("error", ["workos_credentials"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bind_address": "0.0.0.0"}, "hub.W003"),  # noqa: S104
        ({"enable_hsts": True}, "hub.W004"),
        ({"trusted_proxies": "0.0.0.0/0"}, "hub.W005"),
        ({"public_url": "https://hub.example.com", "trusted_proxies": "127.0.0.1"}, "hub.W001"),
    ],
)
def test_what_the_deployment_checks_say_is_found(owner: User, changes: dict[str, Any], code: str) -> None:
    configure(**changes)
    assert findings("transport") == ("warning", [code])


def test_an_address_that_the_next_start_cannot_have_is_found(owner: User) -> None:
    port = free_port()  # no other process of the tests gets this port
    with socket.create_server(("127.0.0.1", port)):
        configure(port=port)
        assert findings("listener") == ("warning", ["listener"])
        assert "is in use: " in str(fact("listener").problems[0])
    assert findings("listener") == ("ok", [])


def test_the_names_of_the_hub_are_listed(owner: User) -> None:
    configure(allowed_hosts="hub.lan", public_url="http://hub.example.com")
    assert all(name in fact("hosts").finding for name in ("localhost", "hub.lan", "hub.example.com"))
