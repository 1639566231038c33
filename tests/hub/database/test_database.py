"""Database URLs and paths, and secrets in them that no message may show."""

from __future__ import annotations

import contextlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_app.errors import InvalidValue
from hub.database.location import database_from_url
from hub.environment.instance import resolve_instance
from tests.support.checkouts import CANARY, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        (f"postgres://user:{CANARY}@db:5432/hub", "postgresql://db:5432/hub"),
        (f"postgresql://user:{CANARY}@db/hub", "postgresql://db/hub"),
        (f"POSTGRES://{CANARY}@db/hub", "postgresql://db/hub"),
        ("postgres:///hub", "postgresql:///hub"),
        ("postgres:////var/run/postgresql/hub", "postgresql:///var/run/postgresql/hub"),
        ("postgres://[::1]:5432/hub", "postgresql://[::1]:5432/hub"),
        (f"postgres://a:{CANARY}@one:1,two:2/hub", "postgresql://one,two:1,2/hub"),
        ("postgres://db/a%20b+c", "postgresql://db/a%20b%2Bc"),
        (f"mysql://user:{CANARY}@db:3306/hub", "mysql://db:3306/hub"),
    ],
)
def test_a_server_is_shown_without_user_and_password(place: Place, url: str, label: str) -> None:
    instance = place.resolve(HUB_DATABASE_URL=url)
    assert (instance.database_url, instance.database_path) == (url, None)
    assert instance.database_label == label
    assert CANARY not in repr((instance, database_from_url(url, place.base)))


def test_a_server_becomes_an_entry_of_databases(place: Place) -> None:
    instance = place.resolve(HUB_DATABASE_URL="postgres://u:p%2F%40%3Aw+x@db:5432/hub")
    assert instance.database == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "hub",
        "USER": "u",
        "PASSWORD": "p/@:w+x",
        "HOST": "db",
        "PORT": 5432,
    }


def test_options_of_a_url_are_not_lost(place: Place) -> None:
    instance = place.resolve(HUB_DATABASE_URL="postgres://db/hub?sslmode=require&conn_max_age=60")
    assert instance.database["OPTIONS"] == {"sslmode": "require"}
    assert instance.database["CONN_MAX_AGE"] == 60


def test_the_url_wins_over_the_path(place: Place) -> None:
    instance = place.resolve(HUB_DATABASE_URL="postgres://db/hub", HUB_DATABASE_PATH="other.db")
    assert instance.database_label == "postgresql://db/hub"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////srv/hub.db", "/srv/hub.db"),
        ("sqlite:///hub.db", "{base}/hub.db"),
        ("SQLite:///a%20b/c+d.db", "{base}/a b/c+d.db"),
        ("sqlite:///a#b.db", "{base}/a#b.db"),
    ],
)
def test_an_sqlite_url_counts_as_a_path(place: Place, url: str, path: str) -> None:
    instance = place.resolve(HUB_DATABASE_URL=url)
    expected = path.format(base=place.base)
    assert (instance.database_url, instance.database_path) == (None, Path(expected))
    assert instance.database == {"ENGINE": "django.db.backends.sqlite3", "NAME": expected}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"/srv/{CANARY}.db", "a database URL such as"),
        (f"oracle://u:{CANARY}@db/hub", "a database URL such as"),
        (f"postgres:u:{CANARY}@db/hub", "a database URL such as"),
        (f"postgres://u:{CANARY}@db", "the name of the database is missing"),
        (f"postgres://u:{CANARY}@db/", "the name of the database is missing"),
        (f"postgres://u:{CANARY}/x@db/hub", "percent-encoded"),
        (f"postgres://u:1/{CANARY}@db/hub", "percent-encoded"),
        (f"postgres://u:1?{CANARY}@db/hub", "percent-encoded"),
        (f"postgres://u:1/{CANARY}#x@db/hub", "percent-encoded"),
        (f"postgres://db/hub#{CANARY}", "percent-encoded"),
        (f"postgres://u:{CANARY} x@db/hub", "percent-encoded"),
        (f"postgres://u:{CANARY}@db/hub\n", "remove the invisible character"),
        (f"postgres://u:{CANARY}\udc80@db/hub", "percent-encoded"),
        (f"postgres://u:{CANARY}@[::1/hub", "percent-encoded"),
        (f"postgres://u:{CANARY}@db:99999/hub", "percent-encoded"),
        (f"sqlite://{CANARY}/hub.db", "sqlite:/// followed by the path"),
        ("sqlite://", "sqlite:/// followed by the path"),
        ("sqlite:///", "sqlite:/// followed by the path"),
        ("sqlite:///:memory:", "sqlite:/// followed by the path"),
        ("sqlite://:memory:", "sqlite:/// followed by the path"),
        ("sqlite:///hub.db?mode=memory", "sqlite:/// followed by the path"),
        ("sqlite:///hub%00.db", "without NUL bytes"),
    ],
)
def test_any_other_url_is_refused_with_what_was_expected(place: Place, url: str, expected: str) -> None:
    line = place.refusal(HUB_DATABASE_URL=url)
    assert line.startswith("HUB_DATABASE_URL: expected ")
    assert expected in line


@pytest.mark.parametrize("path", [f"postgres://u:{CANARY}@db/hub", "sqlite:///hub.db", ":memory:"])
def test_a_url_given_as_a_path_is_refused(place: Place, path: str) -> None:
    line = place.refusal(HUB_DATABASE_PATH=path)
    assert line.startswith("HUB_DATABASE_PATH: expected the path of an SQLite file")


_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
_URL = st.one_of(
    _TEXT,
    st.tuples(st.sampled_from(["postgres", "mysql", "sqlite", "x"]), _TEXT).map("://".join),
    st.text(st.sampled_from("postgre:/@?#%[],1.+& "), max_size=30).map("postgres://".__add__),
)


@given(_URL)
def test_any_url_gives_a_database_or_a_refusal(url: str) -> None:
    with contextlib.suppress(InvalidValue):
        instance = resolve_instance({"HUB_DATABASE_URL": url}, Path("/nowhere"))
        assert (instance.database_url is None) != (instance.database_path is None)


@given(
    user=st.text(st.characters(codec="utf-8"), min_size=1),
    password=st.text(st.sampled_from("aZ9/@:?#%[] +&=é")),
)
def test_any_password_that_is_percent_encoded_is_read_back(user: str, password: str) -> None:
    url = f"postgres://{quote(user, safe='')}:{quote(password, safe='')}@db:5432/hub"
    database = resolve_instance({"HUB_DATABASE_URL": url}, Path("/nowhere")).database
    assert (database["USER"], database["PASSWORD"]) == (user, password)
