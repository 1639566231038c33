"""What a reset takes away from people, and a claim from earlier owners."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from hub.models import User
from hub.runtime_config import get_config
from setup_wizard.claiming import tokens


def revoke_access() -> None:
    """End every session, take all admin rights away and make a new setup token."""
    revoke_rights()
    tokens.renew(now=timezone.now())


def revoke_rights() -> None:
    """End every session and take all admin rights away.

    Accounts that administered are deactivated, because ``super_admin_emails`` stays to prefill the
    wizard; the next claim, or a super admin, activates them anew.
    """
    Session.objects.all().delete()
    administrators = Q(is_staff_member=True) | Q(email__in=get_config().super_admin_emails)
    User.objects.filter(administrators).update(is_active=False, is_staff_member=False)
