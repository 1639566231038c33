"""The base class and the manager of config_app's models. All queries use the configuration's database."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

from config_app.database.place import alias

M = TypeVar("M", bound=models.Model)


class OneDatabaseManager(models.Manager[M]):
    """Queries the configuration's database, even if a router names another database, such as a replica."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Return a queryset for the database that the caller has named.

        If the caller has not named a database, use the configuration's database.
        """
        found = super().get_queryset()
        return found if self._db else found.using(alias())


class ConfigModel(models.Model):
    """The base class of config_app's models. Queries always use the configuration's database."""

    objects = OneDatabaseManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # Django also follows foreign keys with it
