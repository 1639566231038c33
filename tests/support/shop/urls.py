"""The URLs of the shop."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from setup_wizard.pages.last_page import show_done

urlpatterns = [
    path("setup/", include("setup_wizard.urls")),
    path("welcome/", show_done, name="setup-done"),
    path("admin/", admin.site.urls),
]
