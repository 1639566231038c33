"""Text that PostgreSQL cannot store is refused before it reaches the database, and never crashes a page."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser

PEOPLE, GROUPS, HISTORY = "/admin/hub/user/", "/admin/auth/group/", "/admin/config_app/revision/"
EDITOR = "/admin/config_app/systemconfig/"
QUERIES = [
    *[f"{page}?{name}=%00" for page in (PEOPLE, GROUPS, HISTORY) for name in ("q", "p", "o", "all", "x%00")],
    *[f"{PEOPLE}?{name}=%00" for name in ("email__exact", "is_active__exact", "groups__id__exact")],
    *[f"{HISTORY}?{name}=a%00b" for name in ("setting", "channel", "number__exact")],
    f"{PEOPLE}add/?email=%00",
    f"{PEOPLE}add/?_changelist_filters=q%3D%00",
    "/auth/login?next=/%00",
    "/auth/callback?state=%00&code=%00",
    "/?x=%00",
]
PATHS = [
    "{0}%00/change/",
    "{0}1%00/delete/",
    "{0}1/history/%00",
    "/auth/%00",
    "/%00",
    "/static/%00.css",
    "/api/%00",
]


@pytest.fixture(autouse=True)
def no_page_crashes(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Let a test fail if the log has a traceback."""
    yield
    assert not [record for record in caplog.records if record.exc_info or record.levelno > logging.WARNING]


@pytest.mark.parametrize("url", QUERIES)
def test_a_nul_in_the_query_is_400(owner_client: Client, url: str) -> None:
    assert owner_client.get(url).status_code == 400


@pytest.mark.parametrize("path", [path.format(page) for page in (PEOPLE, GROUPS, HISTORY) for path in PATHS])
def test_a_nul_in_the_path_is_400(owner_client: Client, path: str) -> None:
    assert owner_client.get(path).status_code == 400


def test_a_nul_opens_no_way_into_an_unclaimed_hub(install: None) -> None:
    for path in ("/setup%00/", "/%00setup/", "/setup/?x=%00"):
        assert browser().get(path).status_code == 400


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "browser", "hub_unlock_later"])
@pytest.mark.parametrize("value", [r'"\000"', r'"a\000b"', r'"\000\000"'])
def test_a_cookie_with_a_nul_is_an_unknown_cookie(owner: User, name: str, value: str) -> None:
    visitor = browser(HTTP_COOKIE=f"{name}={value}")
    assert visitor.get("/").status_code == 302
    assert visitor.get("/auth/login").status_code == 200
    assert visitor.get("/api/config").status_code == 401
    answer = visitor.post("/auth/login", {"username": owner.email, "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize("field", ["username", "password", "next", "unknown"])
def test_a_posted_nul_is_400(owner: User, field: str) -> None:
    form = {"username": owner.email, "password": PASSWORD, field: "a\0b"}
    assert browser().post("/auth/login", form).status_code == 400
    assert browser().post("/auth/login", form | {field: "ab"}).status_code in {200, 302}


@pytest.mark.parametrize(
    "page", [EDITOR, f"{EDITOR}preview/", f"{PEOPLE}add/", f"{GROUPS}add/", "/auth/proof"]
)
def test_a_nul_in_a_form_of_a_signed_in_person_is_400(owner_client: Client, page: str) -> None:
    assert owner_client.post(page, {"reason": "\0", "email": "\0", "name": "\0"}).status_code == 400


def upload(client: Client, text: str, charset: str = "") -> int:
    body = f'--xyz\r\nContent-Disposition: form-data; name="action"\r\n\r\n{text}\r\n--xyz--\r\n'
    answer = client.post(PEOPLE, body.encode(), content_type=f"multipart/form-data; boundary=xyz{charset}")
    return answer.status_code


def test_an_upload_with_a_nul_in_a_field_is_400(owner_client: Client) -> None:
    assert upload(owner_client, "a\0b") == 400
    assert upload(owner_client, "ab") in {200, 302}
    assert upload(owner_client, "ab", "; charset=UTF-8") in {200, 302}


@pytest.mark.parametrize("charset", ["utf-7", "latin-1", "raw_unicode_escape"])
def test_an_upload_in_a_charset_that_may_decode_no_text_is_400(owner_client: Client, charset: str) -> None:
    assert upload(owner_client, "+2AA-", f"; charset={charset}") == 400
