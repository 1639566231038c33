"""A recovery code is random, and a typing error in it is found (K9)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_app.declaration.secret import Secret
from config_app.encryption.recovery_codes import ALPHABET, NotARecoveryCode, new_code, read_code


def test_a_code_has_seven_groups_of_four_and_is_never_the_same() -> None:
    codes = {new_code().reveal() for _ in range(50)}
    assert len(codes) == 50
    assert all([len(group) for group in code.split("-")] == [4] * 7 for code in codes)
    assert not {character for code in codes for character in code} - {*ALPHABET, "-"}


@pytest.mark.parametrize("change", [str.lower, lambda t: t.replace("-", " "), lambda t: f" {t}\n"])
def test_a_code_is_read_however_it_is_typed(change: object) -> None:
    code = new_code()
    assert callable(change)
    assert read_code(Secret(change(code.reveal()))) == code


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    code = next(c for c in (new_code() for _ in itertools.count()) if {"0", "1"} <= set(c.reveal()))
    typed = code.reveal().replace("0", "o").replace("1", "l")
    assert read_code(Secret(typed)) == code


@given(st.integers(0, 27), st.sampled_from(ALPHABET))
def test_a_mistyped_character_is_almost_always_found_and_never_repeated(position: int, typed: str) -> None:
    code = "0123456789ABCDEFGHJKMNPQRS"
    whole = code + _check(code)
    mistyped = whole[:position] + typed + whole[position + 1 :]
    if mistyped == whole or _check(mistyped[:26]) == mistyped[26:]:
        return
    with pytest.raises(NotARecoveryCode, match="a letter or digit was mistyped") as caught:
        read_code(Secret(mistyped))
    assert mistyped not in str(caught.value)


def _check(payload: str) -> str:
    from config_app.encryption import recovery_codes

    return recovery_codes._check(payload)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "it has 0 letters and digits instead of 28"),
        ("7K2M-9QXD", "it has 8 letters and digits instead of 28"),
        ("U" * 28, "it has a character that is in no recovery code"),
        ("é" * 28, "it has a character that is in no recovery code"),
    ],
)
def test_what_is_no_code_is_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(NotARecoveryCode, match=why):
        read_code(Secret(typed))
