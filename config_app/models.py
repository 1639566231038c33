"""The tables of the configuration. Other code reads and writes them through ``config_app.store``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils import timezone

from config_app.database.managers import ConfigModel, OneDatabaseManager
from config_app.database.names import index, prefixed

KEY_LENGTH = 100

if TYPE_CHECKING:
    DateTimeField = models.DateTimeField[Any, dt.datetime]
else:
    DateTimeField = models.DateTimeField


def now() -> dt.datetime:
    """Return the current time of this machine, with a time zone, even if ``USE_TZ`` is off."""
    return timezone.localtime(dt.datetime.now(dt.UTC))


class MomentField(DateTimeField):
    """A time that always has a time zone in Python, even if ``USE_TZ`` is off.

    If ``USE_TZ`` is off, Django's own field returns a time without a zone, and such a time counts as local
    time. On SQLite, the time would be wrong, because ``Now()`` fills our columns with times in UTC.
    """

    def deconstruct(self) -> Any:
        """Return the arguments of the field, so that migrations contain Django's own ``DateTimeField``."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs

    def from_db_value(self, value: Any, _expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return the time with its time zone."""
        if value is None or timezone.is_aware(value):
            return value
        return timezone.localtime(value.replace(tzinfo=_zone_of(connection)))

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Return the time in the form in which the database stores it."""
        if isinstance(value, dt.datetime) and not settings.USE_TZ:
            aware = value if timezone.is_aware(value) else timezone.make_aware(value)
            value = aware.astimezone(_zone_of(connection)).replace(tzinfo=None)
        return super().get_db_prep_value(value, connection, prepared)


def _zone_of(connection: BaseDatabaseWrapper) -> dt.tzinfo:
    """Return the time zone in which a database stores times if ``USE_TZ`` is off."""
    return dt.UTC if connection.vendor == "sqlite" else timezone.get_default_timezone()


class SystemConfig(ConfigModel):
    """The stored text of a setting. A setting with its default has no row.

    If ``is_secret`` is true, the text is a ciphertext.
    """

    config_key = models.CharField("setting", max_length=KEY_LENGTH, primary_key=True)
    config_value = models.TextField("value", default="", db_default="")
    is_secret = models.BooleanField(default=False, db_default=False)
    updated_at = MomentField(auto_now=True, db_default=Now())

    class Meta:
        db_table = prefixed("system_config")
        ordering = ("config_key",)
        verbose_name = "configuration"
        verbose_name_plural = "configuration"

    def __str__(self) -> str:
        """Return the key. Never return the value, because the value can be secret."""
        return self.config_key


class Revision(ConfigModel):
    """One committed set of changes, numbered 1, 2, 3 …"""

    number = models.PositiveBigIntegerField(primary_key=True)
    created_at = MomentField(db_default=Now(), editable=False)  # the database's clock
    actor = models.CharField(max_length=254, blank=True, default="", db_default="")
    channel = models.CharField(max_length=20)
    address = models.CharField("client address", max_length=64, blank=True, default="", db_default="")
    reason = models.TextField(blank=True, default="", db_default="")
    version = models.PositiveBigIntegerField()

    class Meta:
        db_table = prefixed("config_revision")
        ordering = ("-number",)
        verbose_name = "revision"
        verbose_name_plural = "history"

    def __str__(self) -> str:
        """Return the word "revision" and the number."""
        return f"revision {self.number}"


class ChangeQuerySet(models.QuerySet["Change"]):
    """Queries on the history."""

    def newest(self) -> ChangeQuerySet:
        """Return the newest change of each key."""
        # This finds key after key in the index. GROUP BY would read the whole history.
        table, key = self.model._meta.db_table, connections[self.db].ops.quote_name("key")
        newest = f"""
            WITH RECURSIVE found(name) AS (
                SELECT MIN({key}) FROM {table}
                UNION ALL
                SELECT (SELECT MIN({key}) FROM {table} WHERE {key} > found.name)
                FROM found WHERE found.name IS NOT NULL
            )
            SELECT (SELECT MAX(id) FROM {table} WHERE {key} = found.name)
            FROM found WHERE found.name IS NOT NULL
        """  # noqa: S608 - our own names
        return self.filter(pk__in=RawSQL(newest, []))  # noqa: S611 - as above


class Change(ConfigModel):
    """The old and new text of one setting's row in a revision; NULL means that there was no row.

    If ``refused``, the new value was not valid and is not used, and ``note`` says what was expected.
    """

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="changes")
    key = models.CharField("setting", max_length=KEY_LENGTH)
    old_value = models.TextField(null=True)  # noqa: DJ001 - NULL, empty and set are three different things
    new_value = models.TextField(null=True)  # noqa: DJ001
    is_secret = models.BooleanField(default=False, db_default=False)
    refused = models.BooleanField(default=False, db_default=False)
    note = models.TextField(blank=True, default="", db_default="")

    objects: ClassVar = OneDatabaseManager.from_queryset(ChangeQuerySet)()

    class Meta:
        db_table = prefixed("config_change")
        ordering = ("pk",)
        indexes = (
            models.Index(fields=("key", "id"), name=index("config_change_by_key")),
            models.Index(
                fields=("key", "id"), condition=models.Q(refused=True), name=index("config_change_refused")
            ),
        )

    def __str__(self) -> str:
        """Return the key and the revision. Never return the values, because they can be secret."""
        return f"{self.key} in revision {self.revision_id}"


class Confirmation(ConfigModel):
    """A revision that is reverted automatically unless a person confirms it before the deadline.

    ``outcome`` is empty while the revision waits, then ``confirmed``, ``reverted`` or ``failed``.
    """

    revision = models.OneToOneField(
        Revision, on_delete=models.CASCADE, primary_key=True, related_name="confirmation"
    )
    deadline = MomentField()
    outcome = models.CharField(max_length=20, blank=True, default="", db_default="")
    actor = models.CharField("confirmed by", max_length=254, blank=True, default="", db_default="")
    reason = models.TextField(blank=True, default="", db_default="")

    class Meta:
        db_table = prefixed("config_confirmation")

    def __str__(self) -> str:
        """Return the revision and its outcome. Without an outcome, return "to be confirmed" instead."""
        return f"revision {self.revision_id}: {self.outcome or 'to be confirmed'}"


class KeySlot(ConfigModel):
    """A slot of the keyring; ``config_app.encryption.slots`` explains the columns.

    A process of an earlier version writes only ``kind`` and ``wrapped``. A slot with ``is_retired`` must
    never unlock the keyring again. ``is_confirmed`` says whether a person confirmed that they kept the code.
    """

    kind = models.CharField(max_length=20)
    label = models.CharField(max_length=255, default="", db_default="")
    public_key = models.CharField(max_length=64, default="", db_default="")
    machine_id_print = models.CharField(max_length=16, default="", db_default="")
    key_file_print = models.CharField(max_length=16, default="", db_default="")
    tag = models.TextField(default="", db_default="")
    wrapped = models.TextField(default="", db_default="")
    created_at = MomentField(auto_now_add=True, db_default=Now())
    is_retired = models.BooleanField(default=False, db_default=False)
    is_confirmed = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = prefixed("config_key_slot")

    def __str__(self) -> str:
        """Return the kind of the slot."""
        return f"{self.kind} slot"


class DataKey(ConfigModel):
    """The id and the number of a data key, without the key itself. The newest key has the highest number.

    ``is_empty`` is set when a rotation has found that no ciphertext needs this data key any more.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    key_id = models.CharField(max_length=8, unique=True)
    created_at = MomentField(db_default=Now(), editable=False)
    is_empty = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = prefixed("config_data_key")

    def __str__(self) -> str:
        """Return the id of the data key."""
        return f"data key {self.key_id}"


class WrappedKey(ConfigModel):
    """A data key, encrypted for one slot."""

    data_key = models.ForeignKey(DataKey, on_delete=models.CASCADE)
    slot = models.ForeignKey(KeySlot, on_delete=models.CASCADE, related_name="wrapped_keys")
    wrapped = models.TextField()

    class Meta:
        db_table = prefixed("config_wrapped_key")
        constraints = (
            models.UniqueConstraint(fields=("data_key", "slot"), name=prefixed("config_wrapped_key_once")),
        )

    def __str__(self) -> str:
        """Return the number of the data key and the id of the slot."""
        return f"data key {self.data_key_id} for slot {self.slot_id}"


class ConfigState(ConfigModel):
    """The version of the configuration, in one row. Every write locks the row and increases the version.

    The history is complete from the revision ``history_floor`` on. NULL means that nothing was pruned.
    """

    version = models.PositiveBigIntegerField(default=0, db_default=0)
    history_floor = models.PositiveBigIntegerField(null=True)

    class Meta:
        db_table = prefixed("config_state")

    def __str__(self) -> str:
        """Return the version."""
        return f"version {self.version}"


class Process(ConfigModel):
    """The receipt of a running process. It says which revision the process uses.

    All times come from the database's clock.

    - ``instance``: distinguishes containers that have the same host name.
    - ``since``: when the process started to use the revision.
    - ``seen_at``: the last heartbeat.
    - ``pins``: maps keys to the values that were pinned on the command line.
    - ``latency_ms``: milliseconds between the commit of the revision and its use in this process; NULL if the
      process started with the revision.
    - ``pending``: the keys of the settings on which the process has not acted yet.
    - ``error``: why the process refused a value, or why it cannot act on the configuration.
    - ``declaration``: a hash of the keys that the process knows; empty in versions before this column.
    """

    machine = models.CharField(max_length=255)
    instance = models.CharField(max_length=16, default="", db_default="")
    pid = models.PositiveIntegerField()
    role = models.CharField(max_length=20)
    revision = models.PositiveBigIntegerField()
    since = MomentField()
    started_at = MomentField()
    seen_at = MomentField()
    pins = models.JSONField(default=dict, db_default={})
    latency_ms = models.PositiveIntegerField(null=True)
    pending = models.JSONField(default=list, db_default=[])
    error = models.TextField(blank=True, default="", db_default="")
    declaration = models.CharField(max_length=8, default="", db_default="")

    class Meta:
        db_table = prefixed("config_process")
        ordering = ("machine", "role", "pid")
        constraints = (
            models.UniqueConstraint(
                fields=("machine", "instance", "pid"), name=prefixed("config_process_once")
            ),
        )

    def __str__(self) -> str:
        """Return the role, the process id and the machine."""
        return f"{self.role} {self.pid} on {self.machine}"
