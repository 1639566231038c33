"""During the start, a signal to stop ends the process; a server that has handlers keeps them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.processes.hub_process import ROOT

PROGRAM = """
import os, signal
from hub.start import stop_signals
def own(number, frame):
    print("own")
signal.signal(signal.SIGINT, {before})
stop_signals.exit_when_told()
os.kill(os.getpid(), signal.SIGINT)
print("goes on")
"""


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("signal.SIG_DFL", ""),
        ("signal.SIG_IGN", ""),
        ("signal.default_int_handler", ""),
        ("own", "own\ngoes on\n"),
    ],
)
def test_only_a_handler_of_the_server_stays(before: str, said: str) -> None:
    program = PROGRAM.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, said), done.stderr
