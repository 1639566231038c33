"""The hub's tables: people, their sessions at WorkOS, and the signed calls that were carried out."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from config_app.fields import canonical_email
from hub.authorization import is_super_admin
from hub.runtime_config import WORKOS, RuntimeConfig, get_config


class UserManager(BaseUserManager["User"]):
    """Makes accounts whose name is the e-mail address."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address in the one spelling that is stored and compared; empty where it is none."""
        return canonical_email((email or "").strip()) or ""

    def get_by_natural_key(self, username: str | None) -> User:
        """Return the account of an address, however it is capitalised."""
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an account; raise ``ValueError`` without an address."""
        if not self.normalize_email(email):
            raise ValueError("an account needs an e-mail address")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """One person.

    Whether somebody is a super admin is no property of the account but of the configuration:
    ``super_admin_emails`` decides on every request, so removal takes effect at once.

    ``verified_email`` is the address that WorkOS has verified. It stays when ``email`` is changed.
    ``hub.workos.sessions.current`` sets what belongs to one request: the configuration that decides about its
    session, whether that is an impersonator's, and which roles it has.
    """

    config: RuntimeConfig | None = None
    is_impersonated = False
    workos_roles: tuple[str, ...] = ()

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff_member = models.BooleanField(
        "staff",
        default=False,
        help_text="May open the admin and see or change what the permissions below allow.",
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="Take this away instead of deleting an account."
    )
    workos_user_id = models.CharField(
        "user at WorkOS", max_length=128, unique=True, null=True, blank=True, editable=False
    )
    verified_email = models.EmailField("verified by WorkOS", blank=True, default="", editable=False)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        """Return the address."""
        return self.email

    def clean(self) -> None:
        """Store the address as it is compared."""
        super().clean()
        self.email = UserManager.normalize_email(self.email) or self.email

    @property
    def email_verified(self) -> bool:
        """Tell whether WorkOS has verified the address that the account has now."""
        return self.verified_email == self.email

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]  # Django's column gives way to the configuration
        """Tell whether the configuration in force makes this person a super admin."""
        return self.is_active and is_super_admin(self.email, self._deciding()) and self._is_vouched_for()

    def _deciding(self) -> RuntimeConfig:
        return self.config or get_config()

    def _is_vouched_for(self) -> bool:
        """Tell whether whoever signed in is the one whom the address belongs to (W11)."""
        if self._deciding().app_mode != WORKOS:
            return True
        return self.workos_user_id is not None and self.email_verified and not self.is_impersonated

    @property
    def is_staff(self) -> bool:
        """Tell whether this person may open the admin."""
        return self.is_superuser or (self.is_active and (self.is_staff_member or self._has_staff_role()))

    def _has_staff_role(self) -> bool:
        """Tell whether WorkOS gives this session the role that is staff here."""
        config = self._deciding()
        return config.app_mode == WORKOS and config.workos_staff_role in self.workos_roles

    def get_full_name(self) -> str:
        """Return the name, or the address where none was given."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """Return the first name, or the address."""
        return self.name.split()[0] if self.name.strip() else self.email


class WorkOSSession(models.Model):
    """A browser that is signed in through WorkOS; it goes with the Django session, whatever ends that.

    ``fresh_until`` is when the access token ends and the session has to be refreshed. ``refreshing_until``
    is set while one process does so, ``retry_at`` after WorkOS did not answer.

    ``is_unanswered`` says that the refresh token was sent and no other one came back, so that it may be used
    up. Where it turned out to be, ``kept_until`` is how long the session goes on without one.
    """

    # No constraint in the database: whoever deletes sessions there, by SQL for one, may do so.
    session = models.OneToOneField(
        Session, on_delete=models.CASCADE, db_constraint=False, related_name="workos"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sid = models.CharField("session at WorkOS", max_length=128, db_index=True)
    refresh_token = models.TextField("sealed refresh token")
    fresh_until = models.DateTimeField()
    refreshing_until = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    is_unanswered = models.BooleanField(default=False)
    kept_until = models.DateTimeField(null=True)
    is_impersonated = models.BooleanField(default=False)
    organization_id = models.CharField(max_length=128, blank=True)
    roles: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    signed_in_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "hub_workos_session"

    def __str__(self) -> str:
        """Return the session's id, which opens nothing."""
        return self.sid


class WorkOSEvents(models.Model):
    """One row: how far the events of WorkOS were followed, and when that was last tried.

    ``is_refused`` while WorkOS does not let the hub read them.
    """

    cursor = models.CharField(max_length=128, blank=True)
    tried_at = models.DateTimeField()
    is_refused = models.BooleanField(default=False)

    class Meta:
        db_table = "hub_workos_events"

    def __str__(self) -> str:
        """Return the last event that was seen."""
        return self.cursor


class WebhookCall(models.Model):
    """A signed call that was carried out, so that no process carries it out again."""

    digest = models.CharField(max_length=64, primary_key=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "hub_webhook_call"

    def __str__(self) -> str:
        """Return the digest, which signs nothing."""
        return self.digest
