"""Finds planted secrets in any output, also if they are encoded."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping

from django.utils.html import escapejs

SHORTEST = 12
"""The least number of characters of a planted secret. A shorter text may occur by chance."""


def forms(secret: str | bytes) -> dict[str, bytes]:
    """Return what a secret looks like in the usual encodings, by the name of the encoding."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    found = {"raw": raw, "hex": raw.hex().encode(), "hex in capitals": raw.hex().upper().encode()}
    found |= {f"base64 after {n} bytes": part for n, part in enumerate(_inside_base64(raw))}
    found |= {
        f"URL-safe {name}": part.translate(bytes.maketrans(b"+/", b"-_"))
        for name, part in found.items()
        if name.startswith("base64")
    }
    return found if isinstance(secret, bytes) else found | _of_text(secret)


def _of_text(text: str) -> dict[str, bytes]:
    quoted = urllib.parse.quote(text, safe="")
    return {
        "URL-encoded": quoted.encode(),
        "URL-encoded, with slashes": urllib.parse.quote(text).encode(),
        "URL-encoded as a form": urllib.parse.quote_plus(text).encode(),
        "URL-encoded in small letters": urllib.parse.quote(text, safe="").lower().encode(),
        "HTML": html.escape(text).encode(),
        "HTML without quotes": html.escape(text, quote=False).encode(),
        "HTML as in Django": html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;").encode(),
        "JavaScript": str(escapejs(text)).encode(),
        "JSON": json.dumps(text)[1:-1].encode(),
        "JSON in Unicode": json.dumps(text, ensure_ascii=False)[1:-1].encode(),
        "JSON in HTML": html.escape(json.dumps(text)[1:-1]).encode(),
        "repr": repr(text)[1:-1].encode(),
        "repr in HTML": html.escape(repr(text)[1:-1]).encode(),
        "ASCII repr": ascii(text)[1:-1].encode(),
        "Unicode escapes": text.encode("unicode_escape"),
        "SQL": text.replace("'", "''").encode(),
        "UTF-16": text.encode("utf-16-le"),
        "UTF-16, big end first": text.encode("utf-16-be"),
    }


def _inside_base64(raw: bytes) -> Iterator[bytes]:
    """Yield the Base64 that does not depend on what stands before and after: one for each alignment."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).rstrip(b"=")
        depends_on_the_next_byte = (before + len(raw)) % 3 != 0
        yield encoded[(0, 2, 3)[before] : len(encoded) - depends_on_the_next_byte]


class Scanner:
    """Searches texts and bytes for planted secrets, and collects what it finds."""

    def __init__(self, canaries: Mapping[str, str | bytes]) -> None:
        """Search for ``canaries``: the secrets, by a name that says what each of them is."""
        assert all(len(secret) >= SHORTEST for secret in canaries.values())
        self._forms = {name: set(forms(secret).values()) for name, secret in canaries.items()}
        self._clean: set[int] = set()
        self.searched: Counter[str] = Counter()
        self.found: set[tuple[str, str]] = set()

    def look(self, place: str, content: str | bytes) -> None:
        """Search ``content``, and add each secret to ``found``, together with the place."""
        self.searched[place] += 1
        octets = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        if (key := hash(octets)) in self._clean:  # many answers are equal, such as redirects
            return
        names = {name for name, parts in self._forms.items() if any(part in octets for part in parts)}
        self.found |= {(name, place) for name in names}
        if not names:
            self._clean.add(key)

    def beyond(self, allowed: set[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return what was found in other places than ``allowed``; check that each allowed place has it."""
        assert allowed <= self.found, f"expected to be shown, but was not: {allowed - self.found}"
        return sorted(self.found - allowed)
