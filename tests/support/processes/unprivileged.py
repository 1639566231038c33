"""Root may do anything, so what a user may not do is tried as an ordinary one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def as_ordinary_user() -> Iterator[int]:
    """Run the block as `nobody` where the tests run as root, and give the user id it runs as."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield os.geteuid()
    finally:
        os.seteuid(before)
