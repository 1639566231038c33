"""Answers to requests that the wizard cannot serve."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from config_app.errors import ConfigError
from setup_wizard.product import get_product


def closed(request: HttpRequest) -> HttpResponse:
    """Answer 404, as there is nothing to set up any more (S5)."""
    response = render(request, "setup_wizard/closed.html", status=404)
    add_never_cache_headers(response)
    return response


def unavailable(request: HttpRequest, error: ConfigError) -> HttpResponse:
    """Answer 503 with a diagnosis and a cure (S1)."""
    return get_product().unavailable(request, error)


def wants_json(request: HttpRequest) -> bool:
    """Tell whether the client is no browser: under ``/api/``, or one that accepts only JSON."""
    if request.path_info == "/api" or request.path_info.startswith("/api/"):
        return True
    types = request.accepted_types
    return bool(types) and all(t.sub_type == "json" or t.sub_type.endswith("+json") for t in types)
