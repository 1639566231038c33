"""However a secret setting is declared, its value is never stored or shown as plain text."""

from __future__ import annotations

from tests.support.foreign_project import CONFIGURATION, ForeignProject

TOKEN = CONFIGURATION.index("    token: ")
BEFORE, AFTER = CONFIGURATION[:TOKEN], CONFIGURATION[CONFIGURATION.index("\n\nclass ShopProject") :]
IMPORTS = """
from typing import Annotated, Any, NewType, Optional, TypeVar, Union
from django import forms
from typing_extensions import TypeAliasType
from config_app.fields import SecretField
from config_app.secret import Secret

Token = NewType("Token", Secret)
Alias = TypeAliasType("Alias", Secret)  # what `type Alias = Secret` makes since Python 3.12
Perhaps = TypeAliasType("Perhaps", Optional[Alias])
Quoted = TypeAliasType("Quoted", "Secret | None")
T = TypeVar("T")
Maybe = TypeAliasType("Maybe", Optional[T], type_params=(T,))


class HiddenField(forms.CharField):
    widget = forms.PasswordInput
    expected = "a text"

    def serialise(self, value):
        return value


"""
RIGHT = {
    "plain": "Secret",
    "optional": "Optional[Secret]",
    "union": "Union[None, Secret]",
    "annotated": "Annotated[Secret, 'x'] | None",
    "new_type": "Token",
    "new_type_or_none": "Token | None",
    "alias": "Alias",
    "alias_or_none": "Annotated[Perhaps, 1]",
    "quoted_alias": "Quoted",
    "generic_alias": "Maybe[Secret]",
}
WRONG = {
    "text": "str",
    "text_or_none": "str | None",
    "anything": "Any",
    "text_or_secret": "str | Secret",
    "several": "tuple[Secret, ...] | None",
}
STORES_EACH = """
from config_app.api import get_config, plan
from config_app.models import Change, SystemConfig
from config_app.project import get_schema

names = [s.key for s in get_schema().settings.values() if s.section.key == "secrets"]
plan({name: f"canary {name}" for name in names}).apply()
rows = SystemConfig.objects.in_bulk()
for name in names:
    assert rows[name].is_secret, name
    assert "canary" not in rows[name].config_value, name
    value = getattr(get_config(), name)
    assert value.reveal() == f"canary {name}", name
    assert "canary" not in repr(value) + str(value), name
assert not Change.objects.filter(new_value__contains="canary").exists()
assert "canary" not in repr(get_config())
"""
SECRETS = 'SECRETS = Section(key="secrets", title="Secrets")\n'


def configuration(*declarations: str) -> str:
    """Return the shop's configuration with other declarations instead of the token."""
    before = BEFORE.replace("SHOP = Section", f"{IMPORTS}{SECRETS}SHOP = Section")
    return before + "".join(declarations) + AFTER


def secret(name: str, annotation: str, field: str = "SecretField()") -> str:
    return (
        f"    {name}: {annotation} = setting("
        f'None, section=SECRETS, label="A", field={field}, help="A secret.")\n'
    )


def test_every_spelling_of_a_secret_is_one(project: ForeignProject) -> None:
    project.write("shop/configuration.py", configuration(*(secret(name, RIGHT[name]) for name in RIGHT)))
    checked = project.manage("check")
    assert (checked.returncode, checked.stderr) == (0, "")
    project.says(STORES_EACH)
    shown = project.manage("config", "show", "--all", "--json")
    assert shown.stdout.count('"is_set": true') == len(RIGHT)
    assert "canary" not in shown.stdout


def test_an_annotation_that_hides_the_secret_is_refused_by_the_check(project: ForeignProject) -> None:
    project.write("shop/configuration.py", configuration(*(secret(name, WRONG[name]) for name in WRONG)))
    checked = project.manage("check")
    assert checked.returncode == 1
    assert checked.stderr.count("(config_app.E010)") == len(WRONG)
    assert all(f"(config_app.E010) {name}:" in checked.stderr for name in WRONG)
    project.says(STORES_EACH)  # a server without checks still encrypts them


def test_a_field_that_makes_plain_text_is_refused_by_the_check(project: ForeignProject) -> None:
    fields = {"a": "fields.TextField()", "b": "HiddenField()"}
    declarations = (secret(name, "Secret | None", field) for name, field in fields.items())
    project.write("shop/configuration.py", configuration(*declarations))
    checked = project.manage("check")
    assert (checked.returncode, checked.stderr.count("(config_app.E011)")) == (1, 2)
    project.says(STORES_EACH)


def test_a_hidden_value_that_is_no_secret_is_pointed_out(project: ForeignProject) -> None:
    project.write("shop/configuration.py", configuration(secret("pin", "str | None", "HiddenField()")))
    checked = project.manage("check")
    assert "(config_app.W002) pin:" in checked.stderr


def test_a_secret_that_is_declared_as_text_later_is_not_used(project: ForeignProject) -> None:
    assert project.manage("config", "set", "token=first").returncode == 0
    assert project.manage("config", "set", "token=second").returncode == 0
    text = "    token: str = setting('none', section=SHOP, label='T', field=fields.TextField(), help='T.')\n"
    project.write("shop/configuration.py", configuration(text))
    assert project.manage("config", "get", "token").stdout == "none\n"
    checked = project.manage("config", "validate")
    assert "token: the stored value is not valid, expected one line of printable text" in checked.stdout
    back = project.manage("config", "rollback", "1")
    assert (back.returncode, back.stdout) == (1, "")
    assert back.stderr.startswith("error: token: expected one line of printable text")
    assert project.manage("config", "set", "token=open").returncode == 0
    assert project.manage("config", "get", "token").stdout == "open\n"
    assert project.manage("config", "validate").returncode == 0
    shown = "".join(project.manage("config", *verb).stdout for verb in (["history"], ["why", "token"]))
    assert "gAAAA" not in shown


def test_a_row_that_is_marked_as_secret_by_mistake_can_be_set_again(project: ForeignProject) -> None:
    project.says("""
    from config_app.api import get_config, plan
    from config_app.models import SystemConfig
    plan({"page_size": 50}).apply()
    SystemConfig.objects.update(is_secret=True)
    plan({"page_size": 50}).apply()
    assert get_config().page_size == 50
    assert not SystemConfig.objects.get().is_secret
    """)
