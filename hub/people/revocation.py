"""End sessions and remove admin rights, at a reset and at a claim."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from hub.models import User
from hub.runtime_config import get_config
from setup_wizard.claiming import tokens


def revoke_access() -> None:
    """End every session, remove all admin rights and create a new setup token."""
    revoke_rights()
    tokens.renew(now=timezone.now())


def revoke_rights() -> None:
    """End every session and remove all admin rights.

    The accounts of administrators are deactivated. The next claim, or a super admin, activates them again.
    """
    # Without the deactivation, administrators would keep their rights, because ``super_admin_emails`` is kept
    # to prefill the wizard.
    Session.objects.all().delete()
    administrators = Q(is_staff_member=True) | Q(email__in=get_config().super_admin_emails)
    User.objects.filter(administrators).update(is_active=False, is_staff_member=False)
