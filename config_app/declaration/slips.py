"""Recognise what a shell, a file or a copied text leaves in a value by mistake, such as quotes around it."""

from __future__ import annotations

import re
import unicodedata

# A shell, Compose, Kubernetes or Helm would have replaced these by a value.
_UNREPLACED = re.compile(
    r"\$\{[A-Za-z_]\w*[^}]*\}|\$\([^)]+\)|\{\{.*\}\}|\A\$[A-Za-z_]\w*(?=\Z|[/\\:@])|\A%[A-Za-z_]\w*%",
    re.ASCII,
)
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "„": "“"}
# Joiners belong to the spelling of some languages and to emoji.
_JOINERS = "\u200c\u200d"
_NAMES = {"\ufeff": "byte order mark", "\r": "carriage return", "\n": "new line", "\t": "tab"}


def find_slip(text: str) -> str:
    """Return what to do about a slip in ``text``, such as "remove the quotes around the value".

    Return an empty text if there is no slip. The returned text can name an invisible character of
    ``text``, but it contains no other part of ``text``.
    """
    if (invisible := _invisible(text)) is not None:
        name = _NAMES.get(invisible) or unicodedata.name(invisible, "control character").lower()
        return f"remove the invisible character U+{ord(invisible):04X} ({name})"
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        return "remove the quotes around the value"
    if _UNREPLACED.search(text):
        return "no program has replaced the variable in this text, so write the value itself"
    return ""


def _invisible(text: str) -> str | None:
    """Return the first character that cannot be seen. A space counts only at the start or the end."""
    if text != text.strip(" "):
        return " "
    if text.isprintable():  # much faster, and true for nearly every value
        return None
    return next((character for character in text if _is_invisible(character)), None)


def _is_invisible(character: str) -> bool:
    if character in _JOINERS or character == " ":
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}
