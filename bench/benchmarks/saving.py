"""Measure how long it takes to save one setting in a project with many settings."""

from __future__ import annotations

from bench.contestant import Contestant, Samples, play
from bench.effort import Effort
from bench.project.peers import CONSTANCE, installed
from bench.row import Check, Peer, Row, beside
from bench.sample import COUNT, TIMES

SIZES = (20, 300, 3000)
COMPARED = 300
ROUNDS, ROUNDS_IN_ADMIN = 30, 12
QUERIES = 10
OVER_CONSTANCE = 10


def measure(effort: Effort) -> list[Row]:
    """Measure a save with a plan and in the admin, with 20, 300 and 3000 settings.

    With 300 settings, also measure the library constance if it is installed.
    """
    plain = _measure(effort, "saving", "plan, apply and reload", effort.rounds(ROUNDS))
    return [*plain, *_measure(effort, "editing", "in the admin", effort.rounds(ROUNDS_IN_ADMIN))]


def _measure(effort: Effort, part: str, what: str, rounds: int) -> list[Row]:
    sizes = [effort.size(size) for size in SIZES]
    both = ["config_app", *(name for name in installed() if name == CONSTANCE)]
    contestants = [Contestant(part, both if size == COMPARED else ["config_app"], size) for size in sizes]
    found = play(contestants, rounds)
    return [_queries(what, sizes, found), _beside_constance(what, found[sizes.index(COMPARED)])]


def _queries(what: str, sizes: list[int], found: list[Samples]) -> Row:
    times = " / ".join(str(samples["config_app"]) for samples in found)
    queries = [samples["config_app: queries"].median for samples in found]
    return Row(
        what=f"save one of {' / '.join(f'{size:,}' for size in sizes)} settings, {what}",
        hub=f"{times}; {' / '.join(f'{number:.0f}' for number in queries)} queries",
        checks=(
            Check(max(queries), "≤", QUERIES, COUNT, "queries"),
            Check(max(queries) - min(queries), "≤", 0, COUNT, "extra queries for more settings"),
        ),
    )


def _beside_constance(what: str, samples: Samples) -> Row:
    hub, peer = samples["config_app"], samples.get(CONSTANCE)
    if peer is None:
        return Row(what=f"save one of {COMPARED} settings, {what}", hub=str(hub))
    queries = Peer("its queries", f"{samples[f'{CONSTANCE}: queries'].median:.0f}")
    return Row(
        what=f"save one of {COMPARED} settings, {what}",
        hub=str(hub),
        peers=(beside("constance, the same", peer, hub), queries),
        checks=(Check(peer.over(hub), "≥", OVER_CONSTANCE, TIMES, "faster than constance"),),
    )
