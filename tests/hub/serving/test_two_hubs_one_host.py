"""Two hubs on different ports of one host name, and one browser that uses both."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.processes.hub_process import OWNER, PASSWORD, HubProcess

Hubs = tuple[HubProcess, HubProcess]


@pytest.fixture(params=["two installs", "a copied folder"])
def hubs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hubs]:
    """Give two claimed hubs that are served on 127.0.0.1; the second one may be a copy of the first one."""
    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(HubProcess(tmp_path / name)) for name in ("one", "two"))
        first.claim()
        if request.param == "two installs":
            second.claim()
        else:
            shutil.copytree(first.data_dir, second.data_dir)
        for hub in (first, second):
            hub.serve(workers=1)
        yield first, second


@pytest.fixture
def person() -> Iterator[httpx2.Client]:
    """Give a client with one cookie jar; as in a browser, the port plays no part in it."""
    with httpx2.Client(timeout=20, follow_redirects=False) as client:
        yield client


def sign_in(person: httpx2.Client, hub: HubProcess) -> None:
    answer = send(person, hub, "/auth/login", username=OWNER, password=PASSWORD)
    assert answer.status_code == 302, answer.text


def send(person: httpx2.Client, hub: HubProcess, path: str, **form: str) -> httpx2.Response:
    return post(person, hub, path, token(person, hub), **form)


def token(person: httpx2.Client, hub: HubProcess) -> str:
    page = person.get(f"{hub.url}/auth/login", follow_redirects=True).text
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None, page
    return found.group(1)


def post(person: httpx2.Client, hub: HubProcess, path: str, csrf: str, **form: str) -> httpx2.Response:
    data = form | {"csrfmiddlewaretoken": csrf}
    return person.post(f"{hub.url}{path}", data=data, headers={"Origin": hub.url})


def signed_in(person: httpx2.Client, hubs: Hubs) -> list[bool]:
    return [person.get(f"{hub.url}/api/config").status_code == 200 for hub in hubs]


def test_each_hub_signs_people_in_and_out_for_itself(hubs: Hubs, person: httpx2.Client) -> None:
    first, second = hubs
    sign_in(person, first)
    assert signed_in(person, hubs) == [True, False]
    form_of_first = token(person, first)
    sign_in(person, second)
    assert signed_in(person, hubs) == [True, True]
    # A form that was open at one hub during a sign-in at the other hub can still be sent.
    assert post(person, first, "/auth/logout", form_of_first).status_code == 302
    assert signed_in(person, hubs) == [False, True]
    sign_in(person, first)
    send(person, second, "/auth/logout")
    assert signed_in(person, hubs) == [True, False]


def test_each_hub_remembers_its_own_browsers(hubs: Hubs, person: httpx2.Client) -> None:
    for hub in hubs:
        sign_in(person, hub)
    remembered = {cookie.name for cookie in person.cookies.jar if cookie.name.startswith("browser")}
    assert len(remembered) == 2
