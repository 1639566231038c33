"""The goods."""

from __future__ import annotations

from django.db import models

from config_app.api import get_config


def usual_stock() -> int:
    """Return how many pieces of a new good there are: one page."""
    return get_config().page_size


class Good(models.Model):
    """A thing to sell."""

    name = models.CharField(max_length=50)
    stock = models.IntegerField(default=usual_stock)

    def __str__(self) -> str:
        return self.name
