"""Django system checks that find mistakes in the declarations of settings. The check ids are stable."""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.forms import PasswordInput

from config_app.declaration.annotations import is_secret_alone
from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.schema import Schema, Setting, makes_secrets
from config_app.declaration.setting import Section
from config_app.declaration.typed_values import is_same
from config_app.errors import (
    ConfigError,
    FaultyRule,
    InvalidValue,
    UnknownSetting,
    is_key_shaped,
)
from config_app.live.hooks import registered
from config_app.project import NotConfigured, confirm_seconds, get_project, get_schema


@register(Tags.compatibility)
def check_project(**_options: Any) -> list[CheckMessage]:
    """Return an error for the first mistake in ``CONFIG_APP`` of the Django settings."""
    reads: dict[str, Callable[[], object]] = {
        "config_app.E005": get_project,
        "config_app.E006": lambda: confirm_seconds(300),
    }
    for number, read in reads.items():
        try:
            read()
        except NotConfigured as error:
            return [Error(error.message, hint=error.fix, id=number)]
    return []


def _if_configured(check: Callable[..., list[CheckMessage]]) -> Callable[..., list[CheckMessage]]:
    """Decorate a check: the check reports nothing if ``CONFIG_APP`` names no usable project."""

    @functools.wraps(check)
    def checked(**options: Any) -> list[CheckMessage]:
        try:
            return check(**options)
        except NotConfigured:  # check_project reports this
            return []

    return checked


@register(Tags.compatibility)
@_if_configured
def check_declarations(**_options: Any) -> list[CheckMessage]:
    """Return an error or warning for each mistake in the declaration of a setting."""
    schema: Schema[Any] = get_schema()
    single = [message for setting in schema.settings.values() for message in _check(setting)]
    return [*single, *_check_sections(schema.sections)]


def _check_sections(sections: Iterable[Section]) -> Iterable[CheckMessage]:
    """Yield a warning for each key that more than one section has."""
    times = Counter(section.key for section in sections)
    for key in (key for key, number in times.items() if number > 1):
        yield Warning(
            f"two different sections have the key {key}",
            hint="use the same Section object in both places, or give one section another key",
            id="config_app.W003",
        )


def _check(setting: Setting) -> Iterable[CheckMessage]:
    if not hasattr(setting.declaration.field, "serialise"):
        yield Error(
            f"{setting.key}: the form field has no method serialise()",
            hint="use a field of config_app.fields, or add expected and serialise() to your own field",
            id="config_app.E001",
        )
    elif not _is_valid_default(setting):
        yield Error(
            f"{setting.key}: the default is not valid",
            hint=f"expected {setting.expected}, or None; the default of a secret must be None",
            id="config_app.E003",
        )
    yield from _check_former_names(setting)
    if not is_key_shaped(setting.key) or setting.key == SALT_KEY:
        yield Error(
            f"{setting.key}: a setting cannot have this key",
            hint=f"use letters, digits and underscores, starting with a letter; {SALT_KEY} is reserved",
            id="config_app.E004",
        )
    yield from _check_secrecy(setting)
    if not setting.help.strip():
        hint = "pass setting() a help text that says what the setting does"
        yield Warning(f"{setting.key}: no help text", hint=hint, id="config_app.W001")


def _check_former_names(setting: Setting) -> Iterable[CheckMessage]:
    schema: Schema[Any] = get_schema()
    for old in setting.formerly:
        if not is_key_shaped(old) or schema.former.get(old) != setting.key:
            yield Error(
                f"{setting.key}: {old} cannot be a former key of this setting",
                hint="use a key that no setting has now, and that no other setting names as its former key",
                id="config_app.E013",
            )


def _check_secrecy(setting: Setting) -> Iterable[CheckMessage]:
    field = setting.declaration.field
    if not setting.is_secret:
        if isinstance(field.widget, PasswordInput):
            yield Warning(
                f"{setting.key}: the form field hides the value, but config_app shows it as plain text",
                hint="for a secret, use SecretField and the annotation Secret | None",
                id="config_app.W002",
            )
        return
    if not is_secret_alone(setting.annotation):
        yield Error(
            f"{setting.key}: the setting is a secret, but the annotation is not Secret or Secret | None",
            hint="use the annotation Secret | None",
            id="config_app.E010",
        )
    if not makes_secrets(field):
        yield Error(
            f"{setting.key}: the annotation is Secret, but the form field makes plain text",
            hint="use SecretField, or a field of your own that inherits from it",
            id="config_app.E011",
        )


def _is_valid_default(setting: Setting) -> bool:
    if setting.default is None or setting.is_secret:
        return setting.default is None
    try:
        return is_same(setting.accept(setting.default), setting.default)
    except InvalidValue:
        return False


@register(Tags.compatibility)
@_if_configured
def check_defaults(**_options: Any) -> list[CheckMessage]:
    """Return an error for each rule that the default values break."""
    schema: Schema[Any] = get_schema()
    return [_broken_default(violation) for violation in schema.violations(schema.defaults)]


@register(Tags.compatibility)
@_if_configured
def check_hooks(**_options: Any) -> list[CheckMessage]:
    """Return an error for each mistake that prevents an ``on_change`` hook from running."""
    get_schema()  # imports the project's module, which may register hooks; other checks may run only later
    return [message for keys, hook in registered() for message in _check_hook(keys, hook)]


def _check_hook(keys: Iterable[str], hook: Callable[..., object]) -> Iterable[CheckMessage]:
    name = f"the on_change hook {hook.__module__}.{getattr(hook, '__qualname__', repr(hook))}"
    for key in sorted(keys):
        try:
            get_schema()[key]
        except UnknownSetting as error:
            hint = error.fix or "use the key of a setting, as config show prints it"
            yield Error(
                f"{name} waits for a setting that does not exist: {key}", hint=hint, id="config_app.E007"
            )
    if _returns_without_running(hook):
        yield Error(
            f"{name} is async or a generator, so a call would not run its code",
            hint="use an ordinary function; to call async code, use asgiref.sync.async_to_sync",
            id="config_app.E008",
        )
    if not _takes_two(hook):
        yield Error(
            f"{name} cannot be called with two arguments",
            hint="give the hook two parameters, the old and the new config, as in def follow(old, new)",
            id="config_app.E009",
        )


def _returns_without_running(hook: Callable[..., object]) -> bool:
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    return any(is_kind(called) for is_kind in kinds for called in (hook, type(hook).__call__))


def _takes_two(hook: Callable[..., object]) -> bool:
    try:
        inspect.signature(hook).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # a function written in C, whose parameters Python does not know
        return True
    return True


def _broken_default(violation: ConfigError) -> CheckMessage:
    if isinstance(violation, FaultyRule):
        return Error(f"with the defaults, {violation.message}", hint=violation.fix, id="config_app.E012")
    return Error(f"the defaults break a rule: {violation}", hint=violation.fix or "", id="config_app.E002")
