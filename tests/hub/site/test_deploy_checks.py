"""``check --deploy`` checks the current configuration (requirement W3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

from hub.middleware.csrf import CsrfMiddleware
from hub.site import checks
from tests.support.browsers.clients import configure


def found() -> list[str]:
    messages = run_checks(include_deployment_checks=True)
    return [str(message.id) for message in messages if message.id not in settings.SILENCED_SYSTEM_CHECKS]


def test_a_new_install_is_clean(install: None) -> None:
    assert found() == []


def test_a_claimed_hub_behind_https_is_clean(owner: Any) -> None:
    configure(public_url="https://hub.example.com", trusted_proxies="127.0.0.1", enable_hsts=True)
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "check", "cure"),
    [
        ({"trusted_proxies": "127.0.0.1"}, "hub.W001", "config set enable_hsts true"),
        ({"enable_hsts": True}, "hub.W002", "config set trusted_proxies"),
    ],
)
def test_half_of_https_is_noticed(owner: Any, changes: dict[str, Any], check: str, cure: str) -> None:
    configure(public_url="https://hub.example.com", **changes)
    (message,) = checks.check_findings()
    assert message.id == check
    assert cure in str(message.hint)
    assert found() == [check]


def test_a_way_past_https_is_noticed(owner: Any) -> None:
    configure(
        public_url="https://hub.example.com",
        trusted_proxies="10.0.0.1",
        enable_hsts=True,
        bind_address="0.0.0.0",  # noqa: S104 - the mistake that the check must find
    )
    assert found() == ["hub.W006"]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "hub.lan"])  # noqa: S104
def test_passwords_in_the_clear_are_noticed(owner: Any, address: str) -> None:
    configure(bind_address=address)
    assert found() == ["hub.W003"]
    configure(bind_address="localhost")
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "check"),
    [({"enable_hsts": True}, "hub.W004"), ({"trusted_proxies": "10.0.0.0/8, ::/0"}, "hub.W005")],
)
def test_hsts_that_nobody_is_told_and_proxies_that_are_everybody_are_noticed(
    owner: Any, changes: dict[str, Any], check: str
) -> None:
    configure(**changes)
    assert found() == [check]


def test_an_install_that_was_never_started_is_nothing_to_complain_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from config_app.errors import DatabaseUnavailable

    def fail() -> None:
        raise DatabaseUnavailable("never started")

    monkeypatch.setattr(checks, "get_config", fail)
    assert checks.check_findings() == []


def test_what_the_silenced_checks_ask_for_is_there() -> None:
    assert set(settings.SILENCED_SYSTEM_CHECKS) == {
        "security.W003",
        "security.W004",
        "security.W008",
        "security.W012",
        "security.W016",
    }
    assert "hub.middleware.csrf.CsrfMiddleware" in settings.MIDDLEWARE
    assert issubclass(CsrfMiddleware, CsrfViewMiddleware)
    for needed in (
        "transport.strict_transport",
        "cookies.host_cookies",
        "csp.ContentSecurityPolicyMiddleware",
    ):
        assert f"hub.middleware.{needed}" in settings.MIDDLEWARE


def test_the_whole_stack_runs_in_one_thread() -> None:
    """Each layer would change threads if one were async-only or if the innermost were async too."""
    for path in settings.MIDDLEWARE:
        assert getattr(import_string(path), "sync_capable", True), path
    assert getattr(import_string(settings.MIDDLEWARE[-1]), "async_capable", False) is False
