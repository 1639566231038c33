"""The one way to write the configuration: plan changes, validate them together, apply them as a revision."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Set
from typing import Any

from config_app import store
from config_app.change import rights
from config_app.change.adoption import adopt, unrecorded
from config_app.change.texts import Text, canonical_texts, encrypted, plain, sealed
from config_app.change.violations import refuse_violations
from config_app.declaration.schema import NOT_SET, Schema, Setting
from config_app.declaration.setting import TakesEffect
from config_app.errors import ConfigError, StaleRevision
from config_app.live import runtime
from config_app.live.resolution import Resolution, read_with_keyring, resolve
from config_app.live.snapshot import Known, read_known
from config_app.live.threads import to_async
from config_app.models import Revision
from config_app.project import get_project, get_schema
from config_app.store import CODE, Edit, Origin, Stored
from config_app.store.deadlines import await_confirmation


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line of a plan as a person sees it: a setting's old and new value, with secrets masked."""

    key: str
    label: str
    old: str
    new: str
    takes_effect: TakesEffect


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Changes that were validated together with all other settings and are not yet committed.

    ``revision`` was the newest revision when the changes were validated. ``before`` and ``after`` are the
    runtime configs without and with the changes. ``edits`` are the edits that ``apply`` records.
    """

    changes: Mapping[str, Any] = dataclasses.field(repr=False)
    revision: int
    base_revision: int | None
    managed: bool
    refusals: Mapping[str, str]
    before: Any
    after: Any
    differences: tuple[Difference, ...]
    edits: tuple[Edit, ...]
    known: Known[Any] | None = dataclasses.field(default=None, repr=False)
    from_shell: bool = False

    @property
    def can_lock_out(self) -> bool:
        """Return whether one of the changes could lock its author out."""
        value, settings = get_schema().value, [get_schema()[edit.key] for edit in self.edits]
        return any(
            s.declaration.locks_out(value(self.before, s.key), value(self.after, s.key)) for s in settings
        )

    @property
    def is_sensitive(self) -> bool:
        """Return whether one of the changes needs a recent proof of identity."""
        return any(get_schema()[edit.key].is_sensitive for edit in self.edits)

    def apply(
        self,
        *,
        actor: object = None,
        channel: str = CODE,
        reason: str = "",
        address: str = "",
        confirm_within: float | None = None,
    ) -> Revision | None:
        """Commit the changes as one revision. Return the revision, or ``None`` if nothing had to change.

        ``channel`` names the interface through which the change is made (default: program code).
        With ``confirm_within``, the revision reverts unless it is confirmed within that many seconds.

        If ``actor`` is a user object, this user must be permitted to make the changes.

        The changes are validated again under the writers' lock. Raise ``StaleRevision`` if the plan's
        base revision is no longer the newest. Raise ``InvalidPlan`` if the changes are no longer valid, or
        if the actor may not make them. Raise ``DatabaseUnavailable`` if the database cannot be used. If
        an exception is raised, nothing has changed.
        """
        origin = Origin(actor=actor_name(actor), channel=channel, reason=reason, address=address)
        with store.writing() as found:
            stored = adopt(found)
            fresh = self._validated_again(_resolved(stored, self.known))
            if not fresh.edits:
                return None
            if not self.managed:
                rights.check(actor, [edit.key for edit in fresh.edits])
            revision = store.record(stored, encrypted(fresh.edits), origin)
            if confirm_within is not None:
                await_confirmation(revision, confirm_within)
            runtime.reload_on_commit(fresh.before, fresh.after)
        return revision

    def _validated_again(self, known: Known[Any]) -> Plan:
        """Validate the changes again, with ``known``. Return a plan, or raise an error as ``plan`` does."""
        if known is not self.known:
            return _validated_plan(
                self.changes,
                known,
                self.base_revision,
                self.refusals,
                managed=self.managed,
                from_shell=self.from_shell,
            )
        # A guard may also look at other tables, and these may have changed.
        refuse_violations(self.before, self.after, from_shell=self.from_shell)
        return self

    async def aapply(self, **options: Any) -> Revision | None:
        """Call ``apply`` in a thread, with the same options, and return its result."""
        return await to_async(self._apply_and_read)(**options)

    def _apply_and_read(self, **options: Any) -> Revision | None:
        """Call ``apply`` and return the revision with all fields. Async code cannot load a field later."""
        revision = self.apply(**options)
        return revision and Revision.objects.get(pk=revision.pk)


def actor_name(actor: object) -> str:
    """Return the name that the history shows for ``actor``.

    ``actor`` is a user object or a text. ``None`` stands for the project's ``local_actor()``.
    """
    if actor is None:
        return get_project().local_actor()
    username = getattr(actor, "get_username", None)
    return str(username() if username else actor)


def plan(
    changes: Mapping[str, Any],
    base_revision: int | None = None,
    *,
    managed: bool = False,
    refusals: Mapping[str, str] | None = None,
    known: Known[Any] | None = None,
    from_shell: bool = False,
) -> Plan:
    """Validate ``changes`` together with all other settings, and return a plan for them.

    - ``changes``: a text, a typed value or ``UNSET`` for each key.
    - ``base_revision``: if given, the plan is valid only while this is the newest revision.
    - ``managed``: whether managed settings may change.
    - ``refusals``: a note for the history for each setting whose imported value was refused, by key.
    - ``known``: the configuration, if the caller has just read it; this saves a second read.
    - ``from_shell``: whether a person in a shell makes the changes. Then ``Project.lockouts`` is not checked.

    Raise ``InvalidPlan`` with all errors if the changes are not valid. Raise ``StaleRevision`` if
    ``base_revision`` is not the newest revision.
    """
    changes = sealed(changes)
    return _validated_plan(
        changes,
        known or read_known(),
        base_revision,
        refusals or {},
        managed=managed,
        from_shell=from_shell,
    )


def _resolved(stored: Stored, known: Known[Any] | None = None) -> Known[Any]:
    """Return a ``Known`` with ``stored`` and the runtime config that results from ``stored``.

    If ``known`` already contains ``stored``, return ``known``, so that nothing is computed twice.
    """
    if known is not None and known.stored == stored:
        return known
    return Known(stored, resolve(get_schema(), stored))


def _validated_plan(
    changes: Mapping[str, Any],
    known: Known[Any],
    base: int | None,
    refusals: Mapping[str, str],
    *,
    managed: bool,
    from_shell: bool,
) -> Plan:
    stored, before = known.stored, known.resolution
    if base is not None and base != stored.revision:
        raise StaleRevision(base, stored.revision, _since(base))
    if base is not None and unrecorded(stored):  # the next revision will record the direct SQL write
        raise StaleRevision(base, stored.revision + 1)
    schema = get_schema()
    texts = canonical_texts(schema, changes, managed=managed)
    newest_refusals = before.refused.keys() | before.newest_refusals.keys()
    edits = (*_edits(schema, stored, texts, newest_refusals), *_refused_edits(stored, refusals))
    after = _after(schema, before, texts)
    refuse_violations(before.config, after, from_shell=from_shell)
    return Plan(
        changes=changes,
        revision=stored.revision,
        base_revision=base,
        managed=managed,
        refusals=refusals,
        before=before.config,
        after=after,
        differences=tuple(_differences(schema, before, after, edits)),
        edits=edits,
        known=known,
        from_shell=from_shell,
    )


def _edits(
    schema: Schema[Any], stored: Stored, texts: Mapping[str, Text], newest_refusals: Set[str]
) -> Iterable[Edit]:
    """Yield an edit for each setting in ``texts``, unless its row contains the new text already.

    Also yield an edit for each setting in ``texts`` whose newest change was refused.
    """
    for key, text in texts.items():
        row, setting = stored.rows.get(key), schema[key]
        # The next change of a setting ends a refusal, so it is recorded even if the row stays the same.
        if key in newest_refusals or not _is_same(setting, row, text):
            yield Edit(key=key, old=_old_text(setting, row), new=plain(text), is_secret=setting.is_secret)


def _old_text(setting: Setting, row: store.Row | None) -> str | None:
    """Return the old text of a setting, for the history. Return ``None`` if the setting has no row.

    If the row contains a secret but the setting is no longer secret, return an empty text.
    """
    if row is None:
        return None
    return "" if row.is_secret and not setting.is_secret else row.value


def _refused_edits(stored: Stored, refusals: Mapping[str, str]) -> Iterable[Edit]:
    """Yield an edit for each value that an import refused. The edit records a note and changes no row."""
    for key, note in refusals.items():
        row = stored.rows.get(key)
        text = row.value if row else None
        yield Edit(
            key=key, old=text, new=text, is_secret=bool(row and row.is_secret), refused=True, note=note
        )


def _is_same(setting: Setting, row: store.Row | None, text: Text) -> bool:
    """Return whether the row already holds ``text``."""
    if row is None or text is None:
        return row is None and text is None
    if row.is_secret != setting.is_secret:
        return False
    try:
        return setting.serialise_optional(read_with_keyring(setting, row.value)) == plain(text)
    except ConfigError:
        return False


def _after(schema: Schema[Any], before: Resolution[Any], texts: Mapping[str, Text]) -> Any:
    values = dict(before.values)
    for key, text in texts.items():
        setting = schema[key]
        values[key] = setting.default if text is None else setting.parse(plain(text) or "")
    return schema.build(values)


def _differences(
    schema: Schema[Any], before: Resolution[Any], after: Any, edits: Iterable[Edit]
) -> Iterable[Difference]:
    for edit in edits:
        if edit.refused:
            continue
        setting = schema[edit.key]
        old, new = schema.value(before.config, edit.key), schema.value(after, edit.key)
        yield Difference(
            key=edit.key,
            label=setting.label,
            old=setting.display(old),
            new=_new_text(setting, old, new),
            takes_effect=setting.takes_effect,
        )


def _new_text(setting: Setting, old: Any, new: Any) -> str:
    """Return the new value for display. Append ``(new)`` to a secret that replaces another secret."""
    shown = setting.display(new)  # two different secrets look the same when masked
    return f"{shown} (new)" if setting.is_secret and old is not None and shown != NOT_SET else shown


def _since(base: int) -> list[Revision]:
    """Return the revisions after ``base``, newest first. Return at most 50 revisions."""
    return [revision for revision in store.history(limit=50) if revision.number > base]
