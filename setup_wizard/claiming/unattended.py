"""Turn the options of ``manage.py setup`` into an ``Application``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from config_app.cli.secret_files import read_secret_file, read_secret_line
from config_app.errors import ConfigError, InvalidPlan
from config_app.fields import EmailField
from config_app.project import get_project, get_schema
from setup_wizard.claiming.forms import MAX_NAME
from setup_wizard.product import Administrator, Application, CommandOption, get_product


def actor() -> str:
    """Return the name of the user who runs the command, for the history."""
    return get_project().local_actor()


def application(options: Mapping[str, Any]) -> Application:
    """Return the ``Application`` that the options describe. Raise ``ConfigError`` if a value is not valid."""
    changes = dict(_settings(options["set"]))
    for option in get_product().command_options:
        changes.update(_option(option, options))
    return Application(mode=options["mode"], changes=changes, administrator=_administrator(options))


def _settings(pairs: list[str]) -> Iterator[tuple[str, Any]]:
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator:
            raise ConfigError("--set: expected KEY=VALUE")
        setting = get_schema().writable(key.strip())
        if setting.is_secret:
            fix = f"claim first, then run manage.py config set {setting.key} --stdin"
            raise ConfigError(f"{setting.key}: a secret cannot be given on the command line", fix=fix)
        yield setting.key, setting.parse(text)


def _option(option: CommandOption, options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    given = options[option.flag.lstrip("-").replace("-", "_")]
    if not given:
        return
    setting = get_schema()[option.key]
    text = ",".join(given) if option.repeatable else given
    yield option.key, setting.parse(read_secret_file(text, option.flag) if setting.is_secret else text)


def _administrator(options: Mapping[str, Any]) -> Administrator | None:
    if options["mode"] not in get_product().account_modes:
        return None
    email, name = _email(options["admin_email"]), options["admin_name"].strip()
    if len(name) > MAX_NAME:
        raise ConfigError(f"--admin-name: expected at most {MAX_NAME} characters")
    password = read_secret_line(options["password_file"], "--password-file")
    try:
        validate_password(password, get_product().account(email, name))
    except ValidationError as error:
        raise InvalidPlan([ConfigError(f"--password-file: {m}") for m in error.messages]) from None
    return Administrator(email=email, name=name, password=make_password(password))


def _email(text: str) -> str:
    try:
        return str(EmailField().clean(text))
    except ValidationError as error:
        raise ConfigError(f"--admin-email: {error.messages[0]}") from None
