"""Run a script under limits of the operating system, in this process: a fork needs no other program for that.

The arguments are the largest size of a file in bytes, or ``without-privileges``, and the script's command.
"""

from __future__ import annotations

import ctypes
import os
import resource
import runpy
import sys

VERSION_3 = 0x20080522
"""The version of the kernel's structures for capabilities, which have 64 bits each."""


def drop_privileges() -> None:
    """Give up every capability, so that root may use files only as their permissions allow."""
    header = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    none_at_all = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, none_at_all) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    _, limit, *sys.argv = sys.argv
    if limit == "without-privileges":
        drop_privileges()
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    runpy.run_path(sys.argv[0], run_name="__main__")
