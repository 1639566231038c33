"""The pages of the hub's setup wizard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from config_app.problems import full_sentence
from hub.runtime_config import LOCAL, WORKOS, get_config
from hub.serving.listen_address import ALWAYS_WORK, explain, free_ports, in_words, obstacle
from hub.workos.remote.connection_test import check_connection
from hub.workos.remote.credentials import Credentials
from hub.workos.round_trip import callback_url
from setup_wizard.claiming.forms import AccountForm, ModeForm
from setup_wizard.steps import ACCOUNT, MODE, CheckResult, Group, Probe, Step


def _probe_listener(values: Mapping[str, Any], request: HttpRequest) -> CheckResult:
    """Test whether this machine can listen on the address and port in ``values``.

    The test accepts the port at which this request arrived, because the hub itself listens on that port.
    """
    host, port = values["bind_address"], values["port"]
    if (error := obstacle(host, 0)) is not None:
        return CheckResult(ok=False, message=f"{explain(host, port, error)}. {ALWAYS_WORK}.")
    if str(port) == request.META.get("SERVER_PORT"):
        return CheckResult(ok=True, message=f"This hub listens on port {port} now.")
    if (error := obstacle(host, port)) is None:
        return CheckResult(ok=True, message=f"Port {port} is free on {host}.")
    free = free_ports(host, port)
    return _refused(explain(host, port, error), f"{in_words(free)} free" if free else "")


def _refused(*texts: str) -> CheckResult:
    return CheckResult(ok=False, message=" ".join(full_sentence(text) for text in texts if text))


def _probe_workos(values: Mapping[str, Any], request: HttpRequest) -> CheckResult:
    credentials = Credentials(
        client_id=values["workos_client_id"],
        api_key=values["workos_api_key"],
        authkit_domain=values["workos_authkit_domain"],
    )
    ok, message = check_connection(credentials, callback_url(request, public_url()))
    return CheckResult(ok=ok, message=message)


def public_url() -> str:
    """Return the public URL that the hub will have after the claim.

    Return the public URL in the draft. If the draft has no public URL, return the current public URL.
    """
    from setup_wizard.claiming import draft

    return str(draft.load().values().get("public_url", get_config().public_url))


LISTENER = Probe(name="listener", label="Test this port", keys=("bind_address", "port"), run=_probe_listener)
CONNECTION = Probe(
    name="workos",
    label="Test the connection",
    keys=("workos_client_id", "workos_api_key", "workos_authkit_domain"),
    run=_probe_workos,
)

STEPS = (
    Step(
        name=MODE,
        label="Sign-in",
        title="How will people sign in?",
        intro="You can change this later in the configuration.",
        groups=(Group(keys=("app_mode",)),),
        template="setup/mode.html",
        form_class=ModeForm,
    ),
    Step(
        name=ACCOUNT,
        label="Administrator",
        title="Create the administrator",
        intro="This account owns the hub. It can change everything and add more people later.",
        modes=(LOCAL,),
        form_class=AccountForm,
    ),
    Step(
        name="credentials",
        label="WorkOS",
        title="Connect WorkOS",
        intro="The WorkOS dashboard has these values. The hub encrypts the API key and never shows it again.",
        modes=(WORKOS,),
        groups=(
            Group(
                keys=("workos_client_id", "workos_api_key", "workos_authkit_domain"),
                title="Credentials",
                probe=CONNECTION,
            ),
            Group(
                keys=("super_admin_emails",),
                title="Super admins",
                description="People who may change everything. WorkOS must have verified their addresses.",
            ),
        ),
        required=("workos_client_id", "workos_api_key", "super_admin_emails"),
    ),
    Step(
        name="network",
        label="Network",
        title="How do people reach the hub?",
        intro="The suggestions come from this request. Compare them with the address bar of your browser.",
        groups=(
            Group(
                keys=("bind_address", "port"),
                title="Listener",
                description="The address and port that the hub listens on.",
                probe=LISTENER,
            ),
            Group(
                keys=("public_url", "allowed_hosts", "trusted_proxies"),
                title="Public address",
                description="Needed only if the hub is behind a reverse proxy or has a host name of its own.",
            ),
        ),
    ),
    Step(
        name="security",
        label="Security",
        title="Who may do what?",
        intro="The defaults are the strictest values.",
        groups=(
            Group(
                keys=("super_admin_emails",),
                title="Super admins",
                description="Each of these people needs an account. Your account is created when you finish.",
                modes=(LOCAL,),
            ),
            Group(keys=("allowed_origins", "enable_hsts", "csp_report_uri"), title="Browsers"),
        ),
        required=("super_admin_emails",),
    ),
)
