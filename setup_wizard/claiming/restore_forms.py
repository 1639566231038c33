"""The forms of the pages that restore a backup or import an export."""

from __future__ import annotations

from typing import Any

from django import forms

from config_app.cli.verbs.keys.codes import unlocker_for
from config_app.declaration.secret import Secret
from config_app.encryption.unlockers import Unlocker
from config_app.errors import ConfigError
from config_app.transfer.uploads import LONGEST_PASSPHRASE

HIDDEN = {"autocomplete": "off", "spellcheck": "false"}


class UploadForm(forms.Form):
    """The form that uploads a backup or an export. Only an export with secrets has a passphrase."""

    file = forms.FileField(label="File", error_messages={"required": "Choose the file on your computer."})
    passphrase = forms.CharField(
        label="Passphrase",
        required=False,
        strip=False,
        max_length=LONGEST_PASSPHRASE,
        widget=forms.PasswordInput(attrs=HIDDEN),
        help_text="Only for an export with secrets.",
    )


class BackupForm(forms.Form):
    """The form that restores a backup. ``fingerprint`` identifies the file that the person has reviewed."""

    fingerprint = forms.CharField(widget=forms.HiddenInput, required=False)
    code = forms.CharField(
        label="Recovery code or shared key",
        required=False,
        max_length=1024,
        widget=forms.TextInput(attrs=HIDDEN),
        help_text="The code or key of the install from which the backup comes.",
    )
    drop = forms.BooleanField(label="Restore without the secrets", required=False)

    def __init__(self, *args: Any, asks_for_code: bool, **options: Any) -> None:
        """Build the form. If ``asks_for_code`` is false, remove the fields ``code`` and ``drop``."""
        super().__init__(*args, **options)
        if not asks_for_code:
            del self.fields["code"], self.fields["drop"]

    def clean(self) -> dict[str, Any]:
        """If the form asks for a code, check that the person entered a code or ticked ``drop``, but not both.

        Add an error if this is not so, or if the code is not valid.
        """
        code, drop = self.cleaned_data.get("code"), self.cleaned_data.get("drop")
        if "code" in self.fields and not self.errors and bool(code) == bool(drop):
            both = "You cannot do both: remove the code, or do not tick the box below."
            self.add_error("code", both if code else "Enter the code, or tick the box below.")
        if code and not self.errors:
            try:
                self.cleaned_data["unlocker"] = unlocker_for(Secret(code))
            except ConfigError as error:
                self.add_error("code", str(error))
        return self.cleaned_data

    @property
    def unlocker(self) -> Unlocker | None:
        """Return the unlocker for the entered code. Return ``None`` if no code was entered."""
        return self.cleaned_data.get("unlocker")


class ImportForm(forms.Form):
    """The form that imports a reviewed export. The hidden field ``document`` contains the export."""

    document = forms.CharField(widget=forms.HiddenInput, strip=False)


class AbandonForm(forms.Form):
    """The form that drops the secrets of a keyring that no key unlocks."""

    confirm = forms.BooleanField(
        label="Drop the secrets and make a new keyring",
        error_messages={"required": "Tick the box to drop the secrets."},
    )
