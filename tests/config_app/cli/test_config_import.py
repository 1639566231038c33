"""`config import` makes one revision, or changes nothing and says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config_app.api import UNSET, get_config, plan, reload_config
from config_app.errors import ConfigError, InvalidPlan, StaleRevision
from config_app.models import Revision
from config_app.transfer.document import MAX_BYTES
from tests.config_app.conftest import ORIGINS
from tests.support.config_command import CANARY, config, database_content, sql


def document(path: Path, settings: dict[str, Any], **members: Any) -> str:
    """Write an export by hand, without a checksum; return its path."""
    path.write_text(json.dumps({"format": "config-export", "version": 1, "settings": settings, **members}))
    return str(path)


@pytest.fixture
def changed(exported: Path) -> Path:
    """Return an export; since then, three of its settings and one other have changed."""
    plan({"log_level": UNSET, "enable_hsts": False, "allowed_origins": UNSET, "server_workers": 3}).apply()
    return exported


def test_it_brings_the_exported_values_back_in_one_revision(changed: Path) -> None:
    said = config("import", str(changed), "--yes").lines[0]
    assert said.startswith("revision 4: ")
    found = reload_config()
    assert (found.log_level, found.enable_hsts, found.allowed_origins) == ("debug", True, ORIGINS)
    assert (found.server_workers, found.port) == (3, 9001)
    revision = Revision.objects.latest("number")
    assert (revision.channel, revision.reason) == ("cli", "import of export.json")


def test_replace_returns_other_settings_to_their_default_but_not_what_was_omitted(changed: Path) -> None:
    config("import", str(changed), "--yes", "--replace")
    found = reload_config()
    assert (found.server_workers, found.port) == (2, 9001)
    assert found.workos_api_key.reveal() == CANARY


def test_replace_without_secrets_in_the_file_keeps_every_secret(changed: Path, tmp_path: Path) -> None:
    config("import", document(tmp_path / "hand.json", {"log_level": "debug"}), "--yes", "--replace")
    found = reload_config()
    assert (found.workos_api_key.reveal(), found.server_workers) == (CANARY, 2)


def test_secrets_travel_under_the_passphrase(sealed: Path, passphrase_file: Path) -> None:
    plan({"workos_api_key": UNSET}).apply()
    plan({"workos_api_key": "sk_other_key_1234"}).apply()
    said = config("import", str(sealed), "--yes", "--passphrase-file", str(passphrase_file))
    assert CANARY not in said.out + said.err
    assert reload_config().workos_api_key.reveal() == CANARY


def test_a_wrong_passphrase_is_one_line(sealed: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("several other words")
    before = database_content()
    with pytest.raises(ConfigError, match="the passphrase is wrong, or the file was altered"):
        config("import", str(sealed), "--yes", "--passphrase-file", str(wrong))
    assert database_content() == before


def test_a_dry_run_writes_nothing(changed: Path) -> None:
    before = database_content()
    assert "log_level info (default) → debug" in config("import", str(changed), "--dry-run").out
    assert database_content() == before


def test_it_asks_first(changed: Path) -> None:
    before = database_content()
    with pytest.raises(ConfigError, match="not a terminal; add --yes"):
        config("import", str(changed))
    assert database_content() == before


def test_the_base_revision_is_checked(changed: Path) -> None:
    with pytest.raises(StaleRevision):
        config("import", str(changed), "--yes", "--if-revision", "2")


def test_every_error_is_named_and_nothing_changes(changed: Path, tmp_path: Path) -> None:
    wrong = {"port": "no", "log_level": 7, "enable_hsts": True, "log_levl": "debug", "setup_completed": True}
    before = database_content()
    with pytest.raises(InvalidPlan) as refused:
        config("import", document(tmp_path / "wrong.json", wrong), "--yes", "--include", "port")
    said = [str(error) for error in refused.value.errors]
    assert [line.split(":")[0] for line in said] == ["log_levl", "port", "log_level", "setup_completed"]
    assert said[0] == "log_levl: no such setting; did you mean log_level?"
    assert database_content() == before


def test_a_key_without_any_likeness_can_be_left_out(changed: Path, tmp_path: Path) -> None:
    path = document(tmp_path / "hand.json", {"zzzz": 1, "log_level": "debug"})
    with pytest.raises(InvalidPlan, match="zzzz: no such setting; leave it out with --except zzzz"):
        config("import", path, "--yes")
    config("import", path, "--yes", "--except", "zzzz")
    assert reload_config().log_level == "debug"


def test_a_setting_that_was_removed_is_left_out_with_a_note(changed: Path, tmp_path: Path) -> None:
    sql("UPDATE config_change SET key = 'old_level' WHERE id = (SELECT MIN(id) FROM config_change)")
    said = config("import", document(tmp_path / "o.json", {"old_level": 1, "log_level": "debug"}), "--yes")
    assert said.err == "old_level: this setting was removed from the project, so it is left out"


def test_a_setting_of_one_machine_is_left_out_unless_it_is_named(changed: Path, tmp_path: Path) -> None:
    path = document(tmp_path / "hand.json", {"port": 9009, "log_level": "debug"})
    said = config("import", path, "--yes")
    assert (
        said.err
        == "port: this setting belongs to one machine, so it is left out; add --include port to import it"
    )
    assert get_config().port == 9001
    config("import", path, "--yes", "--include", "port")
    assert reload_config().port == 9009


def test_an_import_that_changes_nothing_says_so(changed: Path, tmp_path: Path) -> None:
    said = config("import", document(tmp_path / "hand.json", {"port": 9009}), "--yes")
    assert said.out == "nothing to change: all settings already have these values at revision 3"
    assert said.err.startswith("port: this setting belongs to one machine")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "line 1 is not valid JSON, or the file is cut off"),
        (b"[]", 'expected a JSON object with "format": "config-export"'),
        (b'{"port": 9000}', 'expected a JSON object with "format": "config-export"'),
        (b"\xff\xfe{", "it is not UTF-8 text"),
        (b"[" * 100_000, "its JSON is nested too deeply"),
        (b'{"format": "config-export", "version": 2}', "its format has version 2, but this program"),
        (b'{"format": "config-export", "version": true, "settings": {}}', 'expected "version": 1'),
        (b'{"format": "config-export", "version": 1, "settings": []}', '"settings": expected an object'),
        (b'{"format": "config-export", "version": 1, "settings": {"a": NaN}}', "NaN is not a JSON value"),
        (
            b'{"format": "config-export", "version": 1, "settings": {"a": 1, "a": 2}}',
            'the member "a" occurs twice',
        ),
        (
            b'{"format": "config-export", "version": 1, "settings": {}, "x": 1}',
            'does not have these members: "x"',
        ),
        (b'{"format": "config-export", "version": 1, "encryption": {}, "ciphertext": ""}', "damaged"),
        (b" " * (MAX_BYTES + 1), "it is larger than 16 MB"),
    ],
)
def test_a_file_that_is_no_export_is_one_line(
    text: bytes, expected: str, changed: Path, passphrase_file: Path
) -> None:
    changed.write_bytes(text)
    before = database_content()
    with pytest.raises(ConfigError) as refused:
        config("import", str(changed), "--yes", "--passphrase-file", str(passphrase_file))
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)
    assert database_content() == before


def test_a_forged_file_cannot_ask_for_all_memory(sealed: Path, passphrase_file: Path) -> None:
    forged = json.loads(sealed.read_text())
    forged["encryption"]["kdf"]["n"] = 2**25
    sealed.write_text(json.dumps(forged))
    with pytest.raises(ConfigError, match="too much memory"):
        config("import", str(sealed), "--yes", "--passphrase-file", str(passphrase_file))
