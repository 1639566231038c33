"""System checks with stable ids: a declaration that cannot work is found before the first request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register

from config_app.declaration.reserved import SALT_KEY
from config_app.declaration.schema import Schema, Setting
from config_app.errors import ConfigError, InvalidValue, is_key_shaped
from config_app.project import get_schema


@register(Tags.compatibility)
def check_declarations(**_options: Any) -> list[CheckMessage]:
    """Check every setting of the project's schema."""
    return [message for setting in get_schema().settings.values() for message in _check(setting)]


def _check(setting: Setting) -> Iterable[CheckMessage]:
    if not hasattr(setting.declaration.field, "serialise"):
        yield Error(
            f"{setting.key}: its field cannot serialise",
            hint="use a field of config_app.fields or give yours expected and serialise()",
            id="config_app.E001",
        )
    elif not _is_valid_default(setting):
        yield Error(
            f"{setting.key}: its default is not valid",
            hint=f"expected {setting.expected}, or None; a secret has no default",
            id="config_app.E003",
        )
    if not is_key_shaped(setting.key) or setting.key == SALT_KEY:
        yield Error(
            f"{setting.key}: no setting can be called that",
            hint="use letters, digits and underscores",
            id="config_app.E004",
        )
    if not setting.help.strip():
        yield Warning(f"{setting.key}: no help text", hint="say what it does", id="config_app.W001")


def _is_valid_default(setting: Setting) -> bool:
    if setting.default is None or setting.is_secret:
        return setting.default is None
    try:
        return bool(setting.parse(setting.serialise_optional(setting.default)) == setting.default)
    except InvalidValue:
        return False


@register(Tags.compatibility)
def check_defaults(**_options: Any) -> list[CheckMessage]:
    """Check that the defaults are valid together."""
    schema: Schema[Any] = get_schema()
    return [_broken_default(violation) for violation in schema.violations(schema.defaults)]


def _broken_default(violation: ConfigError) -> CheckMessage:
    return Error(f"the defaults break a rule: {violation}", hint=violation.fix or "", id="config_app.E002")
