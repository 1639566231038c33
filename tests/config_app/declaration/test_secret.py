"""A `Secret` never shows its string: the tests try all usual ways to leak a value."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import rich.console
import rich.pretty
import rich.traceback
from django.template import Context, Engine
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from config_app.declaration.secret import MASK, Secret
from config_app.errors import SecretMasked

CANARY = "sk_test_c4n4ry51ngs"


@pytest.fixture
def secret() -> Secret:
    return Secret(CANARY)


@dataclasses.dataclass(frozen=True, slots=True)
class Holder:
    port: int
    key: Secret | None


SHOWN: dict[str, Callable[[Secret], str]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "f-string": lambda s: f"{s}",
    "f-string with !r": lambda s: f"{s!r}",
    "f-string with a width": lambda s: f"{s:>40}",
    "format": "{0} {0!r} {0!s}".format,
    "percent": lambda s: "%s %r" % (s, s),  # noqa: UP031
    "in a list": lambda s: str([s]),
    "as a key": lambda s: str({s: s}),
    "in an exception": lambda s: repr(ValueError(s)),
    "json": lambda s: json.dumps({"key": s}, default=str, ensure_ascii=False),
    "pprint": lambda s: pprint.pformat({"key": s, "more": [s] * 30}),
    "rich": lambda s: rich.pretty.pretty_repr({"key": s}),
    "dataclass repr": lambda s: repr(Holder(1, s)),
    "dataclass asdict": lambda s: str(dataclasses.asdict(Holder(1, s))),
    "dataclass astuple": lambda s: str(dataclasses.astuple(Holder(1, s))),
    "pickle": lambda s: repr(pickle.dumps(s)),
    "every attribute": lambda s: str([getattr(s, name) for name in dir(s)]),
    "its state": lambda s: repr(s.__getstate__()),
    "template": lambda s: (
        Engine().from_string("{{ s }}{{ s|upper }}{{ s|pprint }}").render(Context({"s": s}))
    ),
    "template that calls": lambda s: Engine().from_string("{{ s.reveal }}").render(Context({"s": s})),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN.keys())
def test_it_is_masked_when_shown_as(show: Callable[[Secret], str], secret: Secret) -> None:
    assert CANARY not in show(secret)


@pytest.mark.parametrize("show", [str, repr, "{:>20}".format, "%s".__mod__])
def test_the_mask_does_not_tell_the_length(show: Callable[[Secret], str]) -> None:
    assert show(Secret("")) == show(Secret("x" * 5000))


def test_the_mask_is_what_people_see(secret: Secret) -> None:
    assert str(secret) == f"{secret}" == MASK
    assert repr(secret) == f"Secret({MASK})"


def test_a_table_can_align_it(secret: Secret) -> None:
    assert f"{secret:>10}" == f"  {MASK}"


def test_only_reveal_gives_it_away(secret: Secret) -> None:
    assert secret.reveal() == CANARY


def test_rich_inspect_with_everything_on_does_not_show_it(secret: Secret) -> None:
    out = io.StringIO()
    rich.inspect(secret, console=rich.console.Console(file=out, width=300), all=True, value=True)
    assert CANARY not in out.getvalue()


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
def test_a_log_record_does_not_carry_it(level: int, secret: Secret, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("any").log(
        level, "the key is %s and %r", secret, {"key": secret}, extra={"key": secret}
    )
    assert MASK in caplog.text
    assert CANARY not in caplog.text + str([record.__dict__ for record in caplog.records])


def crash(secret: Secret) -> BaseException:
    """Return an error whose traceback has the secret among its local variables."""
    try:
        return _crash(secret)
    except ZeroDivisionError as error:
        return error


def _crash(secret: Secret) -> BaseException:
    holder = Holder(1, secret)
    raise ZeroDivisionError(holder)


def test_a_traceback_with_locals_does_not_show_it(secret: Secret) -> None:
    report = "".join(traceback.TracebackException.from_exception(crash(secret), capture_locals=True).format())
    assert "holder" in report
    assert CANARY not in report


def test_a_rich_traceback_with_locals_does_not_show_it(secret: Secret) -> None:
    error = crash(secret)
    pretty = rich.traceback.Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=1000
    )
    console = rich.console.Console(file=io.StringIO(), width=300, record=True)
    console.print(pretty)
    report = console.export_text()
    assert "holder" in report
    assert CANARY not in report


@pytest.mark.parametrize("page", ["get_traceback_html", "get_traceback_text"])
@pytest.mark.usefixtures("install")  # the page lists Django's settings, and one of them needs the keyring
def test_djangos_debug_page_does_not_show_it(page: str, secret: Secret) -> None:
    error = crash(secret)
    reporter = ExceptionReporter(None, type(error), error, error.__traceback__)
    assert isinstance(reporter.filter, SafeExceptionReporterFilter)
    report = getattr(reporter, page)()
    assert "_crash" in report
    assert CANARY not in report


@pytest.mark.parametrize("wrong", [None, 7, CANARY.encode(), bytearray(b"x"), ["x"], Secret("x")])
def test_it_wraps_nothing_but_strings(wrong: Any) -> None:
    with pytest.raises(TypeError, match="a Secret must be made from a str"):
        Secret(wrong)


def test_a_refused_value_is_not_in_the_traceback_of_its_refusal() -> None:
    with pytest.raises(TypeError) as caught:
        Secret(CANARY.encode())  # type: ignore[arg-type]
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    assert CANARY not in str(frames[-1].locals)


UNSUPPORTED: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "iteration": iter,
    "indexing": lambda s: s[0],
    "containment": lambda s: "s" in s,
    "concatenation": lambda s: "key: " + s,
    "joining": lambda s: ",".join([s]),
    "bytes": bytes,
    "ordering": lambda s: s < Secret("z"),
    "plain json": json.dumps,
    "vars": vars,
    "calling": lambda s: s(),
}


@pytest.mark.parametrize("attempt", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_it_does_not_behave_like_a_string_for(attempt: Callable[[Any], Any], secret: Secret) -> None:
    with pytest.raises(TypeError) as caught:
        attempt(secret)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("name", ["_sealed", "value", "__dict__", "reveal"])
def test_it_cannot_be_changed(name: str, secret: Secret) -> None:
    with pytest.raises(AttributeError):
        setattr(secret, name, "other")
    with pytest.raises(AttributeError):
        delattr(secret, name)
    assert secret.reveal() == CANARY


def test_initialising_it_again_changes_nothing(secret: Secret) -> None:
    secret.__init__("other")  # type: ignore[call-arg]
    assert secret.reveal() == CANARY


def test_it_has_no_dictionary(secret: Secret) -> None:
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize(
    "other", [CANARY, CANARY.encode(), MASK, None, (CANARY,), Secret(CANARY + "x"), Secret("")]
)
def test_it_equals_nothing_but_the_same_secret(other: object, secret: Secret) -> None:
    assert secret != other
    assert other != secret


def test_two_wrappers_of_one_string_are_equal_and_hash_alike(secret: Secret) -> None:
    twin = Secret(CANARY)
    assert secret == twin
    assert hash(secret) == hash(twin)
    assert len({secret, twin}) == 1


@pytest.mark.parametrize("text", ["", "pässwörd", "\ud800"])
def test_any_string_can_be_compared(text: str) -> None:
    assert Secret(text) == Secret(text)
    assert Secret(text) != Secret(text + "x")


def test_it_does_not_hash_like_its_string(secret: Secret) -> None:
    assert hash(secret) != hash(CANARY)


def test_it_is_true_even_when_empty() -> None:
    assert bool(Secret(""))


def test_its_size_does_not_tell_the_length() -> None:
    assert sys.getsizeof(Secret("x")) == sys.getsizeof(Secret("x" * 5000))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_is_the_secret_itself(duplicate: Callable[[Secret], Secret], secret: Secret) -> None:
    assert duplicate(secret) is secret


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_secret_is_empty(protocol: int, secret: Secret) -> None:
    pickled = pickle.dumps(secret, protocol)
    assert CANARY.encode() not in pickled
    revived = pickle.loads(pickled)  # noqa: S301 - our own bytes
    assert str(revived) == MASK
    with pytest.raises(SecretMasked):
        revived.reveal()


def test_a_revived_secret_equals_only_itself(secret: Secret) -> None:
    pickled = pickle.dumps(secret)
    one, other = pickle.loads(pickled), pickle.loads(pickled)  # noqa: S301 - our own bytes
    assert one == one  # noqa: PLR0124
    assert one != other
    assert one not in (secret, Secret(""))


def test_nobody_can_subclass_it_into_something_talkative() -> None:
    with pytest.raises(TypeError):
        type("Talkative", (Secret,), {"__str__": Secret.reveal})


def test_a_masked_secret_exists_and_has_no_content() -> None:
    masked = Secret.masked()
    assert bool(masked)
    assert str(masked) == MASK
    with pytest.raises(SecretMasked):
        masked.reveal()
