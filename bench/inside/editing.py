"""Change one of many settings in the admin: enter a new port in an editor, and submit the form."""

from __future__ import annotations

import itertools

from django.apps import apps

from bench.inside import Round
from bench.inside.browser import Page, sign_in
from bench.inside.cost import Action, queries, seconds
from bench.project.peers import CONSTANCE
from bench.project.schema import texts
from bench.project.size import COUNT
from config_app import api

PAGES = {"config_app": "/admin/config_app/systemconfig/", CONSTANCE: "/admin/constance/config/"}


def prepare() -> Round:
    """Store a value for every setting.

    Return a function that saves a new port in the editor of config_app. If constance is installed, the
    function also saves a new port in the editor of constance.
    """
    api.plan(texts(COUNT)).apply(actor="bench")
    ports, client = itertools.cycle(str(port) for port in range(8002, 9000)), sign_in()
    pages = {app: Page(client, path) for app, path in PAGES.items() if apps.is_installed(app)}

    def another(page: Page) -> Action:
        page.fill_in(next(ports))
        return page.save

    for page in pages.values():
        another(page)()  # constance's first save also stores every default
    counts = {f"{app}: queries": queries(another(page)) for app, page in pages.items()}
    return lambda: {app: seconds(another(page)) for app, page in pages.items()} | counts
