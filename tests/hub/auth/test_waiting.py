"""If many addresses guess a password, a new browser waits, and then has an attempt (W5)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.backends import ModelBackend

from hub.auth import hashing, waiting
from tests.conftest import PASSWORD
from tests.hub.auth.test_sign_in_throttle import OWNER, attempt, may_sign_in
from tests.support.browsers.clients import browser
from tests.support.soak import times

pytestmark = pytest.mark.usefixtures("owner")


class Attack:
    """Guesses from many addresses. The attackers keep their cookies and wait as the hub demands."""

    def __init__(self, clock: Any, addresses: int) -> None:
        self._clock = clock
        self._attackers = [browser(REMOTE_ADDR=f"203.0.113.{number}") for number in range(addresses)]

    def go_on(self, seconds: int, pause: int = 1) -> None:
        """Guess from one address after the other, with ``pause`` seconds between two guesses."""
        for _ in range(0, seconds, pause):
            self._attackers.append(self._attackers.pop(0))
            attempt(client=self._attackers[-1])
            self._clock.shift(pause)


def test_a_browser_that_waits_has_an_attempt_even_if_the_attack_never_ends() -> None:
    newcomer, other = browser(REMOTE_ADDR="198.51.100.7"), browser(REMOTE_ADDR="198.51.100.8")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        attack = Attack(clock, 40)
        attack.go_on(60)
        refused = attempt(PASSWORD, client=newcomer)
        assert refused.status_code == 429
        assert "from other places" in refused.text
        wait = int(refused.headers["Retry-After"])
        assert waiting.SHORTEST <= wait <= waiting.LONGEST
        attack.go_on(wait - 1)
        assert int(attempt(PASSWORD, client=newcomer).headers["Retry-After"]) == 1
        attack.go_on(1)
        assert not may_sign_in(client=other)
        assert may_sign_in(client=newcomer)


@pytest.mark.repeats
def test_each_address_of_an_attack_has_one_guess_for_each_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    checked, check, duration = Counter[str](), ModelBackend.authenticate, times(260, 800)

    def counting(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        checked[request.META["REMOTE_ADDR"]] += 1
        return check(self, request, *args, **kwargs)

    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        attack = Attack(clock, 60)
        attack.go_on(60)
        monkeypatch.setattr(ModelBackend, "authenticate", counting)
        attack.go_on(duration)
    assert set(checked.values()) <= {duration // 180, duration // 180 + 1}


def test_a_wait_helps_only_where_it_was_waited() -> None:
    newcomer = browser(REMOTE_ADDR="198.51.100.7")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        attack = Attack(clock, 40)
        attack.go_on(60)
        wait = int(attempt(client=newcomer).headers["Retry-After"])
        attack.go_on(wait)
        for value in ("", "x", newcomer.cookies["waiting"].value[:-2] + "xx"):
            stranger = browser(REMOTE_ADDR="198.51.100.7")
            stranger.cookies["waiting"] = value
            assert not may_sign_in(client=stranger), value
        mover = browser(REMOTE_ADDR="198.51.100.8")
        mover.cookies = newcomer.cookies
        assert not may_sign_in(client=mover)


def test_a_wait_that_was_not_used_ends() -> None:
    newcomer = browser(REMOTE_ADDR="198.51.100.7")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        attack = Attack(clock, 60)
        attack.go_on(60)
        wait = int(attempt(client=newcomer).headers["Retry-After"])
        clock.shift(wait + waiting.USABLE + 1)
        attack.go_on(60)
        assert not may_sign_in(client=newcomer)


@pytest.mark.parametrize(("networks", "seconds"), [(1, 60), (20, 60), (50, 150), (100, 300), (10_000, 300)])
def test_the_wait_grows_with_the_attack_and_has_a_bound(networks: int, seconds: int) -> None:
    assert waiting.length(networks) == seconds


def test_if_passwords_cannot_be_checked_now_the_page_says_when(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the wait, the browser comes before others."""
    ranks: list[hashing.Rank] = []

    def busy(*_args: Any, **_kwargs: Any) -> None:
        ranks.append(hashing.rank.get())
        raise hashing.Busy

    newcomer = browser()
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        with monkeypatch.context() as patch:
            patch.setattr(ModelBackend, "authenticate", busy)
            refused = attempt(client=newcomer)
            assert refused.status_code == 503
            assert refused.headers["Retry-After"] == "60"
            assert "your password was not checked" in refused.text
            assert OWNER in refused.text
            clock.shift(60)
            attempt(client=newcomer)
        assert ranks == [hashing.Rank.STRANGER, hashing.Rank.WAITED]
        assert not AccessAttempt.objects.exists()
        assert may_sign_in(client=newcomer)
