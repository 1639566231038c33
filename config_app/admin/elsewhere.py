"""What is said to whoever changed where the site is found: the next page may be out of reach from here."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config_app.project import get_project


@dataclasses.dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another way in than that of the request: its origin, empty where not known, and the page there."""

    origin: str
    path: str

    @property
    def url(self) -> str:
        """Return the whole address, or nothing."""
        return f"{self.origin}{self.path}" if self.origin else ""

    def as_html(self, sentence: str) -> SafeString:
        """Return a sentence with the link in it; nothing where there is none."""
        if not self.origin:
            return SafeString()
        return format_html(sentence, format_html('<a href="{}">{}</a>', self.url, self.origin))


def elsewhere(request: HttpRequest, config: Any, keys: Collection[str], path: str) -> Elsewhere | None:
    """Return where to come in under ``config``; ``None`` where the request itself came in that way."""
    project = get_project()
    if project.arrived_under(request, config, keys):
        return None
    return Elsewhere(project.address_under(request, config), path)


def show_elsewhere(request: HttpRequest, link: Elsewhere, context: dict[str, Any]) -> HttpResponse:
    """Answer with a page of its own instead of a redirect, which the browser could not follow."""
    return TemplateResponse(request, "config_app/elsewhere.html", context | {"elsewhere": link})
