"""The editor changes only the settings that a submitted form contains."""

from __future__ import annotations

from tests.support.foreign_project import CONFIGURATION, ForeignProject

BROWSER = """
from django import forms
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from config_app.api import get_config, plan, reload_config
from config_app.models import Change, Revision

plan({"greeting": "Hi", "hosts": "a.example", "is_open": True, "page_size": 50}).apply()
client = Client()
client.force_login(User.objects.create_superuser("olive"))
EDITOR = reverse("admin:config_app_systemconfig_changelist")
PREVIEW = reverse("admin:config_app_systemconfig_preview")


def sent(form):
    found = {}
    for field in form:
        if isinstance(field.field.widget, forms.CheckboxInput):
            if field.field.widget.check_test(field.value()):
                found[field.name] = "on"
        elif field.value() is not None:
            found[field.name] = str(field.value())
    return found


def loaded():
    return sent(client.get(EDITOR).context_data["form"])


def without(fields, *names):
    return {name: text for name, text in fields.items() if name not in names}


def values():
    config = reload_config()
    return config.page_size, config.is_open, config.greeting, config.hosts
"""
ONE_FIELD = """
base = loaded()["_base_revision"]
one = {"_base_revision": base, "page_size": "60"}
assert [c["key"] for c in client.post(PREVIEW, one).json()["changes"]] == ["page_size"]
assert client.post(EDITOR, one).status_code == 302
assert values() == (60, True, "Hi", ("a.example",)), values()
assert [c.key for c in Change.objects.filter(revision=2)] == ["page_size"]

assert client.post(EDITOR, loaded() | {"page_size": "61"}).status_code == 302
assert values() == (61, True, "Hi", ("a.example",)), values()

assert client.post(EDITOR, without(loaded(), "is_open")).status_code == 302  # the person removed the tick
assert values() == (61, False, "Hi", ("a.example",)), values()
emptied = {"_base_revision": 4, "is_open": "on", "greeting": "", "hosts": ""}
assert client.post(EDITOR, emptied).status_code == 302
assert values() == (61, True, "", ()), values()
"""
ADDED_WHILE_OPEN = """
def before_the_deploy():
    fields = without(loaded(), "is_open", "greeting", "hosts", "token")
    assert "is_open" in fields["_shown"]
    return fields | {"_shown": ""}

old = before_the_deploy()
refused = client.post(EDITOR, old | {"page_size": "999"})  # the page comes back with what it did not know
assert refused.status_code == 200
again = sent(refused.context_data["form"])
assert (again["is_open"], again["greeting"], again["hosts"]) == ("on", "Hi", "a.example"), again
assert client.post(EDITOR, again | {"page_size": "70"}).status_code == 302
assert values() == (70, True, "Hi", ("a.example",)), values()

refused = client.post(EDITOR, before_the_deploy() | {"page_size": "999"})
again = sent(refused.context_data["form"])
assert client.post(EDITOR, without(again, "is_open") | {"page_size": "71"}).status_code == 302
assert values() == (71, False, "Hi", ("a.example",)), values()

plan({"is_open": True}).apply()
old = before_the_deploy()
plan({"page_size": 80}).apply()
conflict = client.post(EDITOR, old | {"page_size": "90"})
kept = conflict.context_data["conflict"].kept
assert kept["page_size"] == "90" and not kept.keys() & {"is_open", "greeting", "hosts"}, kept
assert client.post(EDITOR, sent(conflict.context_data["form"])).status_code == 302
assert values() == (90, True, "Hi", ("a.example",)), values()
"""
TWO_SECTIONS = CONFIGURATION.replace(
    "@dataclass(", 'SAME = Section(key="shop", title="Shop")\n\n\n@dataclass('
)
EQUAL_SECTIONS = TWO_SECTIONS.replace('"Welcome",\n        section=SHOP', '"Welcome",\n        section=SAME')


def test_a_form_changes_only_what_it_contains(project: ForeignProject) -> None:
    project.says(BROWSER + ONE_FIELD)


def test_a_setting_that_was_added_while_the_page_was_open_keeps_its_value(project: ForeignProject) -> None:
    project.says(BROWSER + ADDED_WHILE_OPEN)


def test_sections_that_are_equal_are_one_section(project: ForeignProject) -> None:
    assert EQUAL_SECTIONS.count("section=SAME") == 1
    project.write("shop/configuration.py", EQUAL_SECTIONS)
    page = project.says(f"{BROWSER}{ONE_FIELD}print(client.get(EDITOR).text)")
    assert page.count("<fieldset") == 1
    assert 'id="setting-greeting"' in page
