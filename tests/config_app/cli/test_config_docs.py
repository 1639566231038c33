"""`config docs` prints the reference or writes its files; it needs no database."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError

from config_app.errors import ConfigError
from config_app.presentation import reference
from tests.support.config_command import config
from tests.support.processes.hub_process import HubProcess


def test_markdown_is_the_default() -> None:
    assert config("docs").out == config("docs", "--format", "markdown").out == reference.markdown().rstrip()


def test_it_prints_the_example_for_the_environment() -> None:
    assert config("docs", "--format", "env").out == reference.env_example().rstrip()


def test_it_prints_the_json_schema() -> None:
    assert config("docs", "--format", "jsonschema").json == reference.json_schema()


def test_an_unknown_format_is_a_wrong_call() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        config("docs", "--format", "pdf")


def test_it_writes_both_files_and_then_leaves_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    assert all(line.endswith(" written") for line in config("docs", "--write").lines)
    assert (tmp_path / "docs" / "settings.md").read_text() == reference.markdown()
    assert (tmp_path / ".env.example").read_text() == reference.env_example()
    assert all(line.endswith(" is up to date") for line in config("docs", "--write").lines)


def test_a_folder_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    (tmp_path / "docs").touch()
    with pytest.raises(ConfigError, match=r"docs/settings\.md cannot be written"):
        config("docs", "--write")


def test_it_needs_no_database(hub_process: HubProcess) -> None:
    assert hub_process.config("docs").startswith("# Settings")
    assert not hub_process.data_dir.exists()
