"""Errors name the setting, the expected value and the fix in one line, and never show the value."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from config_app import errors
from config_app.errors import (
    ConfigError,
    DatabaseUnavailable,
    DecryptionFailed,
    InvalidPlan,
    InvalidValue,
    KeyringLocked,
    ManagedSetting,
    NewerSchema,
    RuleViolation,
    SecretMasked,
    StaleRevision,
    UnknownSetting,
)
from config_app.project import NotConfigured

PORT = InvalidValue("port", expected="a whole number from 1 to 65535", fix="pick a free one", label="Port")
RULE = RuleViolation(["app_mode", "workos_api_key"], "workos needs its credentials", "set the API key first")

EXAMPLES = [
    ConfigError("something is wrong", fix="do this"),
    PORT,
    UnknownSetting("prot", ["port"]),
    ManagedSetting("setup_completed", "the claim does that"),
    errors.ForbiddenSetting("app_mode"),
    errors.ForbiddenChange(),
    errors.FaultyRule("cheap_pages", "raised KeyError"),
    errors.NotProved("Enter your password."),
    RULE,
    InvalidPlan([PORT, RULE]),
    StaleRevision(4, 6, ["port: 8884 → 8885"]),
    SecretMasked(),
    KeyringLocked("the key file is gone", "restore it from a backup"),
    DecryptionFailed("workos_api_key"),
    DatabaseUnavailable("it is locked", "wait"),
    errors.ConfigurationLocked(),
    NewerSchema(["hub.0009_teams"]),
    NotConfigured("CONFIG_APP is missing from the Django settings", fix="set CONFIG_APP"),
    errors.InvalidOrigin("reason", "text without NUL characters"),
    errors.UnstorableText("it is too long", "shorten it"),
    errors.WriteConflict(),
    errors.BrokenTransaction(),
]
every_error = pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)


def test_every_error_has_an_example_here() -> None:
    declared = {c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, ConfigError)}
    assert declared | {NotConfigured} == {type(error) for error in EXAMPLES}


@every_error
def test_one_line_says_it(error: ConfigError) -> None:
    assert str(error)
    assert len(str(error).splitlines()) == 1


@every_error
@pytest.mark.parametrize("through", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])  # noqa: S301
def test_it_survives_the_way_to_another_process(
    error: ConfigError, through: Callable[[ConfigError], ConfigError]
) -> None:
    twin = through(error)
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert (twin.keys, twin.fix) == (error.keys, error.fix)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PORT, "port: expected a whole number from 1 to 65535; pick a free one"),
        (InvalidValue("port", "a number"), "port: expected a number"),
        (UnknownSetting("prot", ["port"]), "prot: no such setting; did you mean port?"),
        (UnknownSetting("a", ["ab", "ac", "ad"]), "a: no such setting; did you mean ab, ac or ad?"),
        (UnknownSetting("colour"), "colour: no such setting"),
        (
            ManagedSetting("setup_completed", "the claim does"),
            "setup_completed: cannot be set by hand: the claim does",
        ),
        (RULE, "app_mode, workos_api_key: workos needs its credentials; set the API key first"),
        (InvalidPlan([PORT]), str(PORT)),
        (InvalidPlan([PORT, RULE]), f"2 problems: {PORT} | {RULE}"),
    ],
)
def test_the_line_names_the_setting_first(error: ConfigError, line: str) -> None:
    assert str(error) == line


@pytest.mark.parametrize(
    "key", ["sk live secret", "sk_live=secret", "sécret", "", "secret\nport", "\x1b[31msecret", "secret" * 20]
)
def test_an_unknown_key_that_may_be_a_misplaced_value_is_not_repeated(key: str) -> None:
    assert str(UnknownSetting(key)) == "unknown key: no such setting"


def test_a_new_line_cannot_break_the_line() -> None:
    assert str(KeyringLocked("disk\nfull", "make\r\nroom")) == "the keyring is locked: disk full; make room"


def test_a_plan_gathers_every_error_and_every_key_once() -> None:
    plan = InvalidPlan([InvalidPlan([PORT, RULE]), PORT])
    assert plan.errors == (PORT, RULE, PORT)
    assert plan.keys == ("port", "app_mode", "workos_api_key")


def test_a_plan_is_not_refused_without_a_reason() -> None:
    with pytest.raises(ValueError, match="at least one error"):
        InvalidPlan([])


def test_a_stale_revision_carries_the_difference() -> None:
    error = StaleRevision(4, 6, ["port: 8884 → 8885"])
    assert (error.expected, error.actual, error.diff) == (4, 6, ("port: 8884 → 8885",))


def test_an_error_without_a_label_is_labelled_by_its_key() -> None:
    assert (PORT.label, InvalidValue("port", "a number").label) == ("Port", "port")
