"""``UNSET``: in a plan's changes, remove the row, so that the default is in force."""

from __future__ import annotations

import enum
from typing import Final, Literal


class Unset(enum.Enum):
    """The type of ``UNSET``."""

    UNSET = "unset"

    def __repr__(self) -> str:
        """Read like the name."""
        return "UNSET"


UNSET: Final[Literal[Unset.UNSET]] = Unset.UNSET
