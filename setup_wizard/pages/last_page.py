"""The last page of the wizard: the recovery code, and then where to go next."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config_app.declaration.secret import Secret
from config_app.encryption import install_keyring
from config_app.encryption.slot_management import confirm_recovery_code
from config_app.errors import ConfigError
from setup_wizard.claiming.claim import Claim
from setup_wizard.product import get_product

DONE = "setup_wizard.done"
"""The key in ``request.session`` for the number of the revision that the claim or restore made."""
RESTORED = "setup_wizard.restored"
"""The key in ``request.session`` that is set after a restore. After a claim, this key is missing."""
CODE = "setup_wizard.recovery_code"
"""The key in ``request.session`` for the encrypted recovery code."""
PURPOSE = "recovery code on the last page"
"""The purpose of the subkey that encrypts the recovery code."""


def finish(request: HttpRequest, done: Claim, code: Secret) -> HttpResponse:
    """Start a new session, and redirect this browser to the last page.

    If the claim made an account, sign the new administrator in.
    """
    request.session.flush()
    if done.user is not None:
        login(request, cast("Any", done.user))
    return welcome(request, done, code)


def welcome(request: HttpRequest, done: Claim, code: Secret) -> HttpResponse:
    """Redirect this browser to the last page. The page shows ``code`` until the person confirms the code."""
    request.session[DONE] = done.revision.number
    _keep_code(request, code)
    return redirect("setup-done")


def finish_restored(request: HttpRequest, revision: int, code: Secret | None) -> HttpResponse:
    """Redirect this browser to the last page after a restore.

    ``code`` is the new recovery code, or ``None`` if the restore made no new code.
    """
    request.session.flush()
    request.session[DONE], request.session[RESTORED] = revision, True
    if code is not None:
        _keep_code(request, code)
    return redirect("setup-done")


def _keep_code(request: HttpRequest, code: Secret) -> None:
    # The session is in the database, so the code is encrypted there.
    request.session[CODE] = install_keyring.newest_keyring().encrypt(PURPOSE, code.reveal())


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_done(request: HttpRequest) -> HttpResponse:
    """Show the last page to the browser that has claimed or restored the install.

    Redirect all other browsers to ``/``. A POST request with ``kept`` confirms the recovery code. After this
    request, the page does not show the code any more.
    """
    revision = request.session.get(DONE)
    if revision is None:
        return redirect("/")
    if request.method == "POST" and "kept" in request.POST:
        if request.session.pop(CODE, None) is not None:
            confirm_recovery_code()
        return redirect("setup-done")
    code = _code(request)
    context = {
        "revision": revision,
        "is_restored": request.session.get(RESTORED, False),
        "recovery_code": None if code is None else code.reveal(),
        "not_kept": request.method == "POST",
    }
    return render(request, "setup_wizard/done.html", context | _links(request))


def _links(request: HttpRequest) -> dict[str, Any]:
    product = get_product()
    address = product.address_afterwards(request)
    return {
        "address": address,
        "dashboard_url": f"{address}/",
        "sign_in_url": f"{address}{resolve_url(settings.LOGIN_URL)}",
        "configuration_url": f"{address}{product.configuration_url()}",
        "notes": product.notes(),
    }


def _code(request: HttpRequest) -> Secret | None:
    """Return the recovery code. Return ``None`` if the code was confirmed or cannot be decrypted."""
    ciphertext = request.session.get(CODE)
    try:
        return None if ciphertext is None else Secret(install_keyring.decrypt(PURPOSE, ciphertext))
    except ConfigError:  # the key is gone; `config recovery-code` makes another code
        return None
