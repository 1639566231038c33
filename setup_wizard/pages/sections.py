"""The groups of a step with their fields, prepared for the templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from config_app.project import get_schema
from config_app.propagation import receipts
from setup_wizard.claiming.forms import StepForm
from setup_wizard.steps import Group


def sections(form: StepForm) -> list[dict[str, Any]]:
    """Return the sections of a form. If the step has no groups, there is one section without a title."""
    step, pins = form.step, pinned_values()
    groups = step.groups_in(form.answers.draft.mode) or [Group(keys=tuple(form.fields))]
    return [_section(form, group, pins) for group in groups]


def pinned_values() -> dict[str, str]:
    """Return a dict that maps the key of each pinned setting to the values that running processes use."""
    found: dict[str, dict[str, None]] = {}
    for process in receipts.running():
        for key, value in process.pins.items():
            found.setdefault(key, {})[str(value)] = None
    return {key: ", ".join(values) for key, values in found.items()}


def _section(form: StepForm, group: Group, pins: Mapping[str, str]) -> dict[str, Any]:
    section: dict[str, Any] = {
        "title": group.title,
        "description": group.description,
        "rows": [_row(form, name, pins) for name in group.keys],
    }
    if group.probe is not None:
        url = reverse("setup:probe", args=[group.probe.name])
        section["probe"] = {"url": url, "label": group.probe.label}
    return section


def _row(form: StepForm, name: str, pins: Mapping[str, str]) -> dict[str, Any]:
    setting = get_schema().settings.get(name)
    return {
        "field": form[name],
        "key": setting and setting.key,
        "validate_url": reverse("setup:validate", args=[form.step.name]),
        "secret": bool(setting and setting.is_secret),
        "is_set": form.is_stored(name),
        "pinned": pins.get(name, ""),
    }
