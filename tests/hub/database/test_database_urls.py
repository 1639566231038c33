"""Each part of a database URL means what it says, and what could mean two things is refused (R18)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.database.location import database_from_url
from tests.support.checkouts import CANARY, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("url", "entry", "label"),
    [
        ("postgres://u@%2Frun%2Fsock/db", {"HOST": "/run/sock", "PORT": "", "USER": "u"}, "postgresql:///run/sock/db"),
        (
            f"postgres://u:{CANARY}@%2fRun%2fMySock:5433/db",
            {"HOST": "/Run/MySock", "PORT": 5433, "USER": "u", "PASSWORD": CANARY},
            "postgresql:///Run/MySock:5433/db",
        ),
        ("postgres://%2Frun%2Fsock/db", {"HOST": "/run/sock", "USER": ""}, "postgresql:///run/sock/db"),
        ("postgres:///db?host=/run/sock", {"HOST": "/run/sock", "OPTIONS": {}}, "postgresql:///run/sock/db"),
        (
            f"postgres:///?host=db1&port=5433&user=u&password={CANARY}&dbname=hub&sslmode=require",
            {"HOST": "db1", "PORT": 5433, "USER": "u", "PASSWORD": CANARY, "OPTIONS": {"sslmode": "require"}},
            "postgresql://db1:5433/hub",
        ),
    ],
)  # fmt: skip
def test_the_place_of_a_server_can_be_written_as_for_libpq(
    place: Place, url: str, entry: dict[str, Any], label: str
) -> None:
    instance = place.resolve(HUB_DATABASE_URL=url)
    assert {name: instance.database[name] for name in entry} == entry
    assert instance.database_label == label
    assert CANARY not in label


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        ("atomic_requests=false", "ATOMIC_REQUESTS", False),
        ("atomic_requests=False", "ATOMIC_REQUESTS", False),
        ("ATOMIC_REQUESTS=0", "ATOMIC_REQUESTS", False),
        ("autocommit=true", "AUTOCOMMIT", True),
        ("conn_health_checks=no", "CONN_HEALTH_CHECKS", False),
        ("conn_health_checks=on", "CONN_HEALTH_CHECKS", True),
        ("disable_server_side_cursors=off", "DISABLE_SERVER_SIDE_CURSORS", False),
        ("conn_max_age=0", "CONN_MAX_AGE", 0),
        ("conn_max_age=None", "CONN_MAX_AGE", None),
    ],
)
@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
def test_an_option_of_django_has_its_type(
    tmp_path: Path, scheme: str, option: str, name: str, value: object
) -> None:
    entry = database_from_url(f"{scheme}://db/hub?{option}", tmp_path).entry
    assert entry[name] is value


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("atomic_requests=true", "atomic_requests=false, because the hub needs it"),
        ("autocommit=false", "autocommit=true, because the hub needs it"),
        (f"conn_health_checks={CANARY}", "conn_health_checks=true or conn_health_checks=false"),
        (f"conn_max_age={CANARY}", "conn_max_age= and a number of seconds"),
        ("conn_max_age=-1", "conn_max_age= and a number of seconds"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(place: Place, option: str, expected: str) -> None:
    line = place.refusal(HUB_DATABASE_URL=f"postgres://db/hub?{option}")
    assert line.startswith(f"HUB_DATABASE_URL: expected {expected}")


@pytest.mark.parametrize("url", ["sqlite:///usr/hub.db", "sqlite:///tmp/a/b.db", "sqlite:///home/me/hub.db"])
def test_three_slashes_before_a_folder_of_the_machine_are_refused(place: Place, url: str) -> None:
    assert "with four slashes for an absolute path" in place.refusal(HUB_DATABASE_URL=url)


def test_three_slashes_mean_the_folder_of_the_hub_if_the_path_is_there(place: Place) -> None:
    (place.base / "usr").mkdir()
    for url in (
        "sqlite:///usr/hub.db",
        "sqlite:///nowhere/hub.db",
        "sqlite:///usr",
        "sqlite:///./usr/hub.db",
    ):
        path = place.resolve(HUB_DATABASE_URL=url).database_path
        assert path is not None
        assert path.is_relative_to(place.base)
