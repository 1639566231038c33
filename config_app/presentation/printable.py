"""Makes text from outside safe to show on one line."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return ``text`` with an escape sequence in place of each character that is not printable."""
    # Otherwise a stored value or a request could start a new line, move the cursor or reverse other text.
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
