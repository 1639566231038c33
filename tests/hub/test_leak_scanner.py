"""The scanner of `test_canary_scan.py` finds a secret in every usual encoding (K5)."""

from __future__ import annotations

import base64

import pytest

from tests.support.leaks.planted import NASTY
from tests.support.leaks.scanner import Scanner, forms

ON_PURPOSE = f"a canary in the wrong place {NASTY}"


@pytest.mark.parametrize("encoding", forms(ON_PURPOSE))
def test_the_scan_finds_every_encoding(encoding: str) -> None:
    scanner = Scanner({"on purpose": ON_PURPOSE})
    scanner.look("here", b"before " + forms(ON_PURPOSE)[encoding] + b" after")
    assert scanner.beyond(set()) == [("on purpose", "here")]


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_the_scan_finds_a_secret_inside_a_longer_encoded_text(before: str) -> None:
    scanner = Scanner({"on purpose": ON_PURPOSE})
    scanner.look("here", base64.b64encode(f"{before}{ON_PURPOSE} and more".encode()))
    assert scanner.beyond(set()) == [("on purpose", "here")]
