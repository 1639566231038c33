"""`config export` writes what is in force, and never a secret in plain text (K7)."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from config_app.errors import ConfigError
from tests.config_app.conftest import ORIGINS, PASSPHRASE
from tests.support.config_command import CANARY, config, sql, write_row


def test_it_has_the_settings_that_are_not_at_their_default(exported: Path) -> None:
    document = json.loads(exported.read_text())
    assert (document["format"], document["version"], document["revision"]) == ("config-export", 1, 2)
    expected = {"log_level": "debug", "enable_hsts": True, "allowed_origins": list(ORIGINS)}
    assert document["settings"].items() >= expected.items()
    assert "csp_report_uri" not in document["settings"]


def test_it_names_what_it_leaves_out(exported: Path) -> None:
    document = json.loads(exported.read_text())
    assert {"workos_api_key", "port", "bind_address"} <= set(document["omitted"])
    assert not document["settings"].keys() & set(document["omitted"])


def test_what_only_code_may_change_stays_out(exported: Path) -> None:
    assert not {"setup_completed", "database_path", "encryption_key_salt"} & set(
        json.loads(exported.read_text())["settings"]
    )


def test_without_a_file_it_is_printed(exported: Path) -> None:
    printed = config("export")
    assert printed.json["settings"] == json.loads(exported.read_text())["settings"]
    assert printed.err == ""
    assert config("export", "--only", "log_level", str(exported.with_name("one.json"))).out == (
        f"exported 1 setting of revision 2 to {exported.with_name('one.json')}, without secrets"
    )


def test_the_file_is_private_and_is_not_replaced_by_accident(exported: Path) -> None:
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    before = exported.read_bytes()
    with pytest.raises(ConfigError, match="exists already; choose another name, or add --overwrite"):
        config("export", str(exported))
    assert exported.read_bytes() == before
    config("export", "--only", "log_level", "--overwrite", str(exported))
    assert json.loads(exported.read_text())["settings"] == {"log_level": "debug"}


def test_settings_of_one_machine_are_exported_if_they_are_named(install: None, exported: Path) -> None:
    assert config("export", "--only", "port").json["settings"] == {"port": 9001}
    everything = config("export", "--include", "port").json["settings"]
    assert (everything["port"], everything["log_level"]) == (9001, "debug")
    assert "port" not in config("export", "--section", "network").json["settings"]


def test_keys_and_sections_select(exported: Path) -> None:
    found = config("export", "--only", "log_level,enable_hsts", "--except", "log_level").json
    assert found["settings"] == {"enable_hsts": True}
    assert "log_level" in config("export", "--section", "Server").json["settings"]
    with pytest.raises(ConfigError, match="log_levl: no such setting; did you mean log_level"):
        config("export", "--only", "log_levl")
    with pytest.raises(ConfigError, match="no such section; choose one of setup, network"):
        config("export", "--section", "nets")


def test_secrets_are_encrypted_with_the_whole_document(sealed: Path) -> None:
    text = sealed.read_text()
    assert CANARY not in text
    assert PASSPHRASE not in text
    assert "log_level" not in text


def test_a_weak_or_missing_passphrase_is_refused(exported: Path, tmp_path: Path) -> None:
    weak = tmp_path / "weak"
    weak.write_text("short")
    target = tmp_path / "new.json"
    for arguments in (["--passphrase-file", str(weak)], []):
        with pytest.raises(ConfigError, match="passphrase"):
            config("export", "--secrets", *arguments, str(target))
    weak.write_text("several words\nin two lines\n")
    with pytest.raises(ConfigError, match="expected a file with one line"):
        config("export", "--secrets", "--passphrase-file", str(weak), str(target))
    assert not target.exists()


def test_a_secret_that_cannot_be_decrypted_is_named(exported: Path, passphrase_file: Path) -> None:
    sql("UPDATE system_config SET config_value = 'broken' WHERE config_key = 'workos_api_key'")
    sql("UPDATE config_change SET new_value = 'broken' WHERE key = 'workos_api_key'")
    arguments = ["export", "--secrets", "--passphrase-file", str(passphrase_file)]
    with pytest.raises(ConfigError, match=r"workos_api_key: .* leave it out with --except workos_api_key"):
        config(*arguments)
    assert "workos_api_key" in config("export").json["omitted"]


def test_an_invalid_row_is_exported_with_the_last_good_value(exported: Path) -> None:
    write_row("log_level", "deafening")
    found = config("export")
    assert found.json["settings"]["log_level"] == "debug"
    assert "warning: log_level: the stored value is not valid" in found.err


def test_a_file_that_cannot_be_written_leaves_nothing(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        config("export", str(tmp_path / "nowhere" / "export.json"))
