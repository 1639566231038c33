"""The forms for changing the configuration, built from the declarations of the settings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.declaration.unset import UNSET
from config_app.errors import ConfigError, InvalidPlan, NotProved

# The key of a setting starts with a letter, so these names, which start with an underscore, are never keys.
BASE_REVISION, REASON, PASSWORD, SHOWN = "_base_revision", "_reason", "_password", "_shown"
RESET, CLEAR, KEEP = "_reset_", "_clear_", "_keep_"
TICKS = {RESET: "Reset to default", CLEAR: "Clear", KEEP: "Store this value"}

NUMBER = re.compile(r"[0-9]{1,18}")
NO_FILES: MultiValueDict[str, Any] = MultiValueDict()
INCOMPLETE = "This page was incomplete. Load it again."


class ProofForm(forms.Form):
    """The base class of forms that may need a proof of identity. These forms have a password field."""

    _password = forms.CharField(
        label="Your password, to confirm that it is you",
        required=False,
        strip=False,
        max_length=4096,  # the limit of Django's own password fields; a longer text takes long to hash
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    @property
    def password_field(self) -> forms.BoundField:
        """Return the password field, for templates. Show this field only if ``asks_for_proof`` is true."""
        # A template cannot look up a name that starts with an underscore.
        return self[PASSWORD]

    @property
    def password(self) -> Secret | None:
        """Return the password that was entered. Return ``None`` if the field is empty."""
        text = self.cleaned_data[PASSWORD]
        return Secret(text) if text else None

    @property
    def asks_for_proof(self) -> bool:
        """Return whether the page has to show the password field."""
        # A page never repeats a password. If the form was refused, the password must be entered again.
        return self.is_bound and (PASSWORD in self.errors or bool(self[PASSWORD].data))

    def add_config_error(self, error: ConfigError) -> None:
        """Attach ``error`` to the fields of its settings, or to the whole form if there are no such fields.

        Treat each error of an ``InvalidPlan`` separately. Attach ``NotProved`` to the password field.
        """
        if isinstance(error, NotProved):
            self.add_error(PASSWORD, error.message)
            return
        for single in error.errors if isinstance(error, InvalidPlan) else [error]:
            fields = [key for key in single.keys if key in self.fields]
            for key in fields:
                self.add_error(key, _without_keys(single))
            if not fields:
                self.add_error(None, str(single))


class RevisionForm(ProofForm):
    """The base class of forms that change the configuration.

    The form has a base revision, a reason and a password. The base revision is the newest revision at the
    time when the form was loaded. The password is needed only if a change needs a proof of identity.
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
        help_text="Shown in the history.",
    )

    @property
    def base_revision(self) -> int | None:
        """Return the number of the base revision. Return ``None`` if the submitted text is not a number."""
        text = str(self[BASE_REVISION].data or "")
        return int(text) if NUMBER.fullmatch(text) else None

    @property
    def reason_field(self) -> forms.BoundField:
        """Return the field for the reason, for templates."""
        # A template cannot look up a name that starts with an underscore.
        return self[REASON]

    @property
    def reason(self) -> str:
        """Return the validated reason. Return an empty text if no reason was entered."""
        return str(self.cleaned_data[REASON])


class ConfigurationForm(RevisionForm):
    """A form with a field for each of ``settings``, filled with the current values.

    - ``values``: maps keys to the current values.
    - ``stored``: the keys that have a row in the database. The page shows a checkbox for each of these keys:
      ``Reset to default``, or ``Clear`` for a secret. A ticked checkbox removes the row.
    - ``refused``: the keys whose stored value is invalid and not used. The page shows the checkbox ``Store
      this value`` for each of these keys. If the checkbox is ticked, the value in the field is stored.

    A submitted form has fields only for the settings that the person changed. Call ``complete`` to add the
    other fields before you show the form again. A setting that the submitted data does not contain keeps its
    value, because an upgrade may have added the setting while the page was open.
    """

    # The keys of settings on the page for which a browser may send nothing, such as an unticked checkbox.
    _shown = forms.CharField(required=False, widget=forms.HiddenInput)

    # Creating and cleaning hundreds of unchanged fields would take longer than the rest of the request.

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
        self.settings = {setting.key: setting for setting in settings}
        silent = [key for key, setting in self.settings.items() if _may_send_nothing(setting)]
        start = {**values, SHOWN: " ".join(silent), **(initial or {})}
        super().__init__(data, initial=start, use_required_attribute=False)
        self._silent, self._were_shown = frozenset(silent), frozenset(str(self.data.get(SHOWN, "")).split())
        self._stored, self._refused = stored, refused
        sent = [name for name in self.data if name.startswith("_")]
        ticked = {name.removeprefix(tick) for tick in TICKS for name in sent if name.startswith(tick)}
        for setting in self.settings.values():
            if not self.is_bound or setting.key in ticked or self._is_touched(setting):
                self._add(setting)
        if self.is_bound:
            _show_initial(self.fields[SHOWN])

    def complete(self) -> None:
        """Add the missing fields, so that every setting has a field, in the order of the declarations."""
        self.fields = {name: self.fields[name] for name in self.base_fields}
        for setting in self.settings.values():
            self._add(setting)
            if not self.is_posted(setting):
                _show_initial(self.fields[setting.key])

    def is_posted(self, setting: Setting) -> bool:
        """Return whether the submitted data contains a value for a setting."""
        if setting.key in self._silent:
            return setting.key in self.data or setting.key in self._were_shown
        widget = setting.declaration.field.widget
        return not widget.value_omitted_from_data(self.data, self.files, setting.key)

    def _is_touched(self, setting: Setting) -> bool:
        """Return whether the submitted value differs from the value that the page showed."""
        field, shown = setting.declaration.field, self.initial.get(setting.key)
        sent = field.widget.value_from_datadict(self.data, self.files, setting.key)
        # Most settings are unchanged. A text field sends the text that was shown, a checkbox True or False.
        if sent is shown or sent == field.prepare_value(shown):
            return False
        return self.is_posted(setting) and field.has_changed(shown, sent)

    def _add(self, setting: Setting) -> None:
        self.fields[setting.key] = setting.form_field()
        if setting.is_secret:
            self.fields[setting.key].required = False  # an empty field keeps the stored secret
        if setting.key in self._stored:
            self._add_tick(CLEAR if setting.is_secret else RESET, setting)
        # A submitted tick counts even if the refused value has been replaced since the page was shown.
        if not setting.is_secret and (setting.key in self._refused or KEEP + setting.key in self.data):
            self._add_tick(KEEP, setting)

    def _add_tick(self, name: str, setting: Setting) -> None:
        self.fields[name + setting.key] = forms.BooleanField(label=TICKS[name], required=False)

    def ticks(self, key: str) -> list[forms.BoundField]:
        """Return the fields of the checkboxes that belong to the setting with this key."""
        return [self[name + key] for name in TICKS if name + key in self.fields]

    @property
    def typed_secrets(self) -> list[str]:
        """Return the labels of the secrets that were entered. The page will not show these secrets again."""
        return [s.label for s in self.settings.values() if s.is_secret and self[s.key].data]

    def add_config_error(self, error: ConfigError) -> None:
        """Add the missing fields first, so that an error can be attached to the field of any setting."""
        self.complete()
        super().add_config_error(error)

    def changes(self) -> dict[str, Any]:
        """Return the changes for ``plan``: a dict that maps each changed key to a new value or ``UNSET``."""
        changed = set(self.changed_data)
        return {
            key: UNSET if self._is_unset(key) else self.cleaned_data[key]
            for key in self._with_fields()
            if self._is_unset(key) or key in changed or self._ticked(KEEP, key)
        }

    def _with_fields(self) -> list[str]:
        """Return the keys of the settings that have a field now."""
        return [key for key in self.settings if key in self.fields]

    def clean(self) -> dict[str, Any]:
        """Refuse a new secret if the checkbox ``Clear`` is ticked too.

        If a setting is to be reset, drop the errors of its field.
        """
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


def _may_send_nothing(setting: Setting) -> bool:
    """Return whether a browser may leave this setting out of the data, as for an unticked checkbox."""
    # The widgets of such settings cannot say whether the data lacks a value, so they always answer no.
    return not setting.declaration.field.widget.value_omitted_from_data({}, NO_FILES, setting.key)


def _show_initial(field: forms.Field) -> None:
    """Make a field of a submitted form show its initial value, because no value was submitted."""
    field.bound_data = lambda _data, initial: initial  # type: ignore[assignment,method-assign]
    field.has_changed = lambda _initial, _data: False  # type: ignore[assignment,method-assign]


def _without_keys(error: ConfigError) -> str:
    """Return the text of the error without the keys at its start."""
    # The label of the field is beside the error already.
    text, names = str(error), f"{', '.join(error.keys)}: "
    return text.removeprefix(names)
