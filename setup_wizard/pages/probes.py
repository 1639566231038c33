"""Run probes on the values that were entered in the wizard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from config_app.errors import ConfigError
from config_app.project import get_schema
from setup_wizard.claiming.forms import StepForm
from setup_wizard.steps import CheckResult, Probe


def run(probe: Probe, form: StepForm, request: HttpRequest) -> CheckResult:
    """Run ``probe`` with the values in ``form`` and return its result.

    If a value is not valid, do not run the probe, and return the error of this value as the result.
    """
    form.full_clean()
    for key in probe.keys:
        if key in form.errors:
            return CheckResult(ok=False, message=f"{form.fields[key].label}: {form.errors[key][0]}")
    values = {key: form.cleaned_data[key] for key in probe.keys}
    try:
        return probe.run(values, request) if _complete(values, form) else _enter_again(values)
    except ConfigError as error:
        return CheckResult(ok=False, message=str(error))


def _complete(values: dict[str, Any], form: StepForm) -> bool:
    """Replace blank secrets in ``values`` with the stored secrets. Return false if a secret is still missing.

    Use stored secrets only if all other values are the same as the stored values.
    """
    blank = [key for key, value in values.items() if value is None and get_schema()[key].is_secret]
    others = [key for key in values if not get_schema()[key].is_secret]
    if blank and any(values[key] != form.answers.stored(key) for key in others):
        return False
    values |= {key: form.answers.stored(key) for key in blank}
    return all(values[key] is not None for key in blank)


def _enter_again(values: Mapping[str, Any]) -> CheckResult:
    labels = [get_schema()[key].label for key in values if get_schema()[key].is_secret]
    return CheckResult(ok=False, message=f"Enter the {' and '.join(labels)} to test these values.")
