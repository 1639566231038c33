"""The exported document: JSON with the settings, the version of the format and a checksum.

If a document has secrets, the whole document is encrypted (``config_app.transfer.passphrase``).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from config_app.errors import ConfigError

FORMAT, VERSION = "config-export", 1
MAX_BYTES = 16 * 1024 * 1024
LARGEST = f"{MAX_BYTES // 1024 // 1024} MB"
_MEMBERS = {"format", "version", "revision", "exported_at", "settings", "omitted", "checksum"}


class UnreadableExport(ConfigError):
    """A text is not an export, or this version cannot read the export. Nothing was changed."""

    def __init__(self, why: str, fix: str = "export the configuration again") -> None:
        super().__init__(f"the file cannot be imported: {why}", fix=fix)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Settings that were exported.

    - ``settings``: maps each key to the value as JSON data. Settings that have their defaults are left out.
    - ``omitted``: the keys of the settings that the export left out although they may have a value.
    - ``revision`` and ``exported_at``: the exported revision and the time of the export. An import does not
      use them.
    - ``has_secrets``: whether ``settings`` contains secrets.
    """

    settings: Mapping[str, Any] = dataclasses.field(repr=False)
    omitted: tuple[str, ...] = ()
    revision: int | None = None
    exported_at: str | None = None
    has_secrets: bool = False

    def as_text(self) -> str:
        """Return the document as JSON, with a checksum."""
        members: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "exported_at": self.exported_at,
            "revision": self.revision,
            "settings": dict(self.settings),
            "omitted": list(self.omitted),
        }
        return json.dumps(members | {"checksum": _checksum(members)}, indent=2) + "\n"


def parse_json(text: str) -> dict[str, Any]:
    """Return the JSON object in ``text`` as a dict. Raise ``UnreadableExport`` if it is not an export."""
    try:
        members = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UnreadableExport(f"line {error.lineno} is not valid JSON, or the file is cut off") from None
    except RecursionError:
        raise UnreadableExport("its JSON is nested too deeply") from None
    if not isinstance(members, dict) or members.get("format") != FORMAT:
        raise UnreadableExport(f'expected a JSON object with "format": "{FORMAT}"')
    version = members.get("version")
    if type(version) is int and version > VERSION:
        raise UnreadableExport(
            f"its format has version {version}, but this program can read only versions up to {VERSION}",
            "install the version of the program that made the file, or a later one",
        )
    if type(version) is not int or version < 1:
        raise UnreadableExport(f'expected "version": {VERSION}')
    return members


def read_document(text: str, *, has_secrets: bool = False) -> Document:
    """Return the document in ``text``. Raise ``UnreadableExport`` if the text is damaged or not complete.

    A document without a checksum is accepted, so that people can write a document by hand.
    """
    members = parse_json(text)
    _refuse_unknown(members)
    checksum = members.pop("checksum", None)
    if checksum is not None and checksum != _checksum(members):
        raise UnreadableExport(
            "its checksum is wrong, so the file was altered after the export",
            'export again, or remove the line "checksum" if you altered the file on purpose',
        )
    return Document(
        settings=_member(members, "settings", dict, "an object with a value for each key"),
        omitted=_omitted(members),
        revision=_member(members, "revision", int | None, "a whole number"),
        exported_at=_member(members, "exported_at", str | None, "a time"),
        has_secrets=has_secrets,
    )


def _omitted(members: Mapping[str, Any]) -> tuple[str, ...]:
    found = members.get("omitted", [])
    if not isinstance(found, list) or not all(isinstance(key, str) for key in found):
        raise UnreadableExport('"omitted": expected a list of keys')
    return tuple(found)


def _member(members: Mapping[str, Any], name: str, kind: Any, expected: str) -> Any:
    found = members.get(name)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise UnreadableExport(f'"{name}": expected {expected}')
    return found


def _refuse_unknown(members: Mapping[str, Any]) -> None:
    if unknown := members.keys() - _MEMBERS:
        names = ", ".join(sorted(f'"{name[:40]}"' for name in unknown))
        raise UnreadableExport(f"version {VERSION} of the format does not have these members: {names}")


def _checksum(members: Mapping[str, Any]) -> str:
    return f"sha256:{hashlib.sha256(canonical_bytes(members)).hexdigest()}"


def canonical_bytes(members: Mapping[str, Any]) -> bytes:
    """Return JSON data as bytes. Equal data gives equal bytes, even if the members have another order."""
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UnreadableExport(f'the member "{name[:40]}" occurs twice', "remove one of the two")
        found[name] = value
    return found


def _refuse_constant(name: str) -> None:
    raise UnreadableExport(f"{name} is not a JSON value")
