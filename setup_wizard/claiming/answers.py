"""The values of settings during the setup: answers in the draft, suggestions and stored values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from config_app import api
from config_app.declaration.secret import Secret
from config_app.project import get_schema
from setup_wizard.claiming.draft import Draft
from setup_wizard.steps import Step


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The known values of settings, from ``draft``, ``suggested`` and ``config``.

    ``config`` is the configuration in the database, with masked secrets. ``suggested`` maps keys of settings
    to values. A form shows the first value that exists in this order: ``draft``, ``suggested``,
    ``config``.
    """

    draft: Draft
    config: Any
    suggested: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def initial(self, step: Step, key: str) -> Any:
        """Return the value that prefills the form field of ``key``. Return ``None`` for a secret."""
        if get_schema()[key].is_secret:
            return None
        known = {**self.suggested, **self.draft.imported, **self.draft.known(step)}
        return known.get(key, self.in_force(key))

    def in_force(self, key: str) -> Any:
        """Return the value of ``key`` in the database. A secret is masked."""
        return get_schema().value(self.config, key)

    def stored(self, key: str) -> Any:
        """Return the value of ``key`` in the draft. If the draft has no value, return the current value.

        A secret is not masked.
        """
        schema = get_schema()
        if not schema[key].is_secret:
            return self.draft.values().get(key, self.in_force(key))
        return self.draft.secret(key) or schema.value(api.get_config(), key)

    def has_secret(self, key: str) -> bool:
        """Return whether the draft or the database has a value for the secret ``key``."""
        return key in self.draft.secrets or self.in_force(key) is not None

    def candidate(self, values: Mapping[str, Any]) -> Any:
        """Return the configuration that a claim with the draft and ``values`` would make.

        The secrets are masked.
        """
        schema = get_schema()
        known = {key: self.in_force(key) for key in schema.settings}
        secrets = {key: Secret.masked() for key in self.draft.secrets}
        return schema.build({**known, **secrets, **self.draft.values(), **values})
