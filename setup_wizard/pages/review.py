"""The content of the review page: all answers, with masked secrets, and the errors that prevent the claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from config_app import store
from config_app.declaration.schema import Setting
from config_app.encryption import install_keyring
from config_app.errors import ConfigError, KeyringLocked
from config_app.problems import Problem, full_sentence, runnable
from config_app.project import get_schema
from setup_wizard.claiming.answers import Answers
from setup_wizard.claiming.claim import Rehearsal, application_of, rehearse
from setup_wizard.claiming.draft import Draft
from setup_wizard.pages.navigation import url_of
from setup_wizard.pages.sections import pinned_values
from setup_wizard.product import get_product
from setup_wizard.steps import ACCOUNT, Step


def context(
    request: HttpRequest, answers: Answers, errors: Iterable[ConfigError] | None = None
) -> dict[str, Any]:
    """Return the context of the review page. If ``errors`` is ``None``, rehearse the claim to find errors."""
    rehearsal = _rehearse(answers.draft) if errors is None else Rehearsal(errors=list(errors))
    groups = [*(_group(step, answers) for step in answers.draft.steps_in_order()), *_imported(answers)]
    pins = pinned_values()
    for row in (row for group in groups for row in group["rows"]):
        row["pinned"] = pins.get(row.get("key", ""), "")
    return {
        "groups": groups,
        "problems": [_error_row(error, answers.draft) for error in rehearsal.errors],
        "cautions": [_caution_row(problem, answers.draft) for problem in _cautions(request, rehearsal)],
        "blocked": bool(rehearsal.errors),
    }


def notices(step: Step, draft: Draft) -> list[dict[str, str]]:
    """Return a warning for each setting of ``step`` whose last change was refused.

    Leave out the settings for which the draft already has an answer. Each warning is a dict with
    ``severity``, ``title`` and ``fix``.
    """
    asked = set(step.keys_in(draft.mode)) - draft.steps.get(step.name, {}).keys()
    return [
        {
            "severity": "warning",
            "title": full_sentence(f"{change.key}: {change.note}", (change.key,)),
            "fix": "Enter it here.",
        }
        for change in store.newest_refusals()
        if change.key in asked
    ]


def _rehearse(draft: Draft) -> Rehearsal:
    # A rehearsal makes no recovery code, so it may not need the keyring.
    if (locked := install_keyring.locked_now()) is not None:
        return Rehearsal(errors=[locked])
    try:
        return rehearse(application_of(draft))
    except ConfigError as error:
        return Rehearsal(errors=[error])


def _cautions(request: HttpRequest, rehearsal: Rehearsal) -> Iterable[Problem]:
    return () if rehearsal.errors else get_product().cautions(request, rehearsal.after)


def _caution_row(problem: Problem, draft: Draft) -> dict[str, str]:
    row = {"severity": problem.severity, "title": full_sentence(problem.message, problem.keys)}
    steps = (_step_of(key, draft) for key in problem.keys)
    step = next((step for step in steps if step is not None), None)
    if step is None:
        return row
    link = {"url": f"{url_of(step)}#id_{problem.keys[0]}", "url_label": f"Go to {step.label}"}
    return row | link | {"fix": "You can finish all the same, or change this first."}


def _error_row(error: ConfigError, draft: Draft) -> dict[str, str]:
    row = {
        "severity": "error",
        "title": full_sentence(error.message, error.keys),
        "fix": full_sentence(runnable(error.fix or "")),
    }
    if isinstance(error, KeyringLocked):
        return row | {"url": reverse("setup:keys"), "url_label": "Drop the secrets here"}
    for key in error.keys:
        if (step := _step_of(key, draft)) is not None:
            anchor = "" if step.name == ACCOUNT else f"#id_{key}"
            return row | {
                "fix": row["fix"] or "Enter another value.",
                "url": url_of(step) + anchor,
                "url_label": f"Go to {step.label}",
            }
    return row


def _step_of(key: str, draft: Draft) -> Step | None:
    return next((step for step in draft.steps_in_order() if key in step.keys_in(draft.mode)), None)


def _group(step: Step, answers: Answers) -> dict[str, Any]:
    settings = get_schema().settings
    rows = [_setting_row(step, settings[key], answers) for key in step.keys_in(answers.draft.mode)]
    if step.name == ACCOUNT:
        rows = _account_rows(answers.draft)
    return {
        "name": step.name,
        "label": step.label,
        "url": reverse("setup:step", args=[step.name]),
        "rows": rows,
    }


def _imported(answers: Answers) -> Iterator[dict[str, Any]]:
    """Yield a group with the imported settings that are in no step.

    Yield nothing if there are no such settings.
    """
    draft, settings = answers.draft, get_schema().settings
    asked = {key for step in draft.steps_in_order() for key in step.keys_in(draft.mode)}
    found = [settings[key] for key in draft.texts if key in settings and key not in asked]
    rows = [_row(s, draft.imported.get(s.key), answers) for s in found if s.in_editor]
    if rows:
        label = "Imported settings"
        yield {"name": "imported", "label": label, "url": reverse("setup:restore"), "rows": rows}


def _setting_row(step: Step, setting: Setting, answers: Answers) -> dict[str, Any]:
    return _row(setting, answers.initial(step, setting.key), answers)


def _row(setting: Setting, value: Any, answers: Answers) -> dict[str, Any]:
    row: dict[str, Any] = {"key": setting.key, "label": setting.label, "is_secret": setting.is_secret}
    if setting.is_secret:
        return row | {"is_set": answers.has_secret(setting.key)}
    source = "default" if value == setting.default else None
    return row | {"value": _shown(setting, value), "source": source}


def _shown(setting: Setting, value: Any) -> str:
    text = setting.serialise_optional(value)
    return text.replace(",", ", ") if isinstance(value, tuple) else text


def _account_rows(draft: Draft) -> list[dict[str, Any]]:
    account = draft.steps.get(ACCOUNT, {})
    return [
        {"label": "E-mail address", "value": account.get("email", "")},
        {"label": "Name", "value": account.get("name", "")},
        {"label": "Password", "value": "set" if draft.password else ""},
    ]
