"""A filter that keeps private data out of Django's crash reports."""

from __future__ import annotations

import dataclasses
from collections.abc import ItemsView, Iterable, Mapping
from types import FrameType
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.views.debug import SafeExceptionReporterFilter

OURS = ("hub", "setup_wizard", "config_app")
DEEPEST = 3
"""How many containers inside each other are searched. What is deeper is masked without a search."""
SHORTEST = 16
"""A cookie of at least this many characters is also looked for inside longer texts."""


class PrivateReports(SafeExceptionReporterFilter):
    """Django's filter for crash reports. It also masks posted data and the local variables of libraries."""

    # ``sensitive_post_parameters`` marks a request only when its view is called. If the database fails before
    # that, for example while the session is read, the report would have the password that a person entered.
    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the posted fields, with a mask in place of each value."""
        return dict.fromkeys(getattr(request, "POST", {}), self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """Return the local variables of a frame. Mask all variables of libraries and all private values.

        Our own code keeps secrets in ``Secret`` objects, but Django does not. For example, the query for a
        session contains the session's key.
        """
        names = dict(super().get_traceback_frame_variables(request, tb_frame))
        is_ours = str(tb_frame.f_globals.get("__name__")).partition(".")[0] in OURS
        private = {name for name, value in names.items() if not is_ours or _is_private(value, request)}
        return (names | dict.fromkeys(private, self.cleansed_substitute)).items()


def _is_private(value: Any, request: HttpRequest | None, depth: int = 0) -> bool:
    """Return whether a value is or contains posted data, a cookie's value or rows of the database.

    The ``repr`` of a row may show a secret: that of a session shows its key.
    """
    if isinstance(value, QueryDict | QuerySet | Model):
        return True
    if isinstance(value, bytes):
        value = value.decode("latin-1")  # as in the headers of a request
    if isinstance(value, str):
        return any(cookie == value or _is_long_part(cookie, value) for cookie in _cookies(request))
    contents = _contents(value)
    return any(depth == DEEPEST or _is_private(part, request, depth + 1) for part in contents)


def _cookies(request: HttpRequest | None) -> Iterable[str]:
    return getattr(request, "COOKIES", {}).values()


def _is_long_part(cookie: str, text: str) -> bool:
    # A short cookie, such as the name of a colour theme, is a part of many words.
    return len(cookie) >= SHORTEST and cookie in text


def _contents(value: Any) -> Iterable[Any]:
    """Return what the ``repr`` of a value shows of other values."""
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, BaseException):
        return value.args
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value) if field.repr]
    return ()
