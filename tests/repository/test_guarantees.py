"""docs/guarantees.md defines each cited number exactly once, and the tests that it names exist."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import tests
from tests.repository.test_repository import files

ROOT = Path(tests.__file__).resolve().parent.parent
NUMBER = r"[SKWREB][1-9]\d?"
PROMISE = re.compile(rf"^### ({NUMBER}) ", re.MULTILINE)
GOAL = re.compile(rf"^- \*\*({NUMBER})\*\* ", re.MULTILINE)
TEST = re.compile(r"(test_\w+\.py)(?:::(test_\w+))?")
IN_CODE_STYLE = re.compile(r"`([^`]*\btest_[^`]*)`")
CITATION = re.compile(rf"(?<![\w#.:-]){NUMBER}(?![\w-]|\.\d)")  # a colour or a version is no citation
ALL_TEXT = ("*.py", "*.html", "*.md", "*.js", "*.css", "*.toml", "*.yml", "*.sh", "Makefile")
PAGE = (ROOT / "docs" / "guarantees.md").read_text()


def promises() -> dict[str, str]:
    """Return the text of each promise by its number."""
    _before, *parts = PROMISE.split(PAGE.partition("\n## Not promised yet")[0])
    return dict(zip(parts[::2], parts[1::2], strict=True))


def numbers() -> list[str]:
    """Return every number that the page defines; a number that is defined twice occurs twice."""
    return PROMISE.findall(PAGE) + GOAL.findall(PAGE)


def cited(text: str) -> set[str]:
    return set(CITATION.findall(text))


def test_every_promise_names_a_test() -> None:
    found = promises()
    assert {number[0] for number in found} == set("SKWREB")
    assert [number for number, text in found.items() if not IN_CODE_STYLE.search(text)] == []


def test_every_named_test_exists() -> None:
    modules = {path.name: path.read_text() for path in files("tests/*.py")}
    for name in IN_CODE_STYLE.findall(PAGE):
        named = TEST.fullmatch(name)
        assert named, f"{name}: expected `test_x.py` or `test_x.py::test_y`, without a folder"
        module, function = named.groups()
        text = modules.get(module)
        assert text is not None, f"no test file is called {module}"
        is_there = not function or f"def {function}(" in text
        assert is_there, f"no such test: {name}"


def test_no_number_is_defined_twice() -> None:
    assert [number for number, times in Counter(numbers()).items() if times > 1] == []


def test_every_cited_number_is_defined() -> None:
    defined = set(numbers())
    undefined = {path: cited(path.read_text()) - defined for path in files(*ALL_TEXT)}
    assert {str(path.relative_to(ROOT)): found for path, found in undefined.items() if found} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""Forwarded headers count only from trusted proxies (requirement W4)."""', {"W4"}),
        ("# in real gunicorn (S3, S4\n# and S6)", {"S3", "S4", "S6"}),
        ("as requirement W6 asks; Requirement K5: nothing", {"W6", "K5"}),
        ("(requirements R4, B10 to B13, B15–B18)", {"R4", "B10", "B13", "B15", "B18"}),
        ("x = 1  # noqa: S603, E501 - as W12 asks", {"W12"}),
        ("Base64, W3C, S3Storage, config_app.E1, v-B3, #E12, B0, K2-x, E100, R1.5, --B7", set()),
    ],
)
def test_a_citation_is_recognised(text: str, found: set[str]) -> None:
    assert cited(text) == found
