"""The configuration editor as a browser without JavaScript uses it."""

from __future__ import annotations

import html
from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from config_app.api import plan
from config_app.live.snapshot import read_snapshot
from config_app.models import Revision
from hub.models import User

EDITOR = reverse("admin:config_app_systemconfig_changelist")
PREVIEW = reverse("admin:config_app_systemconfig_preview")
HISTORY = reverse("admin:config_app_revision_changelist")


def browser(user: User) -> Client:
    """Return a browser in which ``user`` is signed in."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def staff(*codenames: str, email: str = "sam@example.com") -> User:
    """Return an account that may open the admin and has the given permissions."""
    user = User.objects.create_user(email, "a long enough password", is_staff_member=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def fields_of(form: forms.Form) -> dict[str, str]:
    """Return the fields that a browser sends for a form that was not edited."""
    sent = {}
    for field in form:
        value = field.value()
        if isinstance(field.field.widget, forms.CheckboxInput):
            if field.field.widget.check_test(value):
                sent[field.name] = "on"
        else:
            sent[field.name] = "" if value is None else str(value)
    return sent


class Editor:
    """The editor's page, open in the browser of one user."""

    def __init__(self, client: Client) -> None:
        """Load the page."""
        self.client = client
        self.loaded: Any = client.get(EDITOR)
        self.fields = fields_of(self.loaded.context["form"])

    def fill(self, **fields: str | None) -> dict[str, str]:
        """Return the form's fields with some of them filled in; ``None`` removes a tick."""
        sent: dict[str, str | None] = {**self.fields, **fields}
        return {name: value for name, value in sent.items() if value is not None}

    def save(self, **fields: str | None) -> Any:
        """Send the form without following the redirect."""
        return self.client.post(EDITOR, self.fill(**fields))

    def preview(self, **fields: str | None) -> Any:
        """Return the changes that the review dialog would show."""
        return self.client.post(PREVIEW, self.fill(**fields)).json()


def stored(attribute: str) -> Any:
    """Return the value of a setting that the database holds now."""
    return getattr(read_snapshot().config, attribute)


def last_revision() -> Revision:
    """Return the newest revision."""
    return Revision.objects.latest("number")


def change_elsewhere(actor: str = "grace", **changes: Any) -> None:
    """Change settings as another user, while a test has the editor open."""
    plan(changes).apply(actor=actor, channel="cli", reason="meanwhile")


def text_of(response: Any) -> str:
    """Return the page's HTML with its entities resolved."""
    return html.unescape(response.content.decode())
