"""The pages for failed sign-ins. Each page says what happened and what the person can do next."""

from __future__ import annotations

import dataclasses
import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from hub.runtime_config import WORKOS, get_config
from hub.workos.remote.errors import (
    CredentialsRefused,
    InvalidToken,
    NotAdmitted,
    Refused,
    StepMissing,
    Unavailable,
    WorkOSTrouble,
)

logger = logging.getLogger("hub")

KINDS: tuple[tuple[type[WorkOSTrouble], str], ...] = (
    (StepMissing, "failed"),
    (Refused, "expired"),
    (CredentialsRefused, "refused"),
    (Unavailable, "outage"),
)
LEVELS = {
    "outage": logging.ERROR,
    "refused": logging.ERROR,
    "clock": logging.ERROR,
    "failed": logging.WARNING,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignInProblem:
    """The page for one kind of failure. ``command`` is a command that an operator can run on the server."""

    status: int
    title: str
    text: str
    action: str = "Try again"
    command: str = ""


PAGES = {
    "expired": SignInProblem(
        status=400,
        title="This sign-in has expired",
        text="The sign-in was already used, took longer than ten minutes, or began in another browser. "
        "Nothing is wrong with your account. Please start again.",
        action="Sign in",
    ),
    "denied": SignInProblem(
        status=403,
        title="The sign-in was cancelled",
        text="WorkOS reports that access was denied. You can try again, or use another account.",
    ),
    "unknown": SignInProblem(
        status=403,
        title="WorkOS does not know this account",
        text="There is no such account in the WorkOS environment that this hub is connected to. "
        "Ask an administrator to invite you, or use another account.",
        action="Use another account",
    ),
    "failed": SignInProblem(
        status=403,
        title="The sign-in did not work",
        text="WorkOS did not complete the sign-in. Try again. If the sign-in keeps failing, ask an "
        "administrator to look for the reason in the hub's log.",
    ),
    "inactive": SignInProblem(
        status=403,
        title="Your account is not active",
        text="WorkOS knows you, but your account on this hub was deactivated. "
        "Ask a super admin to activate it.",
        action="Use another account",
    ),
    "unverified": SignInProblem(
        status=403,
        title="Verify your e-mail address first",
        text="An account on this hub already has your e-mail address, and WorkOS has not verified that the "
        "address is yours. Verify it with WorkOS, then sign in again.",
    ),
    "address": SignInProblem(
        status=403,
        title="This hub cannot use your e-mail address",
        text="Your address at WorkOS has characters outside ASCII, quotes or an asterisk, or is incomplete. "
        "The hub cannot compare such an address safely. Change your address at WorkOS, or ask an "
        "administrator to change it there. An international domain has a form that begins with xn--.",
        action="Use another account",
    ),
    "taken": SignInProblem(
        status=403,
        title="Your e-mail address belongs to another account",
        text="A local account on this hub already has the address that you now use at WorkOS. "
        "Ask a super admin to change or delete that account under People.",
        action="Use another account",
    ),
    "organization": SignInProblem(
        status=403,
        title="This hub is for another organization",
        text="People of only one WorkOS organization can use this hub. You signed in for another one.",
        action="Use another account",
    ),
    "clock": SignInProblem(
        status=503,
        title="The clock of this hub is wrong",
        text="According to the server's clock, WorkOS's answer has expired or is not valid yet. "
        "Correct the server's clock, then try again.",
        command="timedatectl status",
    ),
    "refused": SignInProblem(
        status=503,
        title="WorkOS does not accept this hub",
        text="This hub's credentials for WorkOS are wrong, or they were revoked. An operator can correct "
        "them on the server. Until then, the operator can let people sign in with a password.",
        command="./manage.py config set workos_api_key --stdin",
    ),
    "outage": SignInProblem(
        status=503,
        title="WorkOS does not answer",
        text="No one can sign in at the moment. People who are already signed in are not affected. "
        "Try again in a minute.",
    ),
    "elsewhere": SignInProblem(
        status=409,
        title="Continue under the public URL",
        text="After the sign-in, WorkOS sends you to the public URL. You have opened the hub under another "
        "address, so the switch could not be completed. Open the hub under its public URL and switch there. "
        "Nothing was changed.",
        action="Open the public URL",
    ),
    "setup_elsewhere": SignInProblem(
        status=409,
        title="Finish under the public URL",
        text="After the sign-in, WorkOS will send you to the public URL that you entered. You have opened "
        "the wizard under another address, so setup could not be completed. First run the command below on "
        "the server, so that the hub answers under the public URL. Then run manage.py setup_token, which "
        "prints a link that opens the wizard there. Your entries are kept, except the API key and the super "
        "admins. If people will open the hub under the address that you use now, go back and leave the "
        "public URL empty.",
        action="Open the public URL",
    ),
    "changed": SignInProblem(
        status=409,
        title="The configuration has changed during the sign-in",
        text="A setting was changed while you were signing in at WorkOS, so sign-in may no longer work. "
        "The mode was not switched. Check the configuration, then switch again.",
        action="",
    ),
    "not_proved": SignInProblem(
        status=403,
        title="WorkOS did not ask for your credentials",
        text="WorkOS reports that you entered your credentials too long ago, or does not say when. So the "
        "hub cannot confirm your identity. You stay signed in. An operator can make the change on the server "
        "instead, with manage.py config set.",
    ),
    "not_listed": SignInProblem(
        status=403,
        title="You are not one of the super admins",
        text="The sign-in worked, but only a super admin can complete this step. Your address must be listed "
        "in super_admin_emails, and WorkOS must have verified it. Nothing was changed.",
        action="",
    ),
}
BESIDE_PASSWORDS = {
    "outage": SignInProblem(
        status=503,
        title="WorkOS does not answer",
        text="So the sign-in at WorkOS could not be tested. Nothing was changed. Try again in a minute.",
    ),
    "refused": SignInProblem(
        status=503,
        title="WorkOS does not accept this hub",
        text="The hub's credentials for WorkOS are wrong, or they were revoked. Nothing was changed. Correct "
        "workos_client_id and workos_api_key, then try again.",
    ),
}
"""The pages that replace those in ``PAGES`` while people do not sign in through WorkOS.

Before the claim, and before the switch to mode ``workos``, the hub only tests the sign-in at WorkOS.
"""
RETRY_AFTER = "60"


def page_of(trouble: WorkOSTrouble) -> str:
    """Return the key of ``PAGES`` for the page that explains ``trouble``."""
    if isinstance(trouble, NotAdmitted):
        return trouble.reason
    if isinstance(trouble, InvalidToken):
        return "clock" if trouble.is_clock else "failed"
    for kind, name in KINDS:
        if isinstance(trouble, kind):
            return name
    return "failed"


def explain(
    request: HttpRequest, trouble: WorkOSTrouble, *, retry_url: str, back_url: str = ""
) -> HttpResponse:
    """Return the page for a failure, and log the failure with its details."""
    name = page_of(trouble)
    logger.log(LEVELS.get(name, logging.INFO), "a sign-in through WorkOS failed (%s): %s", name, trouble)
    return failure(request, name, retry_url=retry_url, back_url=back_url)


def failure(
    request: HttpRequest, name: str, *, retry_url: str, back_url: str = "", command: str = ""
) -> HttpResponse:
    """Return the page ``name`` of ``PAGES`` as a response that is not cached.

    ``retry_url`` is the target of the page's main link. ``back_url`` is the target of the link "Go back".
    Give ``back_url`` only if the person is signed in or uses the wizard. If ``command`` is given, the page
    shows ``command`` to operators instead of the command in ``PAGES``.
    """
    page = PAGES[name] if get_config().app_mode == WORKOS else BESIDE_PASSWORDS.get(name, PAGES[name])
    page = dataclasses.replace(page, command=command or page.command)
    context = {"page": page, "retry_url": retry_url, "back_url": back_url}
    response = render(request, "auth/sign_in_failed.html", context, status=page.status)
    if page.status == 503:  # noqa: PLR2004 - HTTP's number for unavailable
        response["Retry-After"] = RETRY_AFTER
    add_never_cache_headers(response)
    return response
