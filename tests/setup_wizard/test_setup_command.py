"""The claim without a browser: ``manage.py setup`` and ``manage.py setup_token`` (S2, S7)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess
from tests.support.processes.served_hub import lines_to_every_worker, wait_for_workers
from tests.support.waiting import wait_for

LOCAL = ("setup", "--mode", "local", "--admin-email", OWNER, "--password-file", "-")
WORKOS = ("setup", "--mode", "workos", "--client-id", "client_123", "--super-admin", OWNER)
KEY = "sk_test_canary12345"
LEAVE_OUT = "leave out --admin-email and --password-file"


def setting(hub: HubProcess, key: str) -> str | None:
    return dict(hub.sql("SELECT config_key, config_value FROM system_config")).get(key)


def refusal(hub: HubProcess, *arguments: str, text: str = PASSWORD, status: int = 1) -> str:
    """Run a command that must be refused and change nothing; return its error line."""
    before = hub.sql("SELECT * FROM system_config") if hub.database.exists() else []
    done = hub.run(*arguments, text=text)
    assert (done.returncode, done.stdout) == (status, ""), done
    if hub.database.exists() and before:
        assert hub.sql("SELECT * FROM system_config") == before
    lines = [line for line in done.stderr.splitlines() if " WARNING " not in line]
    if status == 1:
        assert len(lines) == 1, done.stderr
    return lines[-1]


def test_an_empty_machine_is_claimed_in_one_command(hub_process: HubProcess) -> None:
    hub = hub_process
    said = hub.manage(*LOCAL, "--admin-name", "Olive", "--set", "port=9001", "--reason", "new", text=PASSWORD)
    assert said.startswith("claimed in mode local as revision ")
    assert (setting(hub, "app_mode"), setting(hub, "port")) == ("local", "9001")
    assert setting(hub, "super_admin_emails") == setting(hub, "local_admin_email") == OWNER
    assert hub.sql("SELECT email, name FROM hub_user") == [(OWNER, "Olive")]
    assert hub.sql("SELECT channel, reason FROM config_revision ORDER BY number DESC LIMIT 1") == [
        ("cli", "new")
    ]
    assert not (hub.data_dir / "setup-token").exists()


def test_the_same_claim_again_changes_nothing(started_hub: HubProcess) -> None:
    hub = started_hub
    hub.manage(*LOCAL, text=PASSWORD)
    before = hub.sql("SELECT * FROM hub_user"), hub.sql("SELECT * FROM config_revision")
    assert "already claimed" in hub.manage(*LOCAL, text=PASSWORD + " other")
    assert (hub.sql("SELECT * FROM hub_user"), hub.sql("SELECT * FROM config_revision")) == before
    assert "already claimed" in refusal(hub, *LOCAL[:4], "eve@example.com", "--password-file", "-")
    assert "already claimed" in refusal(hub, *WORKOS, "--api-key-file", "-", text=KEY)


def test_workos_mode_is_claimed_with_the_key_from_a_file(started_hub: HubProcess, tmp_path: Path) -> None:
    hub, key = started_hub, tmp_path / "key"
    key.write_text(KEY + "\n")
    options = ("--api-key-file", str(key), "--super-admin", "bo@example.com,al@example.com")
    assert "mode workos" in hub.manage(*WORKOS, *options)
    assert setting(hub, "super_admin_emails") == f"{OWNER},bo@example.com,al@example.com"
    stored = setting(hub, "workos_api_key")
    assert stored
    assert KEY not in stored
    assert setting(hub, "workos_cookie_password")
    assert hub.sql("SELECT * FROM hub_user") == []
    assert "already claimed" in hub.manage(*WORKOS, *options)
    assert "already claimed" in refusal(hub, *WORKOS[:4], "client_other", *WORKOS[5:])


def test_what_env_said_need_not_be_said_again(hub_process: HubProcess) -> None:
    hub = hub_process
    lines = ["WORKOS_CLIENT_ID=client_env", f"WORKOS_API_KEY={KEY}", f"SUPER_ADMIN_EMAILS={OWNER}"]
    hub.create_tables()
    hub.env_file.write_text("\n".join(lines))
    hub.manage("setup", "--mode", "workos")
    assert setting(hub, "app_mode") == "workos"


@pytest.mark.parametrize("password", ["sh0rt", "12345678901234", "password12", OWNER, "", "\n"])
def test_a_weak_password_is_refused(started_hub: HubProcess, password: str) -> None:
    line = refusal(started_hub, *LOCAL, text=password)
    assert "--password-file" in line
    assert not password.strip() or password not in line


@pytest.mark.parametrize("ending", ["second line", "\n", "\r\n"])
def test_a_password_file_has_one_line(started_hub: HubProcess, ending: str) -> None:
    line = refusal(started_hub, *LOCAL, text=f"{PASSWORD}\n{ending}")
    assert "--password-file: expected a file with one line" in line
    assert PASSWORD not in line


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--set", "port=abc"), "port: expected a whole number from 1 to 65535"),
        (("--set", "banana=1"), "banana: no such setting"),
        (("--set", "setup_completed=true"), "setup_completed: cannot be set by hand"),
        (("--set", f"workos_api_key={KEY}"), "workos_api_key: a secret cannot be given on the command line"),
        (("--set", "port"), "--set: expected KEY=VALUE"),
        (("--admin-email", "olive"), "--admin-email: expected an e-mail address"),
        (("--password-file", "/no/such/file"), "--password-file: the file cannot be read"),
        (("--admin-name", "x" * 151), "--admin-name: expected at most 150"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_in_one_line(
    started_hub: HubProcess, options: tuple[str, ...], expected: str
) -> None:
    line = refusal(started_hub, *LOCAL, *options)
    assert line.startswith(f"error: {expected}")
    assert KEY not in line


def test_missing_credentials_are_named(started_hub: HubProcess) -> None:
    line = refusal(started_hub, *WORKOS)
    assert "workos_api_key" in line
    started_hub.manage(*WORKOS, "--api-key-file", "-", text=KEY)


@pytest.mark.parametrize(
    "options",
    [
        ("setup",),
        ("setup", "--mode", "banana"),
        ("setup", "--mode", "local", "--admin-email", OWNER),
        ("setup", "--mode", "local", "--password-file", "-"),
        (*WORKOS, "--password-file", "-"),
        ("setup_token", "--banana"),
    ],
)
def test_a_wrong_call_exits_with_2(hub_process: HubProcess, options: tuple[str, ...]) -> None:
    assert hub_process.run(*options, text="").returncode == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (LOCAL[:3], "--mode local needs --admin-email and --password-file"),
        (LOCAL[:5], "--mode local needs --password-file"),
        ((*WORKOS, "--password-file", "-"), f"--mode workos creates no account with a password; {LEAVE_OUT}"),
    ],
)
def test_a_call_that_lacks_options_is_refused_in_one_line_with_all_of_them(
    hub_process: HubProcess, options: tuple[str, ...], expected: str
) -> None:
    assert hub_process.run(*options, text="").stderr == f"error: {expected}\n"
    assert not hub_process.data_dir.exists()


def test_setup_token_prints_the_link_and_nothing_else(started_hub: HubProcess) -> None:
    hub = started_hub
    link = hub.manage("setup_token").strip()
    token = (hub.data_dir / "setup-token").read_text().strip()
    assert link == f"http://127.0.0.1:8884/setup/#token={token}"
    assert stat.S_IMODE((hub.data_dir / "setup-token").stat().st_mode) == 0o600
    assert hub.manage("setup_token").strip() == link
    assert hub.manage("setup_token", "--new").strip() != link
    (hub.data_dir / "setup-token").unlink()
    assert hub.manage("setup_token").strip() != link


@pytest.mark.parametrize(
    ("env", "origin"),
    [
        ("HUB_PORT=9001", "http://127.0.0.1:9001"),
        ("HUB_HOST=0.0.0.0", "http://127.0.0.1:8884"),
        ("HUB_HOST=::", "http://127.0.0.1:8884"),
        ("HUB_HOST=::1", "http://[::1]:8884"),
        ("HUB_HOST=10.1.2.3", "http://10.1.2.3:8884"),
        ("HUB_PUBLIC_URL=https://hub.example.com\nHUB_PORT=9001", "https://hub.example.com"),
    ],
)
def test_the_link_names_the_address_in_use(hub_process: HubProcess, env: str, origin: str) -> None:
    hub_process.create_tables()
    hub_process.env_file.write_text(env)
    hub_process.manage("bootstrap")
    assert hub_process.manage("setup_token").startswith(f"{origin}/setup/#token=")


def test_the_link_names_the_port_that_the_server_has(hub_process: HubProcess) -> None:
    hub_process.create_tables()
    hub_process.serve(workers=1)
    wait_for_workers(hub_process, 1)
    assert hub_process.manage("setup_token").startswith(f"{hub_process.url}/setup/#token=")
    token = (hub_process.data_dir / "setup-token").read_text().strip()
    assert token not in hub_process.log.read_text()
    assert "setup-token" in hub_process.log.read_text()


def test_a_claimed_hub_has_no_token_to_print(hub_process: HubProcess) -> None:
    hub_process.claim()
    assert "already claimed" in refusal(hub_process, "setup_token")
    assert "already claimed" in refusal(hub_process, "setup_token", "--new")
    assert not (hub_process.data_dir / "setup-token").exists()


def expect_of_every_worker(hub: HubProcess, status: int, path: str = "/setup/") -> None:
    """Wait until every worker answers with ``status``; without a notice, it would take 45 seconds or more."""
    with lines_to_every_worker(hub, 2) as lines:
        wait_for(lambda: {line.get(path).status for line in lines} == {status}, f"{path}: {status}")


def test_raw_sql_opens_the_wizard_of_a_running_hub_with_a_new_token(hub_process: HubProcess) -> None:
    hub, token_file = hub_process, hub_process.data_dir / "setup-token"
    hub.claim()
    hub.serve(workers=2)
    wait_for_workers(hub, 2)
    expect_of_every_worker(hub, 404)
    hub.sql("UPDATE system_config SET config_value = 'unconfigured' WHERE config_key = 'app_mode'")
    expect_of_every_worker(hub, 200)
    wait_for(token_file.exists, "the token")
    expect_of_every_worker(hub, 302, "/admin/")
    assert hub.manage("setup_token").strip().endswith(f"#token={token_file.read_text().strip()}")
    hub.claim()
    expect_of_every_worker(hub, 404)


def test_the_recovery_code_of_the_claim_unlocks_the_hub_on_another_machine(started_hub: HubProcess) -> None:
    hub = started_hub
    said = hub.manage(*LOCAL, "--recovery-code-file", "code", text=PASSWORD)
    code = (hub.folder / "code").read_text().strip()
    assert stat.S_IMODE((hub.folder / "code").stat().st_mode) == 0o600
    assert code not in said
    (hub.data_dir / "machine.key").unlink()
    locked = hub.run("config", "recovery-code", "--file", "another").stderr
    assert "the machine key is missing; " in locked
    assert "or run manage.py unlock and enter the recovery code of 20" in hub.shortened(locked)
    assert "can read the secrets from now on" in hub.manage("unlock", "--stdin", text=code)
    assert hub.run("config", "recovery-code", "--file", "another").returncode == 0


def test_without_a_terminal_the_claim_says_how_to_get_a_recovery_code(started_hub: HubProcess) -> None:
    done = started_hub.run(*LOCAL, text=PASSWORD)
    said = started_hub.shortened(done.stderr)
    assert "to get one, run manage.py config recovery-code --file F" in said
    assert "no_recovery_code" in started_hub.config("doctor", "--json")
    assert started_hub.sql("SELECT kind FROM config_key_slot") == [("machine",)]


def test_a_recovery_code_that_cannot_be_written_refuses_the_claim(started_hub: HubProcess) -> None:
    assert "cannot be written" in refusal(started_hub, *LOCAL, "--recovery-code-file", "missing/code")
    assert setting(started_hub, "app_mode") is None
