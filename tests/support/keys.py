"""The keys of the install in this process: losing them, and configuring others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from config_app.encryption import install_keyring
from config_app.encryption.unlockers import Unlocker
from config_app.testing import reset_process

Configure = Callable[..., None]


@contextlib.contextmanager
def locked_here() -> Iterator[None]:
    """Take the key file of this machine away; afterwards bring it back, unless there is a new one."""
    key_file = settings.INSTANCE.key_file
    content = key_file.read_bytes()
    key_file.unlink()
    reset_process()
    try:
        yield
    finally:
        if not key_file.exists():
            key_file.touch(0o600)
            key_file.write_bytes(content)
        reset_process()


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Give a function that configures the keys of the project, as a restart with other keys does."""

    def configure(*unlockers: Unlocker) -> None:
        monkeypatch.setattr(install_keyring, "unlockers", lambda: list(unlockers))
        reset_process()

    return configure
