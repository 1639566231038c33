"""Tests as functions, with pytest-django."""

from __future__ import annotations

import urllib.request

import pytest
from django.core.management import call_command
from shop import bank
from shop.models import Good

from config_app.api import get_config, on_change, plan, reload_config
from config_app.testing import override_config


@pytest.fixture(scope="session")
def size_of_the_session(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return get_config().page_size


@pytest.fixture(scope="module")
def size_of_the_module(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return get_config().page_size


@pytest.fixture(scope="class")
def few():
    with override_config(page_size=2) as config:
        yield config


@pytest.fixture
@override_config(greeting="From a fixture")
def decorated_fixture():
    yield get_config().greeting
    assert get_config().greeting == "From a fixture"


@pytest.fixture
def good(db):
    return lambda name="a good": Good.objects.create(name=name)


@pytest.fixture
def large(db):
    plan({"page_size": 100}).apply()


@override_config(page_size=5)
def test_an_override_without_a_database():
    assert get_config().page_size == 5


def test_reading_without_a_database_is_refused():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        get_config()


def test_starts_with_the_defaults(db):
    assert get_config().page_size == 20


def test_a_change(db, client):
    plan({"page_size": 150}).apply()
    assert get_config().page_size == 150
    assert client.get("/").content == b"150 Welcome"


def test_starts_with_the_defaults_again(db, client):
    assert client.get("/").content == b"20 Welcome"


@override_config(page_size=6)
def test_an_override_with_a_client(client):
    assert client.get("/").content == b"6 Welcome"


@override_config(page_size=6)
def test_an_override_and_a_change(db, client):
    plan({"greeting": "Hi"}).apply()
    assert client.get("/").content == b"6 Hi"


@pytest.mark.override_config(page_size=7)
def test_the_marker(client):
    assert client.get("/").content == b"7 Welcome"


@pytest.mark.override_config(page_size=7, greeting="Outer")
class TestMarked:
    def test_a_method(self, client):
        assert client.get("/").content == b"7 Outer"

    @pytest.mark.override_config(page_size=8)
    def test_the_inner_marker_wins(self, client):
        assert client.get("/").content == b"8 Outer"

    def test_fixtures_see_the_values(self, good):
        assert good().stock == 7


@override_config(page_size=9)
class TestDecorated:
    test_data = {"size": 9}

    @pytest.fixture
    def page(self, client):
        return client.get("/").content

    @pytest.fixture(scope="class")
    @classmethod
    def size(cls):
        return get_config().page_size

    def test_a_method(self):
        assert get_config().page_size == self.test_data["size"]

    def test_its_fixtures(self, page, size):
        assert (page, size) == (b"9 Welcome", 9)

    @staticmethod
    def test_a_static_method():
        assert get_config().page_size == 9

    @override_config(page_size=10)
    def test_a_decorated_method(self):
        assert get_config().page_size == 10

    class TestInner:
        def test_a_method(self):
            assert get_config().page_size == 9


@pytest.mark.parametrize("size", [1, 50, 200])
def test_parameters(db, client, size):
    plan({"page_size": size}).apply()
    assert client.get("/").content == f"{size} Welcome".encode()


@pytest.mark.parametrize("size", [pytest.param(3, marks=pytest.mark.override_config(page_size=3)), 20])
def test_parameters_with_markers(db, size):
    assert get_config().page_size == size


def test_fixtures_of_the_session_and_the_module(size_of_the_session, size_of_the_module, db):
    plan({"page_size": 30}).apply()
    assert (size_of_the_session, size_of_the_module, get_config().page_size) == (20, 20, 30)


class TestFixtureOfTheClass:
    def test_an_override(self, few):
        assert get_config().page_size == few.page_size == 2

    def test_another_override(self, few):
        with override_config(greeting="Hi"):
            assert (get_config().page_size, get_config().greeting) == (2, "Hi")

    def test_a_change(self, few, db):
        plan({"greeting": "Hi"}).apply()
        assert (get_config().page_size, get_config().greeting) == (2, "Hi")


def test_a_decorated_fixture(decorated_fixture):
    assert decorated_fixture == "From a fixture"


def test_a_fixture_that_changes(large, good, client):
    assert good().stock == 100
    assert client.get("/").content == b"100 Welcome"


def test_a_factory(good):
    assert good().stock == 20
    with override_config(page_size=4):
        assert good().stock == 4
    plan({"page_size": 5}).apply()
    assert good().stock == 5


def test_hooks(db, django_capture_on_commit_callbacks):
    bank.heard.clear()
    with django_capture_on_commit_callbacks(execute=True):
        plan({"page_size": 40}).apply()
    assert bank.heard == [(20, 40)]


@pytest.mark.django_db(transaction=True)
def test_a_commit_by_the_marker(client):
    bank.heard.clear()
    plan({"page_size": 41}).apply()
    assert bank.heard == [(20, 41)]
    assert client.get("/").content == b"41 Welcome"


def test_a_commit_by_the_fixture(transactional_db):
    assert get_config().page_size == 20
    plan({"page_size": 42, "token": "of-a-test"}).apply()
    assert reload_config().token.reveal() == "of-a-test"


def test_a_server(live_server):
    plan({"page_size": 45}).apply()
    with urllib.request.urlopen(live_server.url, timeout=10) as answer:
        assert answer.read() == b"45 Welcome"


@override_config(page_size=46)
def test_a_server_with_an_override(live_server):
    with urllib.request.urlopen(live_server.url, timeout=10) as answer:
        assert answer.read() == b"46 Welcome"


@pytest.mark.override_config(page_size=47)
def test_a_server_with_the_marker(live_server):
    with urllib.request.urlopen(live_server.url, timeout=10) as answer:
        assert answer.read() == b"47 Welcome"


def test_the_settings_fixture(db, settings):
    settings.CONFIG_APP = settings.CONFIG_APP | {"CONFIRM_SECONDS": 5}
    plan({"page_size": 48}).apply()
    assert get_config().page_size == 48


def test_the_command(db, capsys):
    call_command("config", "set", "page_size=49")
    call_command("config", "get", "page_size")
    assert capsys.readouterr().out.splitlines()[-1] == "49"
    assert get_config().page_size == 49


def test_a_page_of_the_admin(admin_client):
    assert admin_client.get("/admin/config_app/systemconfig/").status_code == 200


def test_a_hook_that_fails_is_logged(transactional_db, caplog):
    broken = True

    @on_change("page_size")
    def fail(old, new):
        if broken:
            raise ValueError("broken")

    get_config()
    plan({"page_size": 51}).apply()
    broken = False
    assert "the on_change hook" in caplog.text
    assert get_config().page_size == 51
