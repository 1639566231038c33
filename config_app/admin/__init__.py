"""The configuration editor and the history in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from config_app.admin.editor import ConfigurationAdmin
from config_app.admin.history import HistoryAdmin
from config_app.models import Revision, SystemConfig

admin.site.register(SystemConfig, ConfigurationAdmin)
admin.site.register(Revision, HistoryAdmin)
