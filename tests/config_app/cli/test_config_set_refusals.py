"""`config set` refuses a wrong value in one line that names the setting, and changes nothing."""

from __future__ import annotations

import pytest

from config_app.cli.verb import WrongCall
from config_app.errors import ConfigError, InvalidPlan, InvalidValue, ManagedSetting, UnknownSetting
from hub.models import User
from tests.support.config_command import CANARY, config, database_content

# For each refusal: the arguments, the error, and words of the error line. Nothing may change (B16).
REFUSALS: list[tuple[tuple[str, ...], type[ConfigError], str]] = [
    (("prot", "1"), UnknownSetting, "prot: no such setting; did you mean port?"),
    (("port", "abc"), InvalidValue, "port: expected a whole number from 1 to 65535"),
    (("port", "0"), InvalidValue, "port: expected a whole number"),
    (("port", "65536"), InvalidValue, "port: expected a whole number"),
    (("port", "8_884"), InvalidValue, "port: expected a whole number"),
    (("port", "8884.0"), InvalidValue, "port: expected a whole number"),
    (("port", "٨٨٨٤"), InvalidValue, "port: expected a whole number"),
    (("port", "-1"), InvalidValue, "port: expected a whole number"),
    (("--key", "port", "--value", "-1"), InvalidValue, "port: expected a whole number"),
    (("--key", "port", "--value=-1"), InvalidValue, "port: expected a whole number"),
    (("--key", "port", "--value", "-x"), InvalidValue, "port: expected a whole number"),
    (("port=-1",), InvalidValue, "port: expected a whole number"),
    (("port", ""), InvalidValue, "port: expected a whole number"),
    (("port", "80\x0080"), InvalidValue, "port: expected a whole number"),
    (("port", "80\n80"), InvalidValue, "port: expected a whole number"),
    (("app_mode", "banana"), InvalidValue, "app_mode: expected one of unconfigured, local or workos"),
    (("enable_hsts", "maybe"), InvalidValue, "enable_hsts: expected true or false"),
    (("enable_hsts", ""), InvalidValue, "enable_hsts: expected true or false"),
    (("super_admin_emails", "ada@example.com,nobody"), InvalidValue, "entry 2"),
    (("csp_report_uri", "https://x.example/\udcff"), InvalidValue, "csp_report_uri: expected"),
    (("csp_report_uri", "https://x.example/;script-src *"), InvalidValue, "csp_report_uri: expected"),
    (("log_level", "x" * 1_000_000), InvalidValue, "log_level: expected one of"),
    (("workos_api_key", "pk_" + CANARY), InvalidValue, "workos_api_key: expected `sk_`"),
    (("workos_api_key", ""), InvalidValue, "to remove the secret, unset workos_api_key"),
    (("workos_api_key", "••••••••"), InvalidValue, "workos_api_key: expected"),
    (("setup_completed", "true"), ManagedSetting, "setup_completed: cannot be set by hand"),
    (("database_path", "x.db"), ManagedSetting, "database_path: cannot be set by hand"),
    (("encryption_key_salt", "00"), ManagedSetting, "encryption_key_salt: cannot be set by hand"),
    (("port=1", "port=2"), ConfigError, "port: given twice"),
    (("app_mode", "workos"), ConfigError, "workos_client_id"),
    (("app_mode", "local"), ConfigError, "this hub is not claimed yet"),
    (("allowed_origins", "*,https://a.example"), InvalidValue, "allowed_origins: expected"),
    ((CANARY, "1"), UnknownSetting, "no such setting"),
    (("\udcff\x1b", "1"), UnknownSetting, "unknown key: no such setting"),
    (("k" * 100_000, "1"), UnknownSetting, "unknown key: no such setting"),
]


def single(error: ConfigError) -> ConfigError:
    """Return the only mistake in the error of a plan."""
    errors = error.errors if isinstance(error, InvalidPlan) else (error,)
    assert len(errors) == 1
    return errors[0]


@pytest.mark.parametrize(("arguments", "kind", "message"), REFUSALS, ids=[str(r[0])[:40] for r in REFUSALS])
def test_what_is_wrong_is_refused_in_one_line_and_changes_nothing(
    install: None, arguments: tuple[str, ...], kind: type[ConfigError], message: str
) -> None:
    before = database_content()
    with pytest.raises(ConfigError) as caught:
        config("set", *arguments)
    error = single(caught.value)
    assert isinstance(error, kind)
    assert message in str(error)
    assert len(str(error).splitlines()) == 1
    assert "pk_" not in str(error)
    assert database_content() == before


def test_every_wrong_setting_is_named_and_the_right_ones_are_not_set(install: None) -> None:
    before = database_content()
    with pytest.raises(InvalidPlan) as caught:
        config("set", "port=abc", "prot=1", "setup_completed=true", "log_level=debug")
    assert [error.keys for error in caught.value.errors] == [("port",), ("prot",), ("setup_completed",)]
    assert database_content() == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("port",),
        ("port", "8885", "log_level"),
        ("port=1", "log_level"),
        ("--key", "port"),
        ("--value", "8885"),
        ("--key", "port", "--key", "log_level", "--value", "1"),
        ("--stdin",),
        ("port=1", "--stdin", "log_level=debug"),
        ("--key", "port", "--value", "1", "--stdin"),
        ("port", "--stdin", "--file", "x"),
    ],
)
def test_a_call_that_makes_no_sense_is_a_wrong_call(install: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(WrongCall):
        config("set", *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("trusted_proxies", "127.0.0.1", "10.0.0.1"),
        ("trusted_proxies", "127.0.0.1,", "10.0.0.1"),
        ("trusted_proxies=127.0.0.1", "10.0.0.1"),
        ("port=8885", "trusted_proxies=127.0.0.1", "10.0.0.1", "10.0.0.2"),
    ],
)
def test_entries_of_a_list_need_commas_between_them(install: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(WrongCall, match=r"and commas between the entries of trusted_proxies$"):
        config("set", *arguments)


@pytest.mark.parametrize(
    "arguments", [("trusted_proxies",), ("port", "8885", "log_level"), ("no", "such", "key")]
)
def test_a_missing_value_is_a_missing_value(install: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(WrongCall, match=r"but a value is missing$"):
        config("set", *arguments)


def test_a_wrong_call_never_repeats_what_may_be_a_secret(install: None) -> None:
    with pytest.raises(WrongCall) as caught:
        config("set", "workos_api_key", CANARY, CANARY)
    assert "canary" not in str(caught.value)


def test_a_claimed_hub_does_not_go_back_to_unconfigured_by_set(owner: User) -> None:
    with pytest.raises(InvalidPlan, match="config reset to set the hub up again"):
        config("set", "app_mode", "unconfigured")


def test_the_last_super_admin_cannot_be_removed(owner: User) -> None:
    with pytest.raises(InvalidPlan, match="super_admin_emails: expected at least one address"):
        config("set", "super_admin_emails", "")
