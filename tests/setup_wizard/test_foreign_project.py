"""Engine and wizard in a project without the hub: no page contains anything of the hub."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import django
import pytest

from tests.support.processes import command_server
from tests.support.processes.command_server import ROOT

APPS = (ROOT / "config_app", ROOT / "setup_wizard")
DJANGO = Path(django.__file__).parent
ANSWERED_404 = {"closed"}
NO_FILE = "<unknown source>"
"""Name of the templates that Django's forms create from strings."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the record of every page of the shop."""
    environment = {"PATH": os.environ["PATH"], "SHOP_FOLDER": str(tmp_path_factory.mktemp("shop"))}
    server = command_server.running(command_server.DJANGO)
    done = server.run(["-m", "tests.support.shop.walk"], folder=ROOT, environment=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.fixture(scope="module")
def pages(shop: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the recorded pages by name."""
    found: dict[str, dict[str, Any]] = shop["pages"]
    return found


def own_templates() -> set[Path]:
    return {path for app in APPS for path in (app / "templates").rglob("*.html")}


def test_every_page_is_shown(pages: dict[str, dict[str, Any]]) -> None:
    statuses = {name: page["status"] for name, page in pages.items()}
    assert statuses == {name: 404 if name in ANSWERED_404 else 200 for name in pages}


def test_nothing_of_the_hub_is_imported(shop: dict[str, Any]) -> None:
    assert shop["hub"] == []


def test_no_page_speaks_of_a_hub(pages: dict[str, dict[str, Any]]) -> None:
    assert [name for name, page in pages.items() if re.search(r"\bhubs?\b|workos", page["text"], re.I)] == []


def test_no_command_speaks_of_a_hub(shop: dict[str, Any]) -> None:
    words = re.compile(r"\b(hubs?|bootstrap|unconfigured|workos)\b", re.I)
    assert {name for name, text in shop["commands"].items() if words.search(text)} == set()
    assert "State: " in shop["commands"]["show"]
    assert all(shop["commands"].values())


def test_pages_are_made_of_django_s_templates_and_the_apps_own(pages: dict[str, dict[str, Any]]) -> None:
    used = {name for page in pages.values() for name in page["templates"]} - {NO_FILE}
    foreign = {name for name in used if not Path(name).is_relative_to(DJANGO)}
    assert {Path(name) for name in foreign} <= own_templates()


def test_every_template_of_the_two_apps_is_among_them(pages: dict[str, dict[str, Any]]) -> None:
    used = {Path(name) for page in pages.values() for name in page["templates"]}
    assert own_templates() - used == set()


def test_every_linked_file_is_django_s_or_the_apps_own(pages: dict[str, dict[str, Any]]) -> None:
    linked = {path: file for page in pages.values() for path, file in page["static"].items()}
    assert any(path.startswith("setup_wizard/") for path in linked)
    assert {
        path: file
        for path, file in linked.items()
        if file is None or not any(Path(file).is_relative_to(folder) for folder in (*APPS, DJANGO))
    } == {}
