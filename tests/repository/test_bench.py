"""The benchmarks can be run. These tests do not measure speed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.benchmarks import BENCHMARKS
from bench.report import COLUMNS, page
from bench.row import Check, Peer, Row
from bench.sample import SECONDS, TIMES, Sample
from tests.support.soak import times

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "300"}
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


QUICK = ("reads", "loading")
"""Benchmarks that take only seconds. ``make test`` runs the first; ``make bench`` runs all benchmarks."""


@pytest.mark.repeats
@pytest.mark.parametrize("name", QUICK[: times(1, 2)])
def test_a_benchmark_runs(name: str) -> None:
    done = run("--quick", name)
    assert done.returncode == 0, done.stderr
    assert all(column in done.stdout for column in COLUMNS)


def test_every_benchmark_has_a_name_and_says_what_it_measures() -> None:
    assert set(QUICK) < set(BENCHMARKS)
    assert all(measure.__doc__ for measure in BENCHMARKS.values())


def test_an_unknown_benchmark_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "guesses"])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2
    assert "no such benchmark: guesses" in capsys.readouterr().err


def test_a_ratio_is_taken_round_by_round() -> None:
    slow_round_last = Sample([10.0, 10.0, 400.0]), Sample([5.0, 5.0, 200.0])
    assert slow_round_last[0].over(slow_round_last[1]) == 2.0


def test_a_figure_is_a_median_with_its_spread() -> None:
    assert str(Sample([10e-9, 20e-9, 30e-9, 40e-9, 1000e-9])) == "30 ns (20–40)"


def test_a_missed_bound_is_seen() -> None:
    row = Row(what="read", hub="1 s", checks=(Check(1.0, "≤", 0.5, SECONDS), Check(5.0, "≥", 3, TIMES)))
    assert not row.is_met
    assert [check.verdict for check in row.checks] == ["✗ 1 s", "✓ 5×"]


def test_the_page_has_a_line_for_each_peer_and_bound() -> None:
    row = Row(what="read", hub="1 s", peers=(Peer("b", "2 s", 2.0), Peer("c", "3 s")), checks=())
    lines = page([row], {"CPUs": "2"}, "2026-01-01").splitlines()
    assert lines[-2:] == ["| read | 1 s | b: 2 s | 2× |  |  |", "|  |  | c: 3 s |  |  |  |"]
    assert "Measured on 2026-01-01: CPUs 2." in lines


def test_a_row_without_peers_and_bounds_is_reported_all_the_same() -> None:
    lines = page([Row(what="connections", hub="1,000")], {"CPUs": "2"}, "2026-01-01").splitlines()
    assert lines[-1] == "| connections | 1,000 |  |  |  |  |"
