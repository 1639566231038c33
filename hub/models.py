"""The hub's tables: people, their WorkOS sessions, the position in WorkOS's events, and webhook calls."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from config_app.change.plan import plan
from config_app.fields import canonical_email
from config_app.live import runtime
from hub.authorization import is_super_admin
from hub.runtime_config import WORKOS, RuntimeConfig, get_config


class UserManager(BaseUserManager["User"]):
    """The manager of accounts. The e-mail address identifies an account."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in the form that the hub stores. If the address is not valid, return ``""``."""
        return canonical_email((email or "").strip()) or ""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the account that has this e-mail address. Upper and lower case do not matter."""
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create and return an account. Raise ``ValueError`` if the address is not valid."""
        if not self.normalize_email(email):
            raise ValueError("email: expected a valid e-mail address")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an account, add its address to ``super_admin_emails``, and return the account.

        Raise ``ValueError`` if the address is not valid, and ``ConfigError`` if the setting cannot change.
        """
        with transaction.atomic():
            user = self.create_user(email, password, **fields)
            listed = runtime.current().super_admin_emails
            changes = {"super_admin_emails": (*listed, user.email)}
            plan(changes, from_shell=True).apply(channel="cli", reason=f"{user.email} has a new account")
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """The account of one person.

    ``verified_email`` is the address that WorkOS has verified. It stays the same when ``email`` is changed.

    The account does not store whether its owner is a super admin. On every request, the hub searches
    ``super_admin_emails`` for the owner's address. So a removal from this setting takes effect immediately.
    """

    # ``hub.workos.sessions.current`` sets these for one request: the runtime config with which the session
    # was checked, whether an impersonator uses the session, and the roles that WorkOS grants it.
    config: RuntimeConfig | None = None
    is_impersonated = False
    workos_roles: tuple[str, ...] = ()

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=150, blank=True, default="", db_default="")
    is_staff_member = models.BooleanField(
        "staff",
        default=False,
        db_default=False,
        help_text="May open the admin and see or change what the permissions below allow.",
    )
    is_active = models.BooleanField(
        "active",
        default=True,
        db_default=True,
        help_text="Take this away instead of deleting an account.",
    )
    workos_user_id = models.CharField(
        "user at WorkOS", max_length=128, unique=True, null=True, blank=True, editable=False
    )
    verified_email = models.EmailField(
        "verified by WorkOS", blank=True, default="", db_default="", editable=False
    )
    date_joined = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        """Return the e-mail address."""
        return self.email

    def clean(self) -> None:
        """Validate the account and normalize its address."""
        super().clean()
        self.email = UserManager.normalize_email(self.email) or self.email

    @property
    def email_verified(self) -> bool:
        """Return whether WorkOS has verified the account's current address."""
        return self.verified_email == self.email

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]  # a property instead of Django's column
        """Return whether this person is a super admin.

        The account must be active. ``super_admin_emails`` must contain its address, and the hub must trust
        this address.
        """
        return self.is_active and is_super_admin(self.email, self._deciding()) and self._is_vouched_for()

    def _deciding(self) -> RuntimeConfig:
        return self.config or get_config()

    def _is_vouched_for(self) -> bool:
        """Return whether the hub trusts that the signed-in person owns the account's address.

        In mode ``workos``, WorkOS must have verified the address, and no one may impersonate the owner. In
        other modes, always return ``True``.
        """
        if self._deciding().app_mode != WORKOS:
            return True
        return self.workos_user_id is not None and self.email_verified and not self.is_impersonated

    @property
    def is_staff(self) -> bool:
        """Return whether this person may open the admin."""
        return self.is_superuser or (self.is_active and (self.is_staff_member or self._has_staff_role()))

    def _has_staff_role(self) -> bool:
        """Return whether the person has, in this session, the WorkOS role in ``workos_staff_role``."""
        config = self._deciding()
        return config.app_mode == WORKOS and config.workos_staff_role in self.workos_roles

    def get_full_name(self) -> str:
        """Return the name, or the address if the account has no name."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the first word of the name, or the address if the account has no name."""
        return self.name.split()[0] if self.name.strip() else self.email


class WorkOSSession(models.Model):
    """The WorkOS session of one signed-in browser. It is deleted together with its Django session.

    At ``granted_at``, WorkOS granted the access token. At ``fresh_until``, the access token expires and the
    session must be refreshed. ``refreshing_until`` is set while a process refreshes the session. If WorkOS
    did not answer, the hub tries again at ``retry_at``.

    ``is_unanswered`` means that the hub sent the refresh token, but got no new token. WorkOS may refuse to
    accept the old token a second time. So the hub asks WorkOS whether the session is active, and ends the
    session at ``kept_until`` at the latest.
    """

    # There is no database constraint, so that sessions can be deleted with plain SQL.
    session = models.OneToOneField(
        Session, on_delete=models.CASCADE, db_constraint=False, related_name="workos"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sid = models.CharField("session at WorkOS", max_length=128, db_index=True)
    refresh_token = models.TextField("sealed refresh token")
    fresh_until = models.DateTimeField()
    granted_at = models.DateTimeField(null=True)
    refreshing_until = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    is_unanswered = models.BooleanField(default=False, db_default=False)
    kept_until = models.DateTimeField(null=True)
    is_impersonated = models.BooleanField(default=False, db_default=False)
    organization_id = models.CharField(max_length=128, blank=True, default="", db_default="")
    roles: models.JSONField[list[str], list[str]] = models.JSONField(default=list, db_default=[])
    signed_in_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        db_table = "hub_workos_session"

    def __str__(self) -> str:
        """Return the session's id at WorkOS. The id is not secret."""
        return self.sid


class WorkOSEvents(models.Model):
    """The position up to which the hub has read WorkOS's events. The table has only one row.

    ``tried_at`` is the time of the last request for events. ``is_refused`` is true while WorkOS does not
    allow the hub to read events.
    """

    cursor = models.CharField(max_length=128, blank=True, default="", db_default="")
    tried_at = models.DateTimeField()
    is_refused = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "hub_workos_events"

    def __str__(self) -> str:
        """Return the id of the last event that was read."""
        return self.cursor


class WebhookCall(models.Model):
    """A signed webhook call that the hub has carried out. The hub stores the call to refuse a replay."""

    digest = models.CharField(max_length=64, primary_key=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "hub_webhook_call"

    def __str__(self) -> str:
        """Return the digest of the call's signature. The digest is not secret."""
        return self.digest
