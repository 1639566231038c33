"""What is known so far: the draft over suggestions over the configuration in force."""

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
    """``config`` is that of the database, with masked secrets; ``suggested`` is by setting."""

    draft: Draft
    config: Any
    suggested: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def initial(self, step: Step, key: str) -> Any:
        """Return what a form shows for ``key`` at first: never a secret."""
        if get_schema()[key].is_secret:
            return None
        fallback = self.suggested.get(key, self.in_force(key))
        return self.draft.known(step).get(key, fallback)

    def in_force(self, key: str) -> Any:
        """Return the value that the database puts in force; a secret is masked."""
        return get_schema().value(self.config, key)

    def stored(self, key: str) -> Any:
        """Return the value that was entered last, or is in force: secrets unmasked."""
        schema = get_schema()
        if not schema[key].is_secret:
            return self.draft.values().get(key, self.in_force(key))
        return self.draft.secret(key) or schema.value(api.get_config(), key)

    def has_secret(self, key: str) -> bool:
        """Tell whether a secret was entered or is in force."""
        return key in self.draft.secrets or self.in_force(key) is not None

    def candidate(self, values: Mapping[str, Any]) -> Any:
        """Return the configuration with the draft and ``values`` in force, not yet setup, secrets masked."""
        schema = get_schema()
        known = {key: self.in_force(key) for key in schema.settings}
        secrets = {key: Secret.masked() for key in self.draft.secrets}
        return schema.build({**known, **secrets, **self.draft.values(), **values})
