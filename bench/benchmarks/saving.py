"""Saving one setting of many."""

from __future__ import annotations

from bench.contestant import Contestant, Samples, play
from bench.effort import Effort
from bench.project.peers import CONSTANCE, installed
from bench.row import Check, Peer, Row, beside
from bench.sample import COUNT, TIMES

SIZES = (20, 300, 3000)
COMPARED = 300
ROUNDS = 30
QUERIES = 10
OVER_CONSTANCE = 10


def measure(effort: Effort) -> list[Row]:
    """Measure plan and apply at all sizes, and at one of them what constance does for the same."""
    sizes = [effort.size(size) for size in SIZES]
    both = ["config_app", *(name for name in installed() if name == CONSTANCE)]
    contestants = [Contestant("saving", both if size == COMPARED else ["config_app"], size) for size in sizes]
    contestants.append(Contestant("editing", both, COMPARED))
    *saved, edited = play(contestants, effort.rounds(ROUNDS))
    return [_queries(sizes, saved), _plan(saved[sizes.index(COMPARED)]), _editor(edited)]


def _queries(sizes: list[int], saved: list[Samples]) -> Row:
    times = " / ".join(str(samples["save"]) for samples in saved)
    queries = [samples["save: queries"].median for samples in saved]
    return Row(
        what=f"save one of {' / '.join(f'{size:,}' for size in sizes)} settings: plan, apply and reload",
        hub=f"{times}; {' / '.join(f'{number:.0f}' for number in queries)} queries",
        checks=(
            Check(max(queries), "≤", QUERIES, COUNT, "queries"),
            Check(max(queries) - min(queries), "≤", 0, COUNT, "more for more settings"),
        ),
    )


def _plan(samples: Samples) -> Row:
    hub, peer = samples["save"], samples.get(CONSTANCE)
    return Row(
        what=f"save one of {COMPARED} settings, all of them validated",
        hub=str(hub),
        peers=(beside("constance's form", peer, hub), _its_queries(samples)) if peer else (),
        checks=(Check(peer.over(hub), "≥", OVER_CONSTANCE, TIMES, "faster than constance"),) if peer else (),
    )


def _editor(samples: Samples) -> Row:
    hub, peer = samples["config_app"], samples.get(CONSTANCE)
    return Row(
        what=f"save one of {COMPARED} settings in the admin, the whole request",
        hub=f"{hub}; {samples['config_app: queries'].median:.0f} queries",
        peers=(beside("constance's editor", peer, hub), _its_queries(samples)) if peer else (),
        checks=(Check(peer.over(hub), "≥", 1, TIMES, "faster than constance"),) if peer else (),
    )


def _its_queries(samples: Samples) -> Peer:
    return Peer("its queries", f"{samples[f'{CONSTANCE}: queries'].median:.0f}")
