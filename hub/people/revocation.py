"""End all sessions and remove all admin rights. The hub does this at a reset and at a claim."""

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
    """End every session, and take all admin rights, groups and permissions away from every account.

    Also deactivate every account that had rights. A claim or a super admin can activate the account again.
    The groups themselves stay, without members.
    """
    # Without the deactivation, administrators would keep their rights, because ``super_admin_emails`` is kept
    # to prefill the wizard.
    Session.objects.all().delete()
    privileged = Q(is_staff_member=True) | Q(email__in=get_config().super_admin_emails)
    privileged |= Q(groups__isnull=False) | Q(user_permissions__isnull=False)
    accounts = User.objects.filter(pk__in=User.objects.filter(privileged).values("pk"))
    accounts.update(is_active=False, is_staff_member=False)
    User.groups.through.objects.all().delete()
    User.user_permissions.through.objects.all().delete()
