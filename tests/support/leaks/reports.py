"""Makes every address of the hub fail, and searches the crash reports: Django's e-mail and its debug page."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from django.core import mail
from django.core.signals import got_request_exception
from django.db import connection
from django.http import HttpRequest
from django.test import Client, override_settings
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, technical_500_response

from tests.support.leaks.pages import Send, requests, undone
from tests.support.leaks.scanner import Scanner
from tests.support.soak import times

ADMINS = [("Olive", "olive@example.com")]


class PlannedFailure(RuntimeError):
    """An error that no code expects."""


class FailingQuery:
    """Counts the queries of a block, and raises an error instead of one of them."""

    def __init__(self, number: int | None = None) -> None:
        """Fail instead of query ``number``; ``None`` only counts."""
        self.number, self.count = number, 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Run a query, or fail."""
        self.count += 1
        if self.count == self.number:
            raise PlannedFailure(f"query {self.number} failed")
        return execute(sql, params, many, context)


def crash(mails: Scanner, pages: Scanner, role: str, client: Client, addresses: Iterable[str]) -> None:
    """Let requests fail at different moments; search what Django's e-mails and debug pages contain."""
    for address in addresses:
        for method, send in requests(client, address, is_thorough=False):
            with _reported(mails, pages, f"{method} {address} as {role}"):
                for number in _moments(client, send):
                    _send_with(FailingQuery(number), client, send)


def _moments(client: Client, send: Send) -> list[int]:
    counter = FailingQuery()
    _send_with(counter, client, send)
    # At the last query, most is in memory.
    return sorted({counter.count, *range(1, times(0, counter.count))} - {0})


def _send_with(wrapper: FailingQuery, client: Client, send: Send) -> None:
    def wrapped() -> Any:
        with connection.execute_wrapper(wrapper):
            return send()

    undone(client, wrapped)


@contextlib.contextmanager
def _reported(mails: Scanner, pages: Scanner, place: str) -> Iterator[None]:
    """Search the reports of each request of the block that fails."""

    def report(request: HttpRequest, **_: Any) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info())
        mails.look(f"e-mail about {place}", f"{reporter.get_traceback_data()}")
        with override_settings(DEBUG=True):
            reporter = ExceptionReporter(request, *sys.exc_info())
            pages.look(f"debug page of {place}", f"{reporter.get_traceback_data()}")

    got_request_exception.connect(report)
    try:
        yield
    finally:
        got_request_exception.disconnect(report)


def crash_once(mails: Scanner, pages: Scanner, place: str, client: Client, send: Send) -> None:
    """Let a request fail; search Django's e-mail and its debug page as people see them."""

    def show(request: HttpRequest, **_: Any) -> None:
        with override_settings(DEBUG=True):
            pages.look(f"debug page of {place}", technical_500_response(request, *sys.exc_info()).content)

    logger, handler = logging.getLogger("django.request"), AdminEmailHandler(include_html=True)
    logger.addHandler(handler)
    got_request_exception.connect(show)
    try:
        with override_settings(ADMINS=ADMINS):
            _send_with(FailingQuery(1), client, send)
    finally:
        got_request_exception.disconnect(show)
        logger.removeHandler(handler)
    for message in mail.outbox:
        mails.look(f"e-mail about {place}", f"{message.body} {getattr(message, 'alternatives', '')}")
