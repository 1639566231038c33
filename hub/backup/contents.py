"""Define which tables a backup contains, and how their rows become JSON data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Any

from django.apps.registry import Apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

TITLE = "hub-backup 1"
EMPTIED = {
    "admin.logentry",  # its rows refer to accounts
    "hub.workossession",
    "hub.workosevents",
    "hub.webhookcall",
    "setup_wizard.setupdraft",
    "setup_wizard.setuptoken",
    "sessions.session",
}
"""The tables that a restore empties: sessions, and the data of an unfinished setup."""
RUNNING = "config_app.process"
"""The receipts of the running processes. A backup does not contain this table, and a restore keeps it."""
STATE = "config_app.configstate"
ACCOUNTS = {"auth.group", "hub.user"}
LINKS = {"auth.group": ("permissions",), "hub.user": ("groups", "user_permissions")}
"""Maps each model with many-to-many fields to the names of these fields. A backup contains these fields."""


def kept_models(apps: Apps) -> list[type[Model]]:
    """Return the models whose rows a backup contains.

    If a model has a foreign key to another model, the other model comes first in the list. If the tables are
    older than the code, ``apps`` must come from the state of the applied migrations.
    """
    found = {
        model._meta.label_lower: model
        for model in apps.get_models()
        if model._meta.app_label == "config_app" or model._meta.label_lower in ACCOUNTS
        if model._meta.label_lower != RUNNING
    }
    graph = {name: _referred(model) & found.keys() for name, model in found.items()}
    return [found[name] for name in TopologicalSorter(graph).static_order()]


def _referred(model: type[Model]) -> set[str]:
    relations = (field.related_model for field in columns(model) if field.is_relation)
    return {related._meta.label_lower for related in relations if related} - {model._meta.label_lower}


def columns(model: type[Model]) -> list[Field[Any, Any]]:
    """Return the fields of ``model`` that have a column in its table."""
    return list(model._meta.concrete_fields)


def to_json(values: Iterable[Any]) -> list[Any]:
    """Return the values of one row as JSON data."""
    return [value.isoformat() if isinstance(value, dt.datetime) else value for value in values]


def to_database(field: Field[Any, Any], value: Any, connection: BaseDatabaseWrapper) -> Any:
    """Convert a value from a backup into a parameter of an SQL statement for ``connection``."""
    return field.get_db_prep_save(field.to_python(value), connection)
