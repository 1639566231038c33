"""Explain how a person can give the hub's user access to a file or a directory."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import Final

HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
"""The directories that systemd's ProtectHome hides."""


def cure(place: Path) -> str:
    """Return how to let this process read and write ``place``, or create it if it does not exist.

    Call this only if the access has failed.
    """
    near = next(each for each in (place, *place.parents) if os.path.exists(each))  # noqa: PTH110 - never raises
    found, user = near.stat(), os.geteuid()
    if "INVOCATION_ID" in os.environ and any(place.is_relative_to(home) for home in HOMES):
        return f"use a directory outside {near}, or remove ProtectHome= from the unit of systemd"
    if os.statvfs(near).f_flag & os.ST_RDONLY:
        return (
            f"mount the file system of {near} writable (it is read-only), or, if systemd starts the hub, add "
            f"ReadWritePaths={near} to its unit"
        )
    if found.st_uid != user:
        return _of_other_owner(place, near, found)
    if (found.st_mode & _needed(found)) != _needed(found):
        return f"make {near} writable, for example with chmod u+rwX {near}"
    return (
        f"the mode of {near} allows access, so check what else prevents it: a sandbox of the service manager "
        "(systemd: ReadWritePaths=), SELinux or AppArmor"
    )


def _of_other_owner(place: Path, near: Path, found: os.stat_result) -> str:
    user = os.geteuid()
    if user == 0:
        return f"run this as the owner of {near}, for example with sudo -u {name_of(found.st_uid)}"
    if near != place:
        return f"as root, create {place} and run chown {user} {place}"
    recursive = "-R " if stat.S_ISDIR(found.st_mode) else ""
    return f"run chown {recursive}{user} {near} as root"


def _needed(found: os.stat_result) -> int:
    return stat.S_IRWXU if stat.S_ISDIR(found.st_mode) else stat.S_IRUSR | stat.S_IWUSR


def name_of(user: int) -> str:
    """Return the name of a user. If there is no name, return the id in the notation of sudo."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"'#{user}'"


def may_create_inside(place: Path) -> bool:
    """Return whether this user, who does not own ``place``, can create and use a directory in it.

    With Kubernetes' fsGroup, this is possible. Return ``False`` for root. Root can write everywhere, but must
    not own the hub's files.
    """
    return os.geteuid() != 0 and os.access(place, os.W_OK | os.X_OK, effective_ids=True)
