"""What the hub adds to the admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group

from hub.models import User
from hub.people.admin import GroupsAdmin, PeopleAdmin

admin.site.register(User, PeopleAdmin)
admin.site.unregister(Group)  # Django's lets whoever may change groups give themselves any right
admin.site.register(Group, GroupsAdmin)
