"""No loop of calls makes Python map new memory for each call, however deep the stack is."""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Callable

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from hub.middleware.one_chunk import one_chunk

DEEPEST, CALLS = 300, 200


def most_faults(_request: HttpRequest) -> HttpResponse:
    """Respond with the highest number of page faults in a loop of calls, over all stack depths."""
    return HttpResponse(str(max(at_depth(depth) for depth in range(DEEPEST))))


def at_depth(depth: int) -> int:
    return at_depth(depth - 1) if depth else faults_of_a_loop()


def faults_of_a_loop() -> int:
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        leaf()
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def leaf() -> None:
    return None


def answer(view: Callable[[HttpRequest], HttpResponse]) -> int:
    """Return the number that a view responds with in a thread of its own, as in a server."""
    answers: list[bytes] = []
    thread = threading.Thread(target=lambda: answers.append(view(HttpRequest()).content))
    thread.start()
    thread.join()
    return int(answers[0])


def test_no_loop_maps_memory_with_every_call() -> None:
    assert answer(one_chunk(most_faults)) < CALLS  # type: ignore[arg-type]  # the decorator is untyped


def test_it_is_the_outermost_layer() -> None:
    assert settings.MIDDLEWARE[0] == f"{one_chunk.__module__}.{one_chunk.__name__}"


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="some of these keep a chunk for the next call")
def test_without_the_layer_some_loop_does() -> None:
    assert answer(most_faults) >= CALLS
