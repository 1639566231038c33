"""Find out from ``/proc`` which program listens on a port. Only Linux has the necessary files."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"
"""The kernel's number for the state of a listening socket."""
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - the names are only compared; nothing is bound


@dataclasses.dataclass(frozen=True, slots=True)
class Listening:
    """A listening socket of any process. ``user`` is the owner's user id. ``inode`` identifies the socket."""

    address: str
    port: int
    user: int
    inode: int

    def collides_with(self, host: str, port: int) -> bool:
        """Return whether a socket for the IP address ``host`` and ``port`` would collide with this socket."""
        overlaps = host == self.address or host in WILDCARDS or self.address in WILDCARDS
        return port == self.port and overlaps


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """A running process and the name of its program."""

    pid: int
    name: str

    def __str__(self) -> str:
        """Return a text with the name and the pid, such as ``nginx (pid 812)``."""
        return f"{self.name} (pid {self.pid})"


def in_the_way(host: str, port: int) -> list[Listening]:
    """Return the sockets that would collide with a new socket for the IP address ``host`` and ``port``."""
    return [found for found in _listening() if found.collides_with(host, port)]


def _listening() -> Iterator[Listening]:
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / "net" / name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING:
                    address, port = _place(fields[1])
                    yield Listening(address, port, user=int(fields[7]), inode=int(fields[9]))


def _place(text: str) -> tuple[str, int]:
    """Convert a hexadecimal text of the kernel, such as ``0100007F:1F90``, to an IP address and a port."""
    address, port = text.split(":")
    # The address is one or four 32-bit words, each in this machine's byte order.
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed), int(port, 16)


def programs(inodes: set[int]) -> list[Program]:
    """Return the programs that use at least one of the sockets ``inodes``. The smallest pid comes first.

    Leave out the programs that this user may not inspect.
    """
    wanted = {f"socket:[{inode}]" for inode in inodes}
    pids = sorted(int(entry.name) for entry in PROC.glob("[0-9]*"))
    return [Program(pid, _name(pid)) for pid in pids if wanted & _open_files(pid)]


def _open_files(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(entry.path))  # noqa: PTH115 - faster than Path, for perhaps a thousand files
    return found


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        name = (PROC / str(pid) / "comm").read_text(errors="replace").strip()
        if name.isprintable():
            return name
    return "a program"


def user_of(pid: int) -> int | None:
    """Return the user id of the owner of the process. Return ``None`` if the process cannot be found."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid)).stat().st_uid
    return None
