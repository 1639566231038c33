"""``override_config`` as a decorator of a test class.

The values apply from the set-up of the class until its clean-up.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any
from unittest import TestCase

from config_app.live.overriding import Override

Begin = Callable[[Mapping[str, Any]], Override]
VALUES = "_config_values"
"""The attribute in which a decorated class keeps its values, without the values of its base classes."""


def decorate_class(decorated: type, values: Mapping[str, Any], begin: Begin) -> type:
    """Make the tests of a class use other values of settings. Return the class itself.

    The class is a ``TestCase``, a class for pytest or a mixin. ``setUpTestData``, live servers and the
    fixtures of the class see the values too. Raise ``TypeError`` if the class has no tests.
    """
    is_test_case = issubclass(decorated, TestCase)
    if not is_test_case and not any(name.lower().startswith("test") for name in dir(decorated)):
        raise TypeError(
            f"override_config: {decorated.__name__} has no tests; decorate a function, "
            "a TestCase or a class with methods called test…"
        )
    earlier = vars(decorated).get(VALUES)
    setattr(decorated, VALUES, {**values, **(earlier or {})})
    if earlier is None:
        _surround_for_unittest(decorated, begin)
        if not is_test_case:
            _surround_for_pytest(decorated, begin)
    return decorated


def _values(cls: type) -> dict[str, Any]:
    """Return the values for ``cls``. The values of a class replace those of its base classes."""
    return {
        name: value for base in reversed(cls.__mro__) for name, value in vars(base).get(VALUES, {}).items()
    }


def _is_outermost(decorated: type, cls: type) -> bool:
    """Return whether ``decorated`` is the first class in ``cls.__mro__`` that has the decorator."""
    return next(base for base in cls.__mro__ if VALUES in vars(base)) is decorated


def _surround_for_unittest(decorated: Any, begin: Begin) -> None:
    go_on = _next(decorated, "setUpClass")

    def set_up_class(cls: type[TestCase]) -> None:
        if _is_outermost(decorated, cls):
            # Before the set-up of the class, it is not known whether the tests may use a database.
            cls.addClassCleanup(begin(_values(cls)).end)
        go_on(cls)

    decorated.setUpClass = classmethod(set_up_class)


def _surround_for_pytest(decorated: Any, begin: Begin) -> None:
    go_on, go_on_to_end = _next(decorated, "setup_class"), _next(decorated, "teardown_class")
    entered: list[contextlib.ExitStack] = []

    def setup_class(cls: type) -> None:
        with contextlib.ExitStack() as stack:
            # pytest also passes the classes within `decorated`.
            owner = cls if issubclass(cls, decorated) else decorated
            if not issubclass(cls, TestCase) and _is_outermost(decorated, owner):
                stack.callback(begin(_values(owner)).end)
            go_on(cls)
            entered.append(stack.pop_all())

    def teardown_class(cls: type) -> None:
        with entered.pop():
            go_on_to_end(cls)

    decorated.setup_class, decorated.teardown_class = classmethod(setup_class), classmethod(teardown_class)


def _next(decorated: type, name: str) -> Callable[[type], None]:
    """Return a function that calls the method ``name``, which the decorator replaces.

    If ``decorated`` itself does not define the method, the function calls the inherited method. If there is
    no inherited method, the function does nothing.
    """
    own = vars(decorated).get(name)
    if isinstance(own, FunctionType):  # pytest accepts such a method without @classmethod
        own = classmethod(own)

    def go_on(cls: type) -> None:
        if own is not None:
            own.__get__(None, cls)()
        elif issubclass(cls, decorated) and (inherited := getattr(super(decorated, cls), name, None)):
            inherited()

    return go_on
