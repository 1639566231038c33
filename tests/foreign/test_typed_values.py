"""Typed values are validated as they are and never converted to text first."""

from __future__ import annotations

import json

from tests.support.foreign_project import CONFIGURATION, ForeignProject

OWN_FIELDS = """
from decimal import Decimal

from django import forms

from config_app.fields import ListField, SettingField


class MoneyField(forms.DecimalField):
    expected = "an amount of money"

    def serialise(self, value):
        return "" if value is None else str(value)


class RatioField(SettingField[float]):
    expected = "a ratio"

    def parse(self, text):
        return float(text)  # raises ValueError for most texts


class NumbersField(ListField[int]):
    expected = "numbers"

    def parse_entry(self, text):
        return int(text) if text.isdigit() else None
"""
OWN_SETTINGS = """
    price: Decimal = setting(Decimal(1), section=SHOP, label="P", field=MoneyField(), help="Price.")
    ratio: float = setting(0.5, section=SHOP, label="R", field=RatioField(), help="Ratio.")
    numbers: tuple[int, ...] = setting((), section=SHOP, label="N", field=NumbersField(), help="Numbers.")
"""
CONFIGURATION_WITH_OWN_FIELDS = OWN_FIELDS + CONFIGURATION.replace(
    "\n\nclass ShopProject", OWN_SETTINGS + "\n\nclass ShopProject"
)
REFUSED = """
import json
from config_app.api import Secret, plan
from config_app.errors import InvalidPlan, InvalidValue

nan, much = float("nan"), 10 ** 5000
wrong = {
    "page_size": [True, 1.5, 20.0, nan, much, -much, b"5", [5], (5,), {"a": 5}, 5j, object(), Secret("5")],
    "is_open": [0, 1, 1.0, [False], (), {}, b"true", nan, object],
    "greeting": [5, True, b"abc", ["abc"], ("a", "b"), {"a": 1}, nan, object(), Secret("abc")],
    "hosts": [5, True, b"a.example", {"a.example"}, {"a.example": 1}, iter(["a.example"])],
    "hosts ": [[None], [5], [True], [b"a"], [["a.example"]], ["a.example", None], [Secret("a.example")]],
    "hosts  ": [["a.example,b.example"], ["a.example\\nb.example"], [""], ["a.example", " "]],
    "token": [5, True, b"abc", ["abc"], object(), Secret.masked(), ["abc", "def"]],
    "price": [True, 0.1, nan, "x", b"1", [1], object(), Secret("1")],
    "ratio": [True, nan, "x", b"1", [1], (), object(), Secret("1")],
    "numbers": [5, [None], [True], [1.0], ["x"], [1, "2,3"], b"12"],
}
found = {}
for name, values in wrong.items():
    key = name.strip()
    for value in values:
        try:
            plan({key: value})
            found[f"{key} {type(value)} {str(value)[:20] if value is not much else 0}"] = "accepted"
        except InvalidPlan as error:
            (single,) = error.errors
            if not isinstance(single, InvalidValue) or single.key != key or "expected" not in str(single):
                found[f"{key} {type(value)}"] = str(single)
        except Exception as error:
            found[f"{key} {type(value)}"] = repr(error)[:200]
for strange in (5, None, (), b"page_size"):
    try:
        plan({strange: "x"})
    except InvalidPlan as error:
        if not str(error).startswith("unknown key: no such setting"):
            found[str(strange)] = str(error)
print(json.dumps(found))
"""
ACCEPTED = """
from decimal import Decimal
from config_app.api import Secret, get_config, plan

right = {
    "page_size": 50, "is_open": False, "greeting": "Hi", "hosts": ["B.example", " c.example "],
    "token": Secret("abc"), "price": Decimal("2.50"), "ratio": 0.25, "numbers": [3, 1],
}
plan(right).apply()
plan({"price": 3}).apply()
config = get_config()
print(config.page_size, config.is_open, config.greeting, config.hosts, config.token.reveal(), config.price,
      config.ratio, config.numbers)
"""


def test_a_value_of_the_wrong_type_is_refused_by_name(project: ForeignProject) -> None:
    project.write("shop/configuration.py", CONFIGURATION_WITH_OWN_FIELDS)
    assert json.loads(project.says(REFUSED)) == {}


def test_a_value_of_the_right_type_is_stored_in_its_canonical_form(project: ForeignProject) -> None:
    project.write("shop/configuration.py", CONFIGURATION_WITH_OWN_FIELDS)
    assert project.says(ACCEPTED) == "50 False Hi ('b.example', 'c.example') abc 3 0.25 (3, 1)"


def test_a_default_of_the_wrong_type_is_found_by_the_check(project: ForeignProject) -> None:
    wrong = CONFIGURATION.replace("bool = setting(\n        True", "bool = setting(\n        1")
    project.write("shop/configuration.py", wrong.replace("        (), section", "        5, section"))
    done = project.manage("check")
    assert done.returncode == 1
    assert done.stderr.count("config_app.E003") == 2
