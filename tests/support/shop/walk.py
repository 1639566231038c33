"""Visit every page of the wizard and of the engine in the shop; print their templates and texts as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.support.shop.settings"
django.setup()

from django.contrib.staticfiles import finders  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from config_app import store  # noqa: E402
from config_app.api import plan  # noqa: E402
from config_app.cli.registry import VERBS  # noqa: E402
from config_app.encryption import enrolment  # noqa: E402
from config_app.transfer.document import Document  # noqa: E402
from setup_wizard.claiming import tokens  # noqa: E402
from tests.support.shop.settings import FOLDER  # noqa: E402

OWNER, PASSWORD = "ada@example.com", "correct horse battery staple"
ACCOUNT = {"email": OWNER, "name": "", "password1": PASSWORD, "password2": PASSWORD}
TILL = {"counter": "2", "bell": "on", "terminal_key": "canary-of-the-bank"}
EDITOR, HISTORY = "/admin/config_app/systemconfig/", "/admin/config_app/revision/"


class Visitor:
    """A browser that records how each page was rendered."""

    def __init__(self) -> None:
        """Start without cookies."""
        self.client = Client()
        self.pages: dict[str, dict[str, Any]] = {}

    def see(self, path: str, data: dict[str, Any] | None = None, name: str = "") -> Any:
        """Open a page, or send a form that is shown again; record how the page was rendered."""
        response: Any = self.client.get(path) if data is None else self.client.post(path, data)
        text = response.content.decode()
        linked = set(re.findall(r'(?:href|src)="/static/([^"#]+)', text))
        self.pages[name or path] = {
            "status": response.status_code,
            "text": text,
            "templates": sorted({part.origin.name for part in response.templates}),
            "static": {path: finders.find(path) for path in sorted(linked)},
        }
        return response

    def send(self, path: str, data: dict[str, Any]) -> None:
        """Send a form that redirects to another page."""
        response: Any = self.client.post(path, data)
        assert response.status_code == 302, response.content.decode()


def unlock(visitor: Visitor) -> None:
    """Enter a new setup token."""
    tokens.ensure()
    token = tokens.current()
    assert token is not None
    visitor.send("/setup/", {"token": token.reveal()})


def begin(visitor: Visitor) -> None:
    """Complete the wizard up to the review, which shows a problem."""
    visitor.see("/setup/", name="token")
    visitor.see("/setup/", {"token": "wrong"}, name="wrong token")
    unlock(visitor)
    visitor.see("/setup/mode/")
    visitor.send("/setup/mode/", {"means": "card"})
    visitor.see("/setup/account/")
    visitor.see("/setup/account/", {"email": "nobody"}, name="mistakes in a step")
    visitor.send("/setup/account/", ACCOUNT)
    visitor.see("/setup/till/")
    visitor.send("/setup/till/", TILL | {"counter": "13"})
    visitor.see("/setup/till/", name="a stored secret")
    visitor.see("/setup/review/", name="a review with a problem")


def restore(visitor: Visitor) -> None:
    """Open the pages for a backup, an export, and a keyring that no key unlocks."""
    page = "/setup/restore/"
    visitor.see(page)
    visitor.see(page, {}, name="no file to restore")
    document = Document(settings={"counter": 7}, revision=3).as_text().encode()
    visitor.see(page, {"file": SimpleUploadedFile("x", document)}, name="review of an export in the wizard")
    visitor.send(page, {"file": SimpleUploadedFile("x", b"a backup")})
    visitor.see(f"{page}backup/")
    visitor.see(f"{page}backup/", {}, name="a backup without a code")
    with hidden(FOLDER / "key"):
        visitor.see("/setup/keys/")


@contextlib.contextmanager
def hidden(path: Path) -> Iterator[None]:
    """Give a file another name within the block."""
    path.rename(path.with_suffix(".hidden"))
    try:
        yield
    finally:
        path.with_suffix(".hidden").rename(path)


def finish(visitor: Visitor) -> None:
    """Complete the wizard with a newer token, in another browser."""
    visitor.client = Client()
    unlock(visitor)
    visitor.send("/setup/mode/", {"means": "card"})
    visitor.see("/setup/account/", name="an earlier holder's step")
    visitor.send("/setup/account/", ACCOUNT)
    visitor.send("/setup/till/", TILL)
    visitor.see("/setup/review/")
    visitor.send("/setup/review/", {})
    visitor.see("/welcome/")
    visitor.see("/welcome/", {}, name="a recovery code that was not kept")
    visitor.send("/welcome/", {"kept": "on"})
    visitor.see("/welcome/", name="the last page")
    visitor.see("/setup/", name="closed")


def administer(visitor: Visitor) -> None:
    """Open every page of the engine."""
    editor = visitor.see(EDITOR)
    unchanged = {field.name: field.value() for field in editor.context["form"] if field.value() is not None}
    visitor.see(EDITOR, {**unchanged, "counter": "none"}, name="mistakes in the editor")
    plan({"counter": 3}).apply(actor="grace", channel="cli")
    visitor.see(EDITOR, {**unchanged, "counter": "4"}, name="conflict")
    lock_out = {"_base_revision": "2", "_shown": "bell", "means": "card", "counter": "3", "terminal_key": ""}
    visitor.see(EDITOR, lock_out, name="elsewhere")
    visitor.see(HISTORY)
    visitor.see(f"{HISTORY}3/", name="revision")
    visitor.see(f"{HISTORY}1/rollback/", name="rollback")
    visitor.see("/admin/")
    transfer(visitor)


def transfer(visitor: Visitor) -> None:
    """Export the settings and review their import, with mistakes in both forms."""
    page = f"{EDITOR}transfer/"
    visitor.see(page)
    visitor.see(f"{page}export/", {"secrets": "on", "passphrase": "short"}, name="mistakes in an export")
    exported = visitor.client.post(f"{page}export/").content
    visitor.see(f"{page}review/", {"file": SimpleUploadedFile("x", b"{")}, name="mistakes in an import")
    plan({"counter": 9}).apply(actor="grace", channel="cli")
    visitor.see(f"{page}review/", {"file": SimpleUploadedFile("x", exported)}, name="review of an import")


COMMANDS = (
    ("show",),
    ("show", "--all"),
    ("show", "--json"),
    ("get", "counter"),
    ("set", "counter", "5", "--reason", "busy"),
    ("set", "terminal_key", "another-canary-of-the-bank"),
    ("unset", "counter"),
    ("history",),
    ("export",),
    ("rollback", "1", "--dry-run"),
    ("validate",),
    ("doctor",),
    ("why", "counter"),
    ("docs",),
    ("reset", "--yes"),
)
REFUSALS = (
    ("set", "counter", "none"),
    ("set", "countr", "5"),
    ("get", "terminal_key"),
    ("confirm", "1"),
    ("rollback", "99"),
    ("show", "--section", "cellar"),
)


def command() -> dict[str, str]:
    """Run every verb of ``manage.py config``, also with ``--help``; return the output of each."""
    said = {}
    for arguments in (*COMMANDS, *REFUSALS):
        out = StringIO()
        try:
            call_command("config", *arguments, stdout=out, stderr=out)
        except (CommandError, SystemExit) as error:
            out.write(str(error))
        said[" ".join(arguments)] = out.getvalue()
    for verb in VERBS:
        out = StringIO()
        with contextlib.suppress(SystemExit), contextlib.redirect_stdout(out):
            call_command("config", verb.name, "--help")
        said[f"{verb.name} --help"] = out.getvalue()
    return said


def main() -> None:
    """Set the shop up, visit all pages, and print the record."""
    call_command("migrate", interactive=False, verbosity=0)
    with store.writing():
        enrolment.ensure_keyring()
    setup_test_environment()
    visitor = Visitor()
    begin(visitor)
    restore(visitor)
    finish(visitor)
    administer(visitor)
    hub = sorted(name for name in sys.modules if name.partition(".")[0] == "hub")
    json.dump({"pages": visitor.pages, "commands": command(), "hub": hub}, sys.stdout)


if __name__ == "__main__":
    main()
