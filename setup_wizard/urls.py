"""The wizard's URLs, under ``/setup/``."""

from __future__ import annotations

from django.urls import path

from setup_wizard.pages import live, lost_keys, restoring, views

app_name = "setup"

urlpatterns = [
    path("", views.TokenView.as_view(), name="token"),
    path("review/", views.ReviewView.as_view(), name="review"),
    path("restore/", restoring.UploadView.as_view(), name="restore"),
    path("restore/backup/", restoring.BackupView.as_view(), name="backup"),
    path("restore/import/", restoring.ImportView.as_view(), name="import"),
    path("keys/", lost_keys.KeysView.as_view(), name="keys"),
    path("proof/", views.ProofView.as_view(), name="proof"),
    path("validate/<slug:name>/", live.ValidateView.as_view(), name="validate"),
    path("probe/<slug:name>/", live.ProbeView.as_view(), name="probe"),
    path("<slug:name>/", views.StepView.as_view(), name="step"),
]
