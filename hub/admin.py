"""Register people and groups with the admin site."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group

from hub.models import User
from hub.people.admin import GroupsAdmin, PeopleAdmin

admin.site.register(User, PeopleAdmin)
admin.site.unregister(Group)  # in Django's admin, staff who may change groups can give themselves any right
admin.site.register(Group, GroupsAdmin)
