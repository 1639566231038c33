"""The steps of a test: what one of the two processes does, with arguments that Hypothesis draws."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

Changes = dict[str, str | None]
"""The text of each changed setting, by key; ``None`` means that it returns to its default."""
Step = tuple[str, int, Any]
"""What is done, the number of the process that does it, and an argument."""

DEEPEST = 2
"""The most savepoints inside each other."""

_sizes, _tokens = st.integers(1, 200), st.text("abc", min_size=1, max_size=4)
_changes: st.SearchStrategy[Changes] = st.fixed_dictionaries(
    {},
    optional={
        "page_size": st.none() | _sizes.map(str),
        "greeting": st.sampled_from(["Welcome", "Hello", "Good morning"]),
        "token": st.none() | _tokens,
    },
)
_secrets: st.SearchStrategy[Changes] = st.fixed_dictionaries({"token": _tokens})
_arguments: dict[str, st.SearchStrategy[Any]] = {
    "read": st.none(),
    "change": _changes | _secrets,
    "begin": st.booleans(),
    "end": st.booleans(),
    "reload": st.none(),
    "reload_in_thread": st.none(),
    "write_sql": st.none() | _sizes,
    "plan": st.tuples(_changes, st.booleans()),
    "apply": st.none(),
    "current": st.none(),
    "roll_back": st.integers(0, 9),
    "pin": st.none(),
    "unpin": st.none(),
    "override": st.none() | _sizes,
    "kill": st.tuples(_changes | _secrets, st.integers(0, 40)),
}
_names = (*_arguments, "change", "change", "apply", "reload")


def _steps(names: Iterable[str], who: st.SearchStrategy[int]) -> st.SearchStrategy[Step]:
    return st.one_of([st.tuples(st.just(name), who, _arguments[name]) for name in names])


@st.composite
def _blocks(draw: st.DrawFn, who: int, depth: int) -> list[Step]:
    """Draw an ``atomic`` block of a process, with steps of both processes, but mostly of this one."""
    number = st.sampled_from([who, who, who, 1 - who])
    steps: list[Step] = []
    for is_nested in draw(st.lists(st.sampled_from([False, False, depth < DEEPEST]), min_size=1, max_size=4)):
        steps += draw(_blocks(who, depth + 1)) if is_nested else [draw(_steps(_names, number))]
    return [("begin", who, draw(st.booleans())), *steps, ("end", who, draw(st.booleans()))]


@st.composite
def _kept_plans(draw: st.DrawFn, who: int) -> list[Step]:
    """Draw a plan that a process applies later; meanwhile, there may be another change."""
    meanwhile = draw(st.lists(_steps(["change", "change", "write_sql"], st.integers(0, 1)), max_size=1))
    return [("plan", who, draw(_arguments["plan"])), *meanwhile, ("apply", who, None)]


@st.composite
def _episodes(draw: st.DrawFn) -> list[Step]:
    """Draw a single step, a transaction or a plan that is applied later."""
    # `one_of` would choose between all steps, so that there would be few transactions.
    kind, who = draw(st.sampled_from(["step", "transaction", "plan"])), draw(st.integers(0, 1))
    if kind == "step":
        return [draw(_steps(_names, st.just(who)))]
    return draw(_blocks(who, 0) if kind == "transaction" else _kept_plans(who))


STEPS: st.SearchStrategy[list[Step]] = st.lists(_episodes(), min_size=6, max_size=12).map(
    lambda episodes: [*itertools.chain(*episodes)]
)

# Each of these lists of steps once led to a wrong configuration.
FIRST_SECRET_ROLLED_BACK: list[Step] = [
    ("begin", 0, False),
    ("change", 0, {"token": "a"}),
    ("end", 0, False),
    ("change", 0, {"token": "b"}),
    ("change", 1, {"token": "c"}),
]
RELOADED_BEFORE_ROLLBACK: list[Step] = [
    ("begin", 0, False),
    ("change", 0, {"page_size": "150"}),
    ("reload", 0, None),
    ("end", 0, False),
    ("change", 1, {"greeting": "Hello"}),
]
OLDER_THAN_ITS_PROCESS: list[Step] = [
    ("change", 1, {"page_size": "30"}),
    ("begin", 0, True),
    ("change", 1, {"page_size": "40"}),
    ("reload_in_thread", 0, None),
    ("current", 0, None),
    ("reload", 0, None),
    ("end", 0, True),
]
