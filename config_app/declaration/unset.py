"""``UNSET``: the value in a plan's changes that returns a setting to its default."""

from __future__ import annotations

import enum
from typing import Final, Literal


class Unset(enum.Enum):
    """The type of ``UNSET``."""

    UNSET = "unset"

    def __repr__(self) -> str:
        """Return the name of the constant."""
        return "UNSET"


UNSET: Final[Literal[Unset.UNSET]] = Unset.UNSET
"""This value in a plan's changes means: remove the row of the setting, so that the default applies."""
