"""``manage.py changepassword`` lets a person in who has forgotten the password and has to wait."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.utils import timezone

from hub.models import User
from tests.conftest import OWNER
from tests.hub.auth.test_sign_in_throttle import may_sign_in
from tests.support.processes.hub_process import HubProcess

NEW = "another correct horse battery"


def fail_often(name: str, address: str = "192.0.2.1") -> None:
    AccessAttempt.objects.create(
        username=name, ip_address=address, failures_since_start=60, attempt_time=timezone.now()
    )


@pytest.mark.parametrize("written", [OWNER, OWNER.upper()])
def test_a_new_password_ends_the_wait(owner: User, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setattr("getpass.getpass", lambda **_prompt: NEW)
    fail_often(OWNER)
    fail_often(f"browser-1 {OWNER}")
    fail_often("another@example.com")
    assert not may_sign_in(OWNER)
    call_command("changepassword", written)
    owner.refresh_from_db()
    assert owner.check_password(NEW)
    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["another@example.com"]


def test_a_refused_password_keeps_the_wait(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(**_prompt: str) -> str:
        raise EOFError

    fail_often(OWNER)
    monkeypatch.setattr("getpass.getpass", nothing)
    with pytest.raises(CommandError, match="the password is unchanged"):
        call_command("changepassword", OWNER)
    assert AccessAttempt.objects.count() == 1


@pytest.mark.parametrize(
    "command", ["changepassword", "createsuperuser", "clearsessions", "axes_reset_ip 1.2.3.4"]
)
def test_without_the_hubs_variables_a_command_says_so_in_one_line(
    hub_process: HubProcess, command: str
) -> None:
    done = hub_process.run(*command.split())
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"there is no database yet: {hub_process.database} does not exist" in line


def test_a_developer_can_still_see_the_traceback(hub_process: HubProcess) -> None:
    assert "Traceback" in hub_process.run("clearsessions", "--traceback").stderr
