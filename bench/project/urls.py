"""The URLs of the benchmarks' project: a page that does nothing, and the admin."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(_request: HttpRequest) -> HttpResponse:
    """Answer ``ok``."""
    return HttpResponse("ok")


urlpatterns = [path("page", page), path("admin/", admin.site.urls)]
