"""Plan the import of an export in the wizard, and put the chosen settings into the draft."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError
from config_app.project import get_schema
from config_app.transfer.document import Document
from config_app.transfer.importing import Import, plan_import
from config_app.transfer.selection import Selection
from setup_wizard.claiming import draft


def planned(document: Document, chosen: Iterable[str] | None = None) -> Import:
    """Plan the import of ``document``, and return the plan. If ``chosen`` is given, plan only these settings.

    Leave out settings that people can change only from a shell, such as the mode. Raise ``InvalidPlan`` with
    all errors if a value is not valid or a key is unknown.
    """
    only = None if chosen is None else frozenset(chosen)
    hidden = frozenset(setting.key for setting in _only_for_forms())
    return plan_import(document, Selection(only=only, excluded=hidden))


def stage(document: Document, chosen: Iterable[str], *, holder: str | None) -> None:
    """Put the chosen settings into the draft. They take effect with the claim.

    Raise the same errors as ``planned`` and ``draft.save``. After an error, the draft is unchanged.
    """
    changes = planned(document, chosen).plan.changes
    schema = get_schema()
    canonical = {key: schema[key].canonical(value) for key, value in changes.items()}
    secrets = {key: Secret(text) for key, text in canonical.items() if schema[key].is_secret}
    texts = {key: text for key, text in canonical.items() if key not in secrets}
    draft.save_import({**dict(_for_forms(document)), **texts}, secrets, holder=holder)


def _only_for_forms() -> Iterator[Setting]:
    """Return the settings that people can change only from a shell, such as the mode.

    If an export contains such a setting, the imported value only prefills a form.
    """
    return (s for s in get_schema().settings.values() if not s.in_editor and not s.managed)


def _for_forms(document: Document) -> Iterator[tuple[str, str]]:
    schema = get_schema()
    given = {schema.current_key(key): value for key, value in document.settings.items()}
    for setting in _only_for_forms():
        if setting.key in given and not setting.is_secret:
            try:
                yield setting.key, setting.canonical(given[setting.key])
            except ConfigError:  # the form then shows another suggestion
                continue
