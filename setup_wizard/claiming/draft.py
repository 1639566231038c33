"""The draft: the answers so far. The database stores the draft, so a person can continue later."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction

from config_app import store
from config_app.declaration.secret import Secret
from config_app.encryption import install_keyring
from config_app.errors import InvalidValue
from config_app.project import get_schema
from config_app.store.failures import database_errors
from setup_wizard.claiming import tokens, upload
from setup_wizard.claiming.state import unclaimed_config_in
from setup_wizard.models import DRAFT_ID, IMPORTED, SetupDraft
from setup_wizard.product import get_product
from setup_wizard.steps import ACCOUNT, MODE, Step

KEPT = dt.timedelta(days=7)
"""How long a draft is kept after its last change."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The answers that were entered so far.

    ``steps`` maps each step to the texts of the step's fields. ``texts`` maps the keys of imported settings
    to texts; the text of an imported secret is empty. ``earlier`` has the steps of an earlier holder of the
    token. These steps only prefill the forms. ``secrets`` maps keys of settings to ciphertexts. ``password``
    is the hash of the administrator's password.
    """

    steps: Mapping[str, Mapping[str, str]]
    texts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    earlier: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, str] = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)

    @property
    def mode(self) -> str:
        """Return the chosen mode, or the first mode if no mode is chosen yet."""
        product = get_product()
        chosen = self.steps.get(MODE, self.texts).get(product.mode_key)
        return chosen if chosen in product.modes else product.modes[0]

    @property
    def imported(self) -> dict[str, Any]:
        """Return a dict that maps the keys of imported settings to parsed values, without secrets."""
        settings = get_schema().settings
        known = (key for key in self.texts if key in settings and not settings[key].is_secret)
        return self._parsed(self.texts, known)

    @property
    def email(self) -> str:
        """Return the administrator's address.

        Return an empty text if the claim creates no account in the chosen mode.
        """
        asked = self.mode in get_product().account_modes
        return self.steps.get(ACCOUNT, {}).get("email", "") if asked else ""

    @property
    def account(self) -> Mapping[str, str]:
        """Return the texts that prefill the form of the administrator's account."""
        return (self.earlier if self.is_from_earlier(ACCOUNT) else self.steps).get(ACCOUNT, {})

    def steps_in_order(self) -> list[Step]:
        """Return the steps of the chosen mode, in order."""
        return [step for step in get_product().steps if step.applies_to(self.mode)]

    def has(self, step: Step) -> bool:
        """Return whether a step is completed.

        A completed step was submitted, and has a valid value for each setting that the step shows in the
        chosen mode. Secrets are not checked.
        """
        settings, entered = get_schema().settings, self.entered(step)
        keys = (key for key in step.keys_in(self.mode) if not settings[key].is_secret)
        return step.name in self.steps and all(key in entered for key in keys)

    def entered(self, step: Step) -> dict[str, Any]:
        """Return a dict that maps the keys of the settings in a step to parsed values.

        Leave out secrets and invalid values.
        """
        return self._typed(step, self.steps)

    def known(self, step: Step) -> dict[str, Any]:
        """Return a dict that maps keys of settings to the parsed values that prefill the form of a step.

        If only an earlier holder of the token has submitted the step, return the earlier holder's values.
        """
        return self._typed(step, self.earlier if self.is_from_earlier(step.name) else self.steps)

    def _typed(self, step: Step, steps: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        saved = steps.get(step.name, {})
        return self._parsed(saved, saved.keys() & step.keys_in(self.mode))

    def _parsed(self, texts: Mapping[str, str], keys: Iterable[str]) -> dict[str, Any]:
        schema, values = get_schema(), {}
        for key in keys:
            with contextlib.suppress(InvalidValue):  # another version saved it; the step asks again
                values[key] = schema[key].parse(texts[key])
        return values

    def is_from_earlier(self, name: str) -> bool:
        """Return whether a step's form is prefilled with the answers of an earlier holder of the token."""
        return name in self.earlier and name not in self.steps

    def first_incomplete(self) -> Step | None:
        """Return the first step that is not completed. Return ``None`` if only the review is left."""
        return next((step for step in self.steps_in_order() if not self.has(step)), None)

    def secret(self, key: str) -> Secret | None:
        """Decrypt a secret in the draft. Return ``None`` if the draft does not contain the secret.

        Raise ``KeyringLocked`` or ``DecryptionFailed`` if the secret cannot be decrypted.
        """
        if key not in self.secrets:
            return None
        return Secret(install_keyring.decrypt(_purpose(key), self.secrets[key]))

    def values(self) -> dict[str, Any]:
        """Return a dict that maps keys of settings to values, without secrets.

        The dict contains the values of the steps and the imported values. The dict does not contain imported
        settings that people cannot change in the editor, such as the mode.
        """
        settings = get_schema().settings
        imported = {key: value for key, value in self.imported.items() if settings[key].in_editor}
        return imported | {key: v for step in self.steps_in_order() for key, v in self.entered(step).items()}

    def secret_values(self) -> dict[str, Secret]:
        """Return a dict that maps keys of settings to the imported secrets and the entered secrets.

        Leave out entered secrets if the chosen mode does not ask for the setting.
        """
        asked = [key for step in self.steps_in_order() for key in step.keys_in(self.mode)]
        keys = dict.fromkeys([*asked, *self.texts])
        found = {key: self.secret(key) for key in keys}
        return {key: secret for key, secret in found.items() if secret is not None}


def load() -> Draft:
    """Return the draft. If nothing was entered yet, the draft is empty."""
    with database_errors():
        row = SetupDraft.objects.filter(pk=DRAFT_ID).first() or SetupDraft()
    steps = {name: texts for name, texts in row.steps.items() if name != IMPORTED}
    texts = row.steps.get(IMPORTED, {})
    return Draft(steps=steps, texts=texts, earlier=row.earlier, secrets=row.secrets, password=row.password)


def save(
    step: Step,
    texts: Mapping[str, str],
    secrets: Mapping[str, Secret],
    password: str = "",
    *,
    holder: str | None,
) -> None:
    """Save the answers of one step in the draft.

    ``password`` is a hash. If ``password`` is empty, the saved hash is kept. ``holder`` is the proof that the
    browser used the setup token. The browser's session contains this proof. For a command on the server,
    ``holder`` is ``None``.

    Raise ``AlreadyClaimed`` if the install is claimed, and ``TakenOver`` if another browser has used a newer
    token. Raise ``KeyringLocked`` if secrets cannot be encrypted, and ``DatabaseUnavailable`` if the database
    does not answer. After an error, nothing is saved.
    """
    with store.writing() as stored:
        unclaimed_config_in(stored)
        tokens.require_holder(holder)
        ciphertexts = _encrypted(secrets)
        row = SetupDraft.objects.filter(pk=DRAFT_ID).first() or SetupDraft(pk=DRAFT_ID)
        after = {**row.steps, step.name: dict(texts)}
        row.steps = get_product().revise(row.steps, after)
        row.secrets = {**row.secrets, **ciphertexts}
        row.password = password or row.password
        row.save()


def save_import(texts: Mapping[str, str], secrets: Mapping[str, Secret], *, holder: str | None) -> None:
    """Save the settings of an export in the draft. Raise the same errors as ``save``.

    The settings prefill the forms and take effect with the claim. Keep the saved answers of the account step
    and delete all other answers. So the person must submit the other steps again.
    """
    with store.writing() as stored:
        unclaimed_config_in(stored)
        tokens.require_holder(holder)
        ciphertexts = _encrypted(secrets)
        row = SetupDraft.objects.filter(pk=DRAFT_ID).first() or SetupDraft(pk=DRAFT_ID)
        kept = {name: answers for name, answers in row.steps.items() if name == ACCOUNT}
        row.steps = {**kept, IMPORTED: {**texts, **dict.fromkeys(ciphertexts, "")}}
        row.secrets = ciphertexts
        row.save()


def renew_secrets(renew: Callable[[str, str], str | None]) -> None:
    """Replace each ciphertext in the draft with the result of ``renew(purpose, ciphertext)``.

    If ``renew`` returns ``None``, drop the secret.
    """
    for row in SetupDraft.objects.all():
        renewed = {key: renew(_purpose(key), text) for key, text in row.secrets.items()}
        row.secrets = {key: text for key, text in renewed.items() if text is not None}
        row.save()


def _encrypted(secrets: Mapping[str, Secret]) -> dict[str, str]:
    if not secrets:
        return {}
    keyring = install_keyring.newest_keyring()
    return {key: keyring.encrypt(_purpose(key), secret.reveal()) for key, secret in secrets.items()}


def discard() -> None:
    """Delete the draft in the current transaction. After the commit, remove an uploaded backup."""
    SetupDraft.objects.all().delete()
    transaction.on_commit(upload.discard)


def _purpose(key: str) -> str:
    return f"draft:{key}"


def remove_outdated(now: dt.datetime) -> None:
    """If the draft was last changed more than ``KEPT`` ago, delete the draft and the uploaded backup."""
    with transaction.atomic():
        if SetupDraft.objects.filter(updated_at__lt=now - KEPT).exists():
            discard()
