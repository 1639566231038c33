"""A filter that keeps private data out of Django's crash reports."""

from __future__ import annotations

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.views.debug import SafeExceptionReporterFilter

OURS = ("hub", "setup_wizard", "config_app")


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


def _is_private(value: Any, request: HttpRequest | None) -> bool:
    """Return whether a value is private: posted data, a cookie's value or a queryset.

    The ``repr`` of a queryset shows rows of the database.
    """
    cookies = getattr(request, "COOKIES", {}).values()
    return isinstance(value, QueryDict | QuerySet) or (isinstance(value, str) and value in cookies)
