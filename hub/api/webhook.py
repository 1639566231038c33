"""``POST /api/config/reload``: a signed call lets every process read the configuration again."""

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
"""Seconds by which a call's timestamp may differ from the database's clock."""
REMEMBERED = dt.timedelta(days=1)
"""Much longer than a call is valid, so that a clock set back makes none of them valid again."""
MAX_BODY = 16 * 1024

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


class Refused(Exception):
    """A call that is not carried out."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        super().__init__(code)


@csrf_exempt  # a signature that no other site can make stands in for the token
@login_not_required
@never_cache
@require_POST
def reload_config(request: HttpRequest) -> JsonResponse:
    """Carry out a call that is signed with ``reload_webhook_secret``, fresh and new; answer the revision."""
    try:
        number = _carry_out(_verified(request))
    except Refused as refused:
        logger.warning("refused a reload asked for by %s: %s", request.META.get("REMOTE_ADDR"), refused.code)
        return JsonResponse({"error": refused.code}, status=refused.status)
    return JsonResponse({"revision": number})


def _verified(request: HttpRequest) -> str:
    """Return the signature of a call that is genuine and fresh; nothing else is said of others."""
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
    """Do it once, whichever processes the same call reaches: the lock lets them ask one after the other."""
    digest = hashlib.sha256(signature.encode()).hexdigest()
    with store.writing():
        if WebhookCall.objects.filter(pk=digest).exists():
            raise Refused(409, "replayed")
        WebhookCall.objects.create(pk=digest)
        WebhookCall.objects.filter(received_at__lt=Now() - REMEMBERED).delete()
        return reload_everywhere()
