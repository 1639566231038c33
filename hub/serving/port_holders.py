"""Who listens on a port of this machine, as Linux tells it in ``/proc``; elsewhere nobody is known."""

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
"""The state, in the kernel's numbers, of a socket that waits for connections."""
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - names them, binds nothing


@dataclasses.dataclass(frozen=True, slots=True)
class Listening:
    """A socket of any process that waits for connections; ``user`` is whose it is."""

    address: str
    port: int
    user: int
    inode: int

    def collides_with(self, host: str, port: int) -> bool:
        """Tell whether nobody else can listen at ``host`` (an address) and ``port`` meanwhile."""
        overlaps = host == self.address or host in WILDCARDS or self.address in WILDCARDS
        return port == self.port and overlaps


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """A running program."""

    pid: int
    name: str

    def __str__(self) -> str:
        """Return how people find it."""
        return f"{self.name} (pid {self.pid})"


def in_the_way(host: str, port: int) -> list[Listening]:
    """Return the sockets that keep everybody else from listening at ``host`` (an address) and ``port``."""
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
    """Return address and port of the kernel's spelling: words in this machine's byte order, in hex."""
    address, port = text.split(":")
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed), int(port, 16)


def programs(inodes: set[int]) -> list[Program]:
    """Return the programs that hold one of these sockets, the oldest first; those we may look into."""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    pids = sorted(int(entry.name) for entry in PROC.glob("[0-9]*"))
    return [Program(pid, _name(pid)) for pid in pids if wanted & _open_files(pid)]


def _open_files(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(entry.path))  # noqa: PTH115 - a thousand of them
    return found


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        name = (PROC / str(pid) / "comm").read_text(errors="replace").strip()
        if name.isprintable():
            return name
    return "a program"


def user_of(pid: int) -> int | None:
    """Return whose process it is."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid)).stat().st_uid
    return None
