"""The repository keeps its own rules for files, packages and templates."""

from __future__ import annotations

import ast
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE, LARGEST_ROOM = 300, 14
APPS = ("config_app", "hub", "setup_wizard")
VAGUE_NAMES = {"common", "helper", "helpers", "misc", "util", "utils"}
REGISTRY_HOST = re.compile(rb"\b(?:pypi|pythonhosted|npmjs|yarnpkg)\.(?:org|com)\b")
LOCK_LINE = re.compile(
    r"[a-z0-9-]+(?:\[[a-z0-9,-]+\])?==[\w.!+]+(?: ; [^/]+)? \\"  # name==version ; marker \
    r"|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
    r"| *#(?!.*(?:://| /)).*"  # names no address and no path of a machine
)


def files(*patterns: str) -> list[Path]:
    """Return the repository's files that match git's patterns; ignored files are not part of it."""
    # The checkout may belong to another user (a CI volume); git needs this option to accept it.
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listing = subprocess.run(
        [*command, "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = {ROOT / name for name in listing.stdout.split("\0") if name}
    return sorted(path for path in paths if path.is_file())


def python_modules() -> list[Path]:
    return [path for path in files("*.py") if "migrations" not in path.parts]


class InlineCode(HTMLParser):
    """Collects the inline code of a page that a strict content security policy would not run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.found += [f"{tag} {name}" for name, value in attrs if (value or "").startswith("javascript:")]


def inline_code(template: str) -> list[str]:
    """Return the inline scripts, styles and handlers of one template."""
    without_comments = re.sub(r"\{% comment.*?endcomment %\}|\{#.*?#\}", "", template, flags=re.DOTALL)
    parser = InlineCode()
    parser.feed(re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", without_comments))
    return parser.found


def test_no_module_template_style_sheet_or_script_is_longer_than_three_hundred_lines() -> None:
    paths = [*python_modules(), *files("*.html", "*.css", "*.js")]
    assert [path for path in paths if len(path.read_text().splitlines()) > LONGEST_FILE] == []


def rooms() -> list[Path]:
    """Return the folders of all packages in the three apps, including the apps themselves."""
    packages = {path.parent for app in APPS for path in files(f"{app}/*.py") if path.name == "__init__.py"}
    return sorted(room for room in packages if not {"migrations", "management", "commands"} & set(room.parts))


def test_no_room_has_more_than_fourteen_modules() -> None:
    sizes = {room: len([path for path in room.glob("*.py") if path.stem != "__init__"]) for room in rooms()}
    assert len(sizes) > len(APPS)
    assert {room: size for room, size in sizes.items() if size > LARGEST_ROOM} == {}


def test_every_room_says_what_it_is_for() -> None:
    assert [
        room for room in rooms() if not ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    ] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in python_modules() if path.stem in VAGUE_NAMES] == []


def test_templates_have_no_inline_script_style_or_handler() -> None:
    templates = {path: inline_code(path.read_text()) for path in files("*.html")}
    assert {path: found for path, found in templates.items() if found} == {}


def test_inline_code_is_recognised() -> None:
    for page in (
        "<script>go()</script>",
        '<script type="module">go()</script>',
        "<style>p {}</style>",
        '<p style="color: {{ colour }}">',
        "<button {% if on %}disabled{% endif %} onclick=go()>",
        '<a href="javascript:go()">',
    ):
        assert inline_code(page), page
    assert inline_code('<script src="{% static "a.js" %}" defer></script>{# <style> #}') == []


def test_every_lock_file_line_is_a_version_a_hash_or_a_comment() -> None:
    for lock in files("requirements/*.txt"):
        lines = lock.read_text().splitlines()
        assert [line for line in lines if not LOCK_LINE.fullmatch(line)] == [], lock.name


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert [path for path in files() if REGISTRY_HOST.search(path.read_bytes())] == []


def test_every_migration_says_what_it_does() -> None:
    migrations = [path for path in files("*.py") if path.parent.name == "migrations"]
    assert [path for path in migrations if "_auto_" in path.name] == []
