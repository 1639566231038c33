"""The ways to change the configuration of a served hub."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import httpx2

from tests.support import revision_marks
from tests.support.processes.hub_process import HubProcess
from tests.support.processes.served_hub import owner_of
from tests.support.processes.simultaneous import crew
from tests.support.waiting import wait_for

EDITOR = "/admin/config_app/systemconfig/"
Change = Callable[[int], None]

# Runs the command in this process, because a new process would take a second.
COMMANDS = """
import json, sys
from django.core.management import call_command
from django.db import connections
for line in sys.stdin:
    call_command("config", "set", *json.loads(line), stdout=sys.stderr)
    connections.close_all()
    print("done", flush=True)
"""


@contextlib.contextmanager
def changers(hub: HubProcess) -> Iterator[dict[str, Change]]:
    """Return functions that each write a number into one hub, each in a different way."""
    with owner_of(hub) as owner, crew([hub], COMMANDS) as started:
        for member in started.members:
            assert member.stdin is not None
            member.stdin.write("\n")
            member.stdin.flush()

        def command(number: int) -> None:
            started.tell(
                json.dumps([f"{key}={value}" for key, value in revision_marks.changes(number).items()])
            )
            assert started.hear() == ["done"]

        yield {
            "command": command,
            "manage": lambda number: _manage(hub, number),
            "admin": lambda number: _save(owner, number),
            "psql": lambda number: _psql(hub, number),
            "sql": lambda number: _sql(hub, number),
        }


def _manage(hub: HubProcess, number: int) -> None:
    hub.config("set", *(f"{key}={value}" for key, value in revision_marks.changes(number).items()))


def _psql(hub: HubProcess, number: int) -> None:
    url = str(hub.database_url).replace("postgres://", "postgresql://")
    command = [
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        url,
        "-c",
        revision_marks.statement(number),
    ]
    subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)


def _sql(hub: HubProcess, number: int) -> None:
    hub.sql(revision_marks.statement(number))


def _save(owner: httpx2.Client, number: int) -> None:
    """Load and save the editor's form; repeat this if SQL has changed the configuration meanwhile."""
    wait_for(lambda: _is_saved(owner, number), f"the editor to save {number}")


def _is_saved(owner: httpx2.Client, number: int) -> bool:
    page = owner.get(EDITOR)
    assert page.status_code == 200, page.status_code
    fields = fields_of(page.text)
    wanted = revision_marks.changes(number)
    for key in ("csp_report_uri", "allowed_origins"):
        assert key in fields, sorted(fields)
        fields[key] = wanted[key]
    fields.pop("enable_hsts", None)
    if wanted["enable_hsts"] == "true":
        fields["enable_hsts"] = "on"
    return owner.post(EDITOR, data=fields).status_code == 302


def fields_of(page: str) -> dict[str, str]:
    """Return the fields that a browser sends for the page's editor form if it was not edited."""
    parser = _Fields()
    parser.feed(page)
    return parser.found


class _Fields(HTMLParser):
    """Collects the fields of the editor's form, the only form that has a reason field."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name and _is_sent(given):
            self.found[name] = given.get("value", "on" if given.get("type") == "checkbox" else "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.found[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area, self.found[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self.found[self._area] = self.found[self._area].removeprefix("\n")
            self._area = ""


def _is_sent(given: dict[str, str]) -> bool:
    kind = given.get("type", "text")
    if kind in {"submit", "button", "reset", "file"} or "disabled" in given:
        return False
    return kind not in {"checkbox", "radio"} or "checked" in given
