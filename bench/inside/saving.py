"""Save one of many settings in Python, without a request. Each save validates all settings."""

from __future__ import annotations

import itertools

from django.apps import apps

from bench.inside import Round
from bench.inside.cost import Action, queries, seconds
from bench.inside.peers import save_form
from bench.project.peers import CONSTANCE
from bench.project.schema import texts
from bench.project.size import COUNT
from config_app import api


def prepare() -> Round:
    """Store a value for every setting, and return a function that saves a new port."""
    api.plan(texts(COUNT)).apply(actor="bench")
    ports = itertools.cycle(str(port) for port in range(8002, 9000))
    saves: dict[str, Action] = {"config_app": lambda: api.plan({"port": next(ports)}).apply(actor="bench")}
    if apps.is_installed(CONSTANCE):
        saves[CONSTANCE] = lambda: save_form(next(ports))
    for save in saves.values():
        save()  # constance's first save also stores every default
    counts = {f"{name}: queries": queries(save) for name, save in saves.items()}

    return lambda: {name: seconds(save) for name, save in saves.items()} | counts
