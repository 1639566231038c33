"""The engine uses only general terms: no word of the hub, its first product, appears in it (E12)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import config_app

ENGINE = Path(config_app.__file__).parent
WORDS = re.compile(r"\b(hubs?|bootstrap\w*|wizards?|unconfigured|workos|authkit|claim\w*)\b", re.IGNORECASE)
TEXTS = {".py", ".html", ".js", ".css", ".svg", ".txt"}
FILES = sorted(path for path in ENGINE.rglob("*") if path.suffix in TEXTS and "migrations" not in path.parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ENGINE)))
def test_no_file_of_the_engine_uses_a_word_of_the_hub(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [line.strip() for line in lines if WORDS.search(line)] == []


def test_a_word_of_the_hub_is_found() -> None:
    assert WORDS.search('help="Where the hub listens"')
    assert WORDS.search("run manage.py bootstrap")
    assert not WORDS.search("GitHub's checks")
