"""What the hub adds to the admin."""

from __future__ import annotations

from django.contrib import admin

from hub.models import User
from hub.people_admin import PeopleAdmin

admin.site.register(User, PeopleAdmin)
