"""The groups of a step with their fields, prepared for the templates."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from config_app.project import get_schema
from setup_wizard.claiming.forms import StepForm
from setup_wizard.steps import Group


def sections(form: StepForm) -> list[dict[str, Any]]:
    """Return the sections of a form. If the step has no groups, there is one section without a title."""
    step = form.step
    groups = step.groups_in(form.answers.draft.mode) or [Group(keys=tuple(form.fields))]
    return [_section(form, group) for group in groups]


def _section(form: StepForm, group: Group) -> dict[str, Any]:
    section: dict[str, Any] = {
        "title": group.title,
        "description": group.description,
        "rows": [_row(form, name) for name in group.keys],
    }
    if group.probe is not None:
        url = reverse("setup:probe", args=[group.probe.name])
        section["probe"] = {"url": url, "label": group.probe.label}
    return section


def _row(form: StepForm, name: str) -> dict[str, Any]:
    setting = get_schema().settings.get(name)
    return {
        "field": form[name],
        "key": setting and setting.key,
        "validate_url": reverse("setup:validate", args=[form.step.name]),
        "secret": bool(setting and setting.is_secret),
        "is_set": form.is_stored(name),
    }
