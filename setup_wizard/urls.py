"""The wizard's URLs, under ``/setup/``."""

from __future__ import annotations

from django.urls import path

from setup_wizard.pages import live, views

app_name = "setup"

urlpatterns = [
    path("", views.TokenView.as_view(), name="token"),
    path("review/", views.ReviewView.as_view(), name="review"),
    path("proof/", views.ProofView.as_view(), name="proof"),
    path("validate/<slug:name>/", live.ValidateView.as_view(), name="validate"),
    path("probe/<slug:name>/", live.ProbeView.as_view(), name="probe"),
    path("<slug:name>/", views.StepView.as_view(), name="step"),
]
