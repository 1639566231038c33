"""Pages for sign-ins that did not work out: what happened, in words of the person's, and a way on."""

from __future__ import annotations

import dataclasses
import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

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
    """One way for a sign-in to fail; ``command`` is what an operator can run on the server."""

    status: int
    title: str
    text: str
    action: str = "Try again"
    command: str = ""


PAGES = {
    "expired": SignInProblem(
        status=400,
        title="This sign-in has expired",
        text="It was used already, took longer than ten minutes, or was begun in another browser. "
        "Nothing is wrong with your account: start again.",
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
        text="WorkOS did not let you in. Try again; if it keeps happening, an administrator finds the reason "
        "in the hub's log.",
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
        text="Another account on this hub has your e-mail address, and WorkOS has not verified that it is "
        "yours. Verify the address with WorkOS, then sign in again.",
    ),
    "taken": SignInProblem(
        status=403,
        title="Your e-mail address belongs to another account",
        text="A local account on this hub has the address that you use at WorkOS by now. "
        "Ask a super admin to change or delete that account under People.",
        action="Use another account",
    ),
    "organization": SignInProblem(
        status=403,
        title="This hub is for another organization",
        text="Sign-in is restricted to one organization at WorkOS, and you signed in for another one.",
        action="Use another account",
    ),
    "clock": SignInProblem(
        status=503,
        title="The clock of this hub is wrong",
        text="By the server's clock, WorkOS's answer is not valid now. Set the clock of the server, "
        "then try again.",
        command="timedatectl status",
    ),
    "refused": SignInProblem(
        status=503,
        title="WorkOS does not accept this hub",
        text="The credentials that this hub has for WorkOS are wrong, or were revoked. "
        "An operator can correct them on the server, or let people sign in with a password meanwhile.",
        command="./manage.py config set workos_api_key --stdin",
    ),
    "outage": SignInProblem(
        status=503,
        title="WorkOS does not answer",
        text="Nobody can sign in at the moment. Whoever is signed in stays so. Try again in a minute.",
    ),
    "elsewhere": SignInProblem(
        status=409,
        title="Go on under the public URL",
        text="Sign-in comes back to the public URL, and this browser has the hub open under another address, "
        "where it could not be completed. Open the hub there, and switch. Nothing was changed.",
        action="Open it there",
    ),
    "setup_elsewhere": SignInProblem(
        status=409,
        title="Finish under the public URL",
        text="Sign-in will come back to the public URL that you entered, and this browser has the wizard "
        "open under another address, where setup could not be completed. Let the hub answer there with the "
        "command below, on the server; manage.py setup_token then prints the link that opens the wizard "
        "there, filled in with what you entered, but for the API key and the super admins. Or go back and "
        "leave the public URL empty, if people open the hub as you do now.",
        action="Open it there",
    ),
    "changed": SignInProblem(
        status=409,
        title="The configuration was changed meanwhile",
        text="Somebody changed a setting while you were signing in at WorkOS, so what the sign-in proved may "
        "no longer hold. Nothing was switched: look at the configuration, then switch again.",
        action="",
    ),
    "not_proved": SignInProblem(
        status=403,
        title="WorkOS did not ask for your credentials",
        text="It says that you entered them too long ago, or does not say when, so nothing is proved. "
        "You stay signed in. What needs the proof can also be changed on the server.",
        command="./manage.py config set KEY VALUE",
    ),
    "not_listed": SignInProblem(
        status=403,
        title="You are not one of the super admins",
        text="The sign-in worked, but the switch to WorkOS is completed by one of the addresses in "
        "super_admin_emails, verified by WorkOS. Nothing was changed.",
        action="",
    ),
}
RETRY_AFTER = "60"


def page_of(trouble: WorkOSTrouble) -> str:
    """Return the name of the page that explains a failure."""
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
    """Answer with the page for a failure, and log what the page does not say."""
    name = page_of(trouble)
    logger.log(LEVELS.get(name, logging.INFO), "a sign-in through WorkOS failed (%s): %s", name, trouble)
    return failure(request, name, retry_url=retry_url, back_url=back_url)


def failure(
    request: HttpRequest, name: str, *, retry_url: str, back_url: str = "", command: str = ""
) -> HttpResponse:
    """Answer with one of the pages; ``back_url`` is a way on for somebody who is signed in another way.

    ``command`` is one that the page cannot know, for an operator to run on the server.
    """
    page = dataclasses.replace(PAGES[name], command=command or PAGES[name].command)
    context = {"page": page, "retry_url": retry_url, "back_url": back_url}
    response = render(request, "auth/sign_in_failed.html", context, status=page.status)
    if page.status == 503:  # noqa: PLR2004 - HTTP's number for unavailable
        response["Retry-After"] = RETRY_AFTER
    add_never_cache_headers(response)
    return response
