"""Measure how long it takes to read one setting."""

from __future__ import annotations

from bench.contestant import Contestant, Samples, play
from bench.effort import Effort
from bench.project.peers import installed
from bench.row import Check, Row, beside
from bench.sample import SECONDS, TIMES

ROUNDS = 60
READ = 60e-9
AWAIT = 400e-9
OVER_SETTINGS, OVER_CONSTANCE = 3, 30


def measure(effort: Effort) -> list[Row]:
    """Measure reads outside a request, as in a command, and inside a request, as in a view."""
    free, held = play(
        [Contestant("reads", ["config_app", *installed()]), Contestant("reads_in_request")],
        effort.rounds(ROUNDS),
    )
    return [
        _read("get_config().port", free),
        _read("get_config().port within a request", held),
        _await(free),
    ]


def _read(what: str, samples: Samples) -> Row:
    hub, attribute, settings = (samples[name] for name in ("get_config", "attribute", "settings"))
    peers = {name: sample for name, sample in samples.items() if "," in name}
    checks = [
        Check(hub.median, "≤", READ, SECONDS),
        Check(hub.beyond(attribute), "≤", READ, SECONDS, "beyond the bare attribute"),
        Check(settings.over(hub), "≥", OVER_SETTINGS, TIMES, "faster than settings.X"),
    ]
    constance = [sample for name, sample in peers.items() if name.startswith("constance")]
    if constance:
        fastest = min(constance, key=lambda sample: sample.median)
        checks.append(Check(fastest.over(hub), "≥", OVER_CONSTANCE, TIMES, "faster than constance's fastest"))
    shown = {"the bare attribute": attribute, "settings.X": settings, **peers}
    return Row(
        what=what,
        hub=str(hub),
        peers=tuple(beside(name, sample, hub) for name, sample in shown.items()),
        checks=tuple(checks),
    )


def _await(samples: Samples) -> Row:
    hub = samples["aget_config"]
    check = Check(hub.median, "≤", AWAIT, SECONDS)
    return Row(what="(await aget_config()).port", hub=str(hub), checks=(check,))
