"""The forms that change the configuration, made from the declarations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms

from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.declaration.unset import UNSET
from config_app.errors import ConfigError, InvalidPlan, NotProved

# A setting's key starts with a letter, so names that start with an underscore are free.
BASE_REVISION, REASON, PASSWORD = "_base_revision", "_reason", "_password"
RESET, CLEAR, KEEP = "_reset_", "_clear_", "_keep_"
TICKS = {RESET: "Reset to default", CLEAR: "Clear", KEEP: "Store this value"}

NUMBER = re.compile(r"[0-9]{1,18}")
INCOMPLETE = "This page was incomplete. Load it again."


class RevisionForm(forms.Form):
    """What every change of the configuration says: which revision it was made for, and why.

    Where proof is asked for, it brings the password of whoever makes the change too.
    """

    _base_revision = forms.IntegerField(
        min_value=0,
        max_value=10**18 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), INCOMPLETE),
    )
    _reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Kept in the history, for whoever wonders later.",
    )
    _password = forms.CharField(
        label="Your password, to confirm that it is you",
        required=False,
        strip=False,
        max_length=4096,  # as Django's own; hashing more takes long
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    @property
    def base_revision(self) -> int | None:
        """Return the revision that the page was made for; ``None`` where it does not say."""
        text = str(self[BASE_REVISION].data or "")
        return int(text) if NUMBER.fullmatch(text) else None

    @property
    def reason_field(self) -> forms.BoundField:
        """Return the field for the reason; templates cannot look up its name."""
        return self[REASON]

    @property
    def reason(self) -> str:
        """Return why, as somebody validated it."""
        return str(self.cleaned_data[REASON])

    @property
    def password_field(self) -> forms.BoundField:
        """Return the field for the password, which the page shows only where it is asked for."""
        return self[PASSWORD]

    @property
    def password(self) -> Secret | None:
        """Return the password that was entered."""
        text = self.cleaned_data[PASSWORD]
        return Secret(text) if text else None

    @property
    def asks_for_proof(self) -> bool:
        """Tell whether the page is to ask for proof: it was missing, or what came has to be entered anew."""
        return self.is_bound and (PASSWORD in self.errors or bool(self[PASSWORD].data))

    def add_config_error(self, error: ConfigError) -> None:
        """Put each error beside the fields it names, and above the form what names none of them."""
        if isinstance(error, NotProved):
            self.add_error(PASSWORD, error.message)
            return
        for single in error.errors if isinstance(error, InvalidPlan) else [error]:
            fields = [key for key in single.keys if key in self.fields]
            for key in fields:
                self.add_error(key, _without_keys(single))
            if not fields:
                self.add_error(None, str(single))


class ConfigurationForm(RevisionForm):
    """A field for each of ``settings``, filled with what is in force.

    ``values`` are the values in force by key. A setting in ``stored`` has a row, which ``Reset to default``
    (for a secret, ``Clear``) removes; for one in ``refused`` the row is not what is in force.

    Of a submitted form, only the settings that somebody touched have fields: to make and clean hundreds of
    others takes longer than everything else that saving does. ``complete`` adds them for a page that shows
    the form again.
    """

    def __init__(
        self,
        settings: Iterable[Setting],
        values: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        *,
        stored: Collection[str] = (),
        refused: Collection[str] = (),
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**values, **(initial or {})}, use_required_attribute=False)
        self.settings = {setting.key: setting for setting in settings}
        self._stored, self._refused = stored, refused
        sent = [name for name in self.data if name.startswith("_")]
        ticked = {name.removeprefix(tick) for tick in TICKS for name in sent if name.startswith(tick)}
        for setting in self.settings.values():
            if not self.is_bound or setting.key in ticked or self._is_touched(setting):
                self._add(setting)

    def complete(self) -> None:
        """Give every setting its field, in the order of the declarations."""
        self.fields = {name: self.fields[name] for name in self.base_fields}
        for setting in self.settings.values():
            self._add(setting)

    def _is_touched(self, setting: Setting) -> bool:
        """Tell whether what was sent differs from what the page had shown."""
        field, shown = setting.declaration.field, self.initial.get(setting.key)
        sent = field.widget.value_from_datadict(self.data, self.files, setting.key)
        return sent != field.prepare_value(shown) and field.has_changed(shown, sent)

    def _add(self, setting: Setting) -> None:
        self.fields[setting.key] = setting.form_field()
        if setting.is_secret:
            self.fields[setting.key].required = False  # blank keeps what is stored
        if setting.key in self._stored:
            self._add_tick(CLEAR if setting.is_secret else RESET, setting)
        # Whoever sends the tick has seen a refusal that may have been settled since.
        if not setting.is_secret and (setting.key in self._refused or KEEP + setting.key in self.data):
            self._add_tick(KEEP, setting)

    def _add_tick(self, name: str, setting: Setting) -> None:
        self.fields[name + setting.key] = forms.BooleanField(label=TICKS[name], required=False)

    def ticks(self, key: str) -> list[forms.BoundField]:
        """Return the checkboxes that go with a setting."""
        return [self[name + key] for name in TICKS if name + key in self.fields]

    @property
    def typed_secrets(self) -> list[str]:
        """Return the labels of the secrets that were sent and that the page will not show again."""
        return [s.label for s in self.settings.values() if s.is_secret and self[s.key].data]

    def add_config_error(self, error: ConfigError) -> None:
        """Put each error beside the fields it names, those that nobody touched included."""
        self.complete()
        super().add_config_error(error)

    def changes(self) -> dict[str, Any]:
        """Return what differs from what is in force, as a plan takes it."""
        changed = set(self.changed_data)
        return {
            key: UNSET if self._is_unset(key) else self.cleaned_data[key]
            for key in self._with_fields()
            if self._is_unset(key) or key in changed or self._ticked(KEEP, key)
        }

    def _with_fields(self) -> list[str]:
        """Return the keys of the settings that have fields now."""
        return [key for key in self.settings if key in self.fields]

    def clean(self) -> dict[str, Any]:
        """Drop what is wrong with a value that is not wanted any more."""
        for key in self._with_fields():
            if self._ticked(CLEAR, key) and key in self.changed_data:
                self.add_error(key, "either enter a new secret or tick Clear, not both")
            elif self._is_unset(key):
                self.errors.pop(key, None)
        return self.cleaned_data

    def _is_unset(self, key: str) -> bool:
        return self._ticked(RESET, key) or self._ticked(CLEAR, key)

    def _ticked(self, control: str, key: str) -> bool:
        return bool(self.cleaned_data.get(control + key))


def _without_keys(error: ConfigError) -> str:
    """Return the error without the names in front, which the label beside it says better."""
    text, names = str(error), f"{', '.join(error.keys)}: "
    return text.removeprefix(names)
