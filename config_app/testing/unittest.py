"""A mixin for tests with ``unittest``. It makes each test start as if the process were new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config_app.database import alias
from config_app.testing import reset_process

if TYPE_CHECKING:
    from django.test import SimpleTestCase as Base
else:
    Base = object


class ConfigTestMixin(Base):
    """Start each test as if the process were new. Put this mixin before ``TestCase`` in the list of bases.

    A plain ``TestCase`` needs this mixin only if a test commits, for example in a thread. The mixin also adds
    the database of the configuration, ``CONFIG_APP["DATABASE"]``, to ``databases``.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Add the database of the configuration to ``databases``.

        Change nothing if ``databases`` is empty or is ``"__all__"``.
        """
        super().__init_subclass__(**options)
        databases = getattr(cls, "databases", ())
        if databases and not isinstance(databases, str):
            cls.databases = {*databases, alias()}

    def setUp(self) -> None:
        """Reset the process state, now and after the test."""
        reset_process()
        self.addCleanup(reset_process)
        super().setUp()
