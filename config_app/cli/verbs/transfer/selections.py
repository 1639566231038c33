"""The options with which ``config export`` and ``config import`` select settings."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Collection

from config_app.transfer.selection import Selection, select


def add_selection_options(parser: ArgumentParser) -> None:
    """Add ``--only``, ``--except``, ``--section`` and ``--include``."""
    options = {
        "--only": ("only", "carry over only these settings, such as port,log_level"),
        "--except": ("excluded", "leave these settings out"),
        "--section": ("sections", "carry over only the settings of these sections"),
        "--include": ("included", "also carry over these settings, which normally stay on one machine"),
    }
    for name, (attribute, text) in options.items():
        parser.add_argument(
            name, dest=attribute, type=_names, action="extend", default=[], metavar="NAMES", help=text
        )


def read_selection(options: Namespace, others: Collection[str] = ()) -> Selection:
    """Return the selection that the options describe.

    Raise ``ConfigError`` if an option names an unknown section or an unknown key. The keys in ``others`` are
    allowed even if this version has no such settings.
    """
    return select(
        only=options.only,
        excluded=options.excluded,
        included=options.included,
        sections=options.sections,
        others=others,
    )


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[,\s]+", text) if name]
