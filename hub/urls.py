"""The URLs of the hub."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from hub.api.events import stream_events
from hub.api.views import read_config
from hub.api.webhook import reload_config
from hub.dashboard.views import dashboard
from hub.responses import health
from hub.site.sign_in import OwnPasswordView, ProofView, SignedOutView, SignInView, SignOutView
from hub.site.unlock import UnlockView
from hub.workos.connection import ConnectionView, check
from hub.workos.sign_in import callback
from setup_wizard.pages.last_page import show_done

admin.autodiscover()

urlpatterns = [
    path("", dashboard, name="dashboard"),
    path("setup/", include("setup_wizard.urls")),
    path("unlock/", UnlockView.as_view(), name="unlock"),
    path("welcome/", show_done, name="setup-done"),
    path("auth/login", SignInView.as_view(), name="login"),
    path("auth/callback", callback, name="callback"),
    path("auth/workos", ConnectionView.as_view(), name="workos"),
    path("auth/workos/check", check, name="workos-check"),
    path("auth/logout", SignOutView.as_view(), name="logout"),
    path("auth/password", OwnPasswordView.as_view(), name="own-password"),
    path("auth/proof", ProofView.as_view(), name="proof"),
    path("auth/signed-out", SignedOutView.as_view(), name="signed-out"),
    path("admin/", admin.site.urls),
    path("api/config", read_config, name="api-config"),
    path("api/config/events", stream_events, name="api-config-events"),
    path("api/config/reload", reload_config, name="api-config-reload"),
    path(health.LIVE_PATH.lstrip("/"), health.live, name="live"),
    path(health.READY_PATH.lstrip("/"), health.ready, name="ready"),
]

handler400 = "hub.responses.errors.bad_request"
handler403 = "hub.responses.errors.permission_denied"
handler404 = "hub.responses.errors.page_not_found"
handler500 = "hub.responses.errors.server_error"
