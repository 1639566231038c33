"""Texts for people start with a capital letter, but the names of settings keep their small letters."""

from __future__ import annotations

import pytest

from config_app.problems import Problem, full_sentence, sentence


@pytest.mark.parametrize(
    ("message", "keys", "shown"),
    [
        ("the database is locked", (), "The database is locked"),
        ("the database is locked", ("port",), "The database is locked"),
        ("port: expected a number", ("port",), "port: expected a number"),
        ("public_url is https", ("trusted_proxies",), "public_url is https"),
        (
            "left_over: this version knows no such setting",
            (),
            "left_over: this version knows no such setting",
        ),
        ("", (), ""),
    ],
)
def test_only_words_get_a_capital_letter(message: str, keys: tuple[str, ...], shown: str) -> None:
    assert sentence(Problem(code="any", message=message, keys=keys)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("choose another port", "Choose another port."),
        ("Is it there?", "Is it there?"),
        ("It is there.", "It is there."),
        ("enable_hsts is off", "enable_hsts is off."),
        ("", ""),
    ],
)
def test_a_full_sentence_has_one_period(text: str, shown: str) -> None:
    assert full_sentence(text) == shown
