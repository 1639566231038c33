"""``config recovery-code``: a new code is shown once, and an earlier one stops working (K9)."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from config_app.api import get_config, plan
from config_app.errors import ConfigError, KeyringLocked
from tests.support.config_command import CANARY, config, database_content, run
from tests.support.keys import locked_here
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.terminal_session import type_into

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _secret(transactional_db: None, install: None) -> None:
    plan({"workos_api_key": CANARY}).apply()


def test_a_code_in_a_file_is_private_and_unlocks(tmp_path: Path) -> None:
    found = config("recovery-code", "--file", f"{tmp_path}/code")
    code = (tmp_path / "code").read_text().strip()
    assert stat.S_IMODE((tmp_path / "code").stat().st_mode) == 0o600
    assert code not in found.out + found.err
    with locked_here():
        run("unlock", "--code-file", f"{tmp_path}/code")
        assert get_config().workos_api_key.reveal() == CANARY


def test_the_earlier_code_stops_working(tmp_path: Path) -> None:
    for name in ("first", "second"):
        config("recovery-code", "--file", f"{tmp_path}/{name}")
    with locked_here():
        with pytest.raises(KeyringLocked, match="the recovery key does not fit"):
            run("unlock", "--code-file", f"{tmp_path}/first")
        run("unlock", "--code-file", f"{tmp_path}/second")


def test_without_a_terminal_and_a_file_no_code_is_made() -> None:
    before = database_content()
    with pytest.raises(ConfigError, match=r"run manage\.py config recovery-code --file F"):
        config("recovery-code")
    assert database_content() == before


def test_a_file_that_exists_is_not_overwritten_and_the_earlier_code_still_works(tmp_path: Path) -> None:
    config("recovery-code", "--file", f"{tmp_path}/code")
    before = database_content()
    for name in ("code", "missing/code"):
        with pytest.raises(ConfigError):
            config("recovery-code", "--file", f"{tmp_path}/{name}")
    assert database_content() == before


def test_with_a_locked_keyring_no_code_is_made(tmp_path: Path) -> None:
    with locked_here(), pytest.raises(KeyringLocked, match="the machine key is missing"):
        config("recovery-code", "--file", f"{tmp_path}/code")
    assert not (tmp_path / "code").exists()


def test_a_terminal_shows_the_code_once(started_hub: HubProcess) -> None:
    status, screen = type_into(started_hub, "config", "recovery-code", typed="")
    assert status == 0, screen
    assert len(re.findall(r"Recovery code: (?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}\b", screen)) == 1


def test_the_code_is_typed_without_being_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config("recovery-code", "--file", f"{tmp_path}/code")
    typed = (tmp_path / "code").read_text().lower().replace("-", " ")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", lambda _question: typed)
    with locked_here():
        assert "can read the secrets from now on" in run("unlock").out
        assert get_config().workos_api_key.reveal() == CANARY
