"""Programs for a foreign project that use everything of the engine, and watch from another process."""

from __future__ import annotations

from tests.support.another_process import MANAGE

EVERY_USE = """
import re
from io import StringIO

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from config_app.api import get_config, on_change, plan, plan_rollback, reload_config
from config_app.models import Process
from config_app.propagation import progress, receipts
from config_app.store import timeline

heard = []
on_change("page_size")(lambda old, new: heard.append((old.page_size, new.page_size)))


def said(*arguments):
    out = StringIO()
    call_command("config", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def values():
    config = get_config()
    assert reload_config() == config
    return config.page_size, config.greeting, config.token and config.token.reveal()


assert values() == (20, "Welcome", None)
plan({"page_size": 30, "token": "abc"}).apply(reason="first")
assert values() == (30, "Welcome", "abc"), values()
assert heard == [(20, 30)]
said("set", "greeting=Hello", "token=def")
assert values() == (30, "Hello", "def"), values()
said("set", "page_size", "40", "--confirm", "5m")
said("confirm")
said("unset", "greeting")
plan_rollback(2).apply(reason="back")
assert values() == (30, "Hello", "def"), values()

receipts.sign()
assert [process.revision for process in progress.summary().processes] == [5]
assert "30" in said("show", "--all") and said("get", "page_size") == "30\\n"
assert "rollback" not in said("why", "page_size") and "back" in said("history")
assert "first" in said("history", "--key", "page_size")
assert "page_size" in said("docs")
said("validate")
assert len(timeline.events_between(0, 9, 9)) == 5

client = Client()
client.force_login(User.objects.create_superuser("olive"))
editor = reverse("admin:config_app_systemconfig_changelist")
assert b"Hello" in client.get(editor).content
assert client.post(editor, {"_base_revision": 5, "page_size": "60", "_reason": "by hand"}).status_code == 302
assert values() == (60, "Hello", "def"), values()
history = reverse("admin:config_app_revision_changelist")
assert b"By hand" in client.get(history).content
assert b"Page size" in client.get(reverse("admin:config_app_revision_change", args=[6])).content
assert client.get(reverse("admin:config_app_revision_rollback", args=[5])).status_code == 200

receipts.sign()
said("recovery-code", "--file", "recovery-code")
assert "recovery" in said("keys")
said("rotate-key", "--yes")
assert values() == (60, "Hello", "def"), values()
assert not re.search("warning|error", doctor := said("doctor")), doctor
said("export", "exported.json")
said("set", "page_size", "61")
said("import", "exported.json", "--yes")
assert values() == (60, "Hello", "def"), values()
assert "removed" in said("prune", "--keep", "2", "--yes")
receipts.sign()
assert not re.search("warning|error", doctor := said("doctor")), doctor
said("reset", "--settings", "--yes")
assert values() == (20, "Welcome", None), values()
receipts.sign_off()
assert not Process.objects.exists()
"""
"""Uses every verb, the admin, transactions, secrets and receipts; prints nothing."""
ANOTHER_PROCESS = f"""{MANAGE}
import time
from config_app.api import get_config, on_change
from django.contrib.auth.models import User
from django.db import connections

heard = []


@on_change("page_size")
def hear(old, new):
    heard.append((new.page_size, User.objects.count()))


assert get_config().page_size == 20
manage("config", "set", "page_size", "30")
end = time.monotonic() + 30
while not heard and time.monotonic() < end:
    time.sleep(0.01)
print(get_config().page_size, heard)
"""
"""Prints the value and the hook's calls after another process has changed a setting."""
