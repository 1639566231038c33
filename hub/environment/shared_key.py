"""Read the shared key, which unlocks the secrets on any machine, from a variable or from a file."""

from __future__ import annotations

import os
from pathlib import Path

from config_app.declaration.secret import Secret
from config_app.encryption.private_files import LARGEST, read_regular
from config_app.encryption.unlockers import MIN_SHARED_KEY
from hub.database.file_access import name_of
from hub.database.location import resolve_path


class UnreadableKeyFile(ValueError):
    """The file exists, but this user may not read it. The text says what was expected."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"a file that user {name_of(os.geteuid())} can read; {path} cannot be read ({error.strerror})"
        )
        self.fix = f"as root, run chown {os.geteuid()} {path} and chmod 400 {path}"


def parse_key(text: str, base: Path) -> Secret:  # noqa: ARG001 - all parsers have the same parameters
    """Return ``text`` as a shared key. Raise ``ValueError`` with a text that says what was expected."""
    key = text.strip()
    if len(key) < MIN_SHARED_KEY:
        raise ValueError(f"at least {MIN_SHARED_KEY} characters")
    if any("\ud800" <= character <= "\udfff" for character in key):
        raise ValueError("UTF-8 text")
    return Secret(key)


def read_key_file(text: str, base: Path) -> Secret:
    """Return the shared key in the file at the path ``text``. A relative path starts at ``base``.

    Raise ``ValueError`` with a text that says what was expected.
    """
    # Most messages do not repeat the path, because people set this variable to the key itself by mistake.
    path = resolve_path(text, base)
    try:
        content = read_regular(path, LARGEST)
    except PermissionError as error:  # so the path names a file, and is no key
        raise UnreadableKeyFile(path, error) from None
    except OSError as error:
        raise ValueError(f"the path of a file that can be read ({error.strerror})") from None
    if len(content) > LARGEST:
        raise ValueError(f"a file of at most {LARGEST:,} bytes")
    try:
        return parse_key(content.decode("utf-8-sig"), base)
    except UnicodeDecodeError:
        raise ValueError("a file of UTF-8 text") from None
    except ValueError as error:
        raise ValueError(f"a file that holds {error}") from None
