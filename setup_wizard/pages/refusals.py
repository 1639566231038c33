"""Responses to requests that the wizard refuses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from config_app.errors import ConfigError
from setup_wizard.product import get_product


def closed(request: HttpRequest) -> HttpResponse:
    """Return a 404 page that says that the install is already set up."""
    response = render(request, "setup_wizard/closed.html", status=404)
    add_never_cache_headers(response)
    return response


def unavailable(request: HttpRequest, error: ConfigError) -> HttpResponse:
    """Return a 503 page that says what is wrong and how to fix it."""
    return get_product().unavailable(request, error)


def wants_json(request: HttpRequest) -> bool:
    """Return whether the path is under ``/api/`` or the client accepts only JSON."""
    if request.path_info == "/api" or request.path_info.startswith("/api/"):
        return True
    types = request.accepted_types
    return bool(types) and all(t.sub_type == "json" or t.sub_type.endswith("+json") for t in types)
