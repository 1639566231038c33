"""Exports of an install with a few settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from config_app.api import plan
from config_app.transfer import passphrase
from tests.support.config_command import CANARY, config

PASSPHRASE = "several words in a row"
ORIGINS = ("https://a.example", "https://b.example")


@pytest.fixture
def cheap_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scrypt take a millisecond, because some tests derive very many keys."""
    monkeypatch.setitem(passphrase.COST, "n", 2**10)


@pytest.fixture
def exported(install: None, tmp_path: Path) -> Path:
    """Return an export without secrets of an install that has one."""
    changes = {"port": 9001, "log_level": "debug", "enable_hsts": True, "allowed_origins": ORIGINS}
    plan(changes | {"workos_api_key": CANARY}).apply()
    path = tmp_path / "export.json"
    config("export", str(path))
    return path


@pytest.fixture
def passphrase_file(tmp_path: Path, cheap_derivation: None) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(f"{PASSPHRASE}\n")
    return path


@pytest.fixture
def sealed(exported: Path, passphrase_file: Path, tmp_path: Path) -> Path:
    """Return an export with secrets."""
    path = tmp_path / "sealed.json"
    config("export", "--secrets", "--passphrase-file", str(passphrase_file), str(path))
    return path
