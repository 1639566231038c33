"""A real part that this machine lacks: skipped at a developer's, a failure in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(part: str, package: str) -> NoReturn:
    """Skip the test, or fail it in CI, where nothing may be skipped."""
    message = f"{part} is missing: install the package {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
