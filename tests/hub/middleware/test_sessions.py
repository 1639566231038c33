"""The session cookie: only the end of a session deletes it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from hub.models import User
from tests.conftest import PASSWORD
from tests.support.browsers.clients import browser
from tests.support.browsers.old_sign_ins import prove_ago

EDITOR, PROOF = "/admin/config_app/systemconfig/", "/auth/proof"


def test_a_request_from_before_a_proof_does_not_sign_the_browser_out(owner: User) -> None:
    """A proof renews the key. A request with the old key may still be on its way, for example of a script."""
    client = browser()
    client.force_login(owner)
    prove_ago(client, dt.timedelta(hours=1))
    earlier = browser()
    earlier.cookies["sessionid"] = client.cookies["sessionid"].value
    assert client.post(PROOF, {"password": PASSWORD}).status_code == 302
    assert client.cookies["sessionid"].value != earlier.cookies["sessionid"].value
    late = earlier.get(EDITOR)
    assert late.status_code == 302
    assert "sessionid" not in late.cookies
    assert client.get(EDITOR).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("key", ["unknown", "a" * 32, ""])
def test_a_key_that_no_session_has_stays_in_the_browser(owner: User, key: str, method: str) -> None:
    client = browser()
    client.cookies["sessionid"] = key
    assert "sessionid" not in getattr(client, method)(EDITOR).cookies


def test_a_sign_out_deletes_the_cookie(owner_client: Client) -> None:
    assert owner_client.post("/auth/logout").cookies["sessionid"]["max-age"] == 0
