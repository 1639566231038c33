"""``POST /api/config/reload``: a signed call makes every process reload the configuration."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import re

from django.contrib.auth.decorators import login_not_required
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config_app import store
from config_app.change.reload import reload_everywhere
from config_app.store import timeline
from hub.models import WebhookCall
from hub.runtime_config import get_config

logger = logging.getLogger("hub")

TIMESTAMP, SIGNATURE = "X-Hub-Timestamp", "X-Hub-Signature"
TOLERANCE = 300
"""The maximum difference between the timestamp of a call and the clock of the database, in seconds."""
REMEMBERED = dt.timedelta(days=1)
"""The hub stores the signature of a call for this time. A second call with this signature is refused.

A call is valid for only ``TOLERANCE`` seconds. The hub stores the signature for much longer, because an old
call would be valid again if someone set the clock back.
"""
MAX_BODY = 16 * 1024

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


class Refused(Exception):
    """A call is refused. The response has the HTTP status ``status`` and the JSON ``{"error": code}``."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        super().__init__(code)


@csrf_exempt  # other sites cannot make the signature, so a CSRF token is not needed
@login_not_required
@never_cache
@require_POST
def reload_config(request: HttpRequest) -> JsonResponse:
    """Make every process reload the configuration, and return the newest revision as JSON.

    The call must be recent and signed with ``reload_webhook_secret``, and must not be a replay.
    """
    try:
        number = _carry_out(_verified(request))
    except Refused as refused:
        logger.warning("refused a reload call from %s: %s", request.META.get("REMOTE_ADDR"), refused.code)
        return JsonResponse({"error": refused.code}, status=refused.status)
    return JsonResponse({"revision": number})


def _verified(request: HttpRequest) -> str:
    """Check the call, and return its signature.

    Raise ``Refused`` if the webhook has no secret, if the signature or the timestamp is not valid, or if the
    body is too long.
    """
    secret = get_config().reload_webhook_secret
    if secret is None:
        raise Refused(403, "webhook_secret_not_set")
    timestamp, body = request.headers.get(TIMESTAMP, ""), _body(request)
    signed = hmac.new(secret.reveal().encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    expected = f"sha256={signed.hexdigest()}"
    given = request.headers.get(SIGNATURE, "")
    if not hmac.compare_digest(expected.encode(), given.encode()) or not _SECONDS.fullmatch(timestamp):
        raise Refused(403, "invalid_signature")
    if abs(timeline.now().timestamp() - int(timestamp)) > TOLERANCE:
        raise Refused(403, "timestamp_out_of_tolerance")
    return expected


def _body(request: HttpRequest) -> bytes:
    body: bytes = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Refused(413, "body_too_large")
    return body


def _carry_out(signature: str) -> int:
    """Make every process reload the configuration, and return the number of the newest revision.

    Raise ``Refused`` if a call with the same signature was carried out before.
    """
    # If the same call reaches several processes, the lock makes them check it one after the other.
    digest = hashlib.sha256(signature.encode()).hexdigest()
    with store.writing():
        if WebhookCall.objects.filter(pk=digest).exists():
            raise Refused(409, "replayed")
        WebhookCall.objects.create(pk=digest)
        WebhookCall.objects.filter(received_at__lt=Now() - REMEMBERED).delete()
        return reload_everywhere()
