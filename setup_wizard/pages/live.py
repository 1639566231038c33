"""The wizard's JSON views. They check values while the holder of the token types them."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse

from setup_wizard.claiming.forms import form_of
from setup_wizard.pages import probes
from setup_wizard.pages.views import SetupView
from setup_wizard.steps import Probe, Step


class LiveView(SetupView):
    """A wizard view that answers with JSON."""

    http_method_names = ["post", "options"]

    def refuse(self) -> JsonResponse:
        """Return a response with status 403 for a browser that does not hold the token."""
        return JsonResponse({"error": "token_required"}, status=403)


class ValidateView(LiveView):
    """The view that checks one field."""

    def post(self, request: HttpRequest, name: str) -> JsonResponse:
        """Check one field. Return JSON in which ``error`` is the error of the field, or null.

        The argument ``name`` is the name of the step. In the posted data, ``name`` is the name of the field,
        and ``value`` is its content.
        """
        step, field_name = self.find_step(name), request.POST.get("name", "")
        field = form_of(step, self.answers()).fields.get(field_name) if step else None
        if field is None:
            return JsonResponse({"error": "unknown_field"}, status=404)
        if isinstance(field.widget, forms.PasswordInput):  # secrets are sent only with the whole form
            return JsonResponse({"error": "secret_field"}, status=400)
        return JsonResponse({"error": _error(field, request.POST.get("value", ""))})


def _error(field: forms.Field, text: str) -> str | None:
    try:
        field.clean(text)
    except ValidationError as error:
        return str(error.messages[0])
    return None


class ProbeView(LiveView):
    """The view that runs a probe, for example a test of credentials."""

    def post(self, request: HttpRequest, name: str) -> JsonResponse:
        """Run the probe called ``name`` with the posted form. Return JSON with ``ok`` and ``message``."""
        for step in self.draft.steps_in_order():
            if (probe := _probe(step, self.draft.mode, name)) is not None:
                form = form_of(step, self.answers(), request.POST)
                result = probes.run(probe, form, request)
                return JsonResponse({"ok": result.ok, "message": result.message})
        return JsonResponse({"error": "unknown_probe"}, status=404)


def _probe(step: Step, mode: str, name: str) -> Probe | None:
    found = [group.probe for group in step.groups_in(mode) if group.probe and group.probe.name == name]
    return found[0] if found else None
