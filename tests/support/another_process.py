"""Code for programs of a foreign project: ``manage`` runs a management command in another process."""

from __future__ import annotations

MANAGE = """
import os, socket, sys
from django.core.management import execute_from_command_line

asking, answering = socket.socketpair()
if os.fork() == 0:
    asking.close()
    while arguments := answering.recv(1000).decode().split():
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            execute_from_command_line(["manage.py", *arguments])
            sys.exit()
        answering.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)
answering.close()

def manage(*arguments):
    asking.send(" ".join(arguments).encode())
    status = asking.recv(10)
    assert status == b"0", status
"""
"""The other processes are forks of this process as it is here, before it has used anything."""
