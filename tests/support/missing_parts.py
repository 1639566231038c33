"""Programs that this machine lacks: without them, tests are skipped locally but fail in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(part: str, package: str) -> NoReturn:
    """Skip the test; in CI, fail it instead, because no test may be skipped there."""
    message = f"{part} is missing: install the package {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
