"""The forms of the page for export and import."""

from __future__ import annotations

from typing import Any

from django import forms

from config_app.declaration.forms import ProofForm, RevisionForm
from config_app.declaration.schema import Setting
from config_app.declaration.secret import Secret
from config_app.errors import ConfigError
from config_app.project import get_schema
from config_app.transfer.document import Document
from config_app.transfer.passphrase import SHORTEST, check_strength
from config_app.transfer.selection import EVERYTHING, Selection, select
from config_app.transfer.uploads import LONGEST_PASSPHRASE, read_upload

PASSPHRASE = {"autocomplete": "new-password", "spellcheck": "false"}


def machine_specific() -> list[Setting]:
    """Return the settings that belong to one machine and that people may change."""
    return [s for s in get_schema().settings.values() if s.is_machine_specific and not s.managed]


def _selection(*, machine: bool) -> Selection:
    return select(included=[setting.key for setting in machine_specific()]) if machine else EVERYTHING


class _SelectionForm(ProofForm):
    """A form with a checkbox for the settings that belong to one machine, if such settings exist."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # One page shows both forms, so their elements must not have the same ids.
        super().__init__(*args, **{**options, "auto_id": f"{type(self).__name__.lower()}_%s"})
        if names := ", ".join(setting.label for setting in machine_specific()):
            label = f"Include the settings that belong to one machine: {names}"
            self.fields["machine"] = forms.BooleanField(label=label, required=False)

    @property
    def selection(self) -> Selection:
        """Return the settings that the validated form selects."""
        return _selection(machine=bool(self.cleaned_data.get("machine")))


class ExportForm(_SelectionForm):
    """The form for an export: which settings to export, and the passphrase for an export with secrets."""

    secrets = forms.BooleanField(label="Include the secrets and encrypt the whole file", required=False)
    passphrase = forms.CharField(
        label="Passphrase",
        required=False,
        strip=False,
        max_length=LONGEST_PASSPHRASE,
        widget=forms.PasswordInput(attrs=PASSPHRASE),
        help_text=f"At least {SHORTEST} characters. Without the passphrase, no one can decrypt the file.",
    )
    again = forms.CharField(
        label="The same passphrase again",
        required=False,
        strip=False,
        max_length=LONGEST_PASSPHRASE,
        widget=forms.PasswordInput(attrs=PASSPHRASE),
    )

    def __init__(self, *args: Any, may_export_secrets: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not may_export_secrets:
            for name in ("secrets", "passphrase", "again"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """For an export with secrets, check the passphrase. Return the cleaned data."""
        if self.cleaned_data.get("secrets") and not self.errors:
            given = Secret(self.cleaned_data["passphrase"])
            if given != Secret(self.cleaned_data["again"]):
                self.add_error("again", "The two passphrases differ. Type the same passphrase twice.")
            try:
                check_strength(given)
            except ConfigError as error:
                self.add_error("passphrase", str(error))
        return self.cleaned_data

    @property
    def chosen_passphrase(self) -> Secret | None:
        """Return the passphrase of the validated form. For an export without secrets, return ``None``."""
        return Secret(self.cleaned_data["passphrase"]) if self.cleaned_data.get("secrets") else None


class ImportForm(_SelectionForm):
    """The form for an import.

    The form asks for the file, for its passphrase, and for what happens to settings that the file does not
    contain: they can keep their values or get their defaults.
    """

    file = forms.FileField(label="File", widget=forms.FileInput(attrs={"accept": ".json,application/json"}))
    passphrase = forms.CharField(
        label="Passphrase",
        required=False,
        strip=False,
        max_length=LONGEST_PASSPHRASE,
        widget=forms.PasswordInput(attrs={**PASSPHRASE, "autocomplete": "off"}),
        help_text="Needed only for a file with secrets.",
    )
    replace = forms.BooleanField(
        label="Set each setting that the file does not contain to its default", required=False
    )

    def document(self) -> Document:
        """Return the uploaded document; raise ``ConfigError`` if it cannot be read or decrypted."""
        return read_upload(self.cleaned_data["file"], self.cleaned_data["passphrase"])


class ReviewForm(RevisionForm):
    """The form of the review page. A hidden field keeps the uploaded document until the import."""

    document = forms.CharField(widget=forms.HiddenInput, strip=False)
    replace = forms.BooleanField(widget=forms.HiddenInput, required=False)
    machine = forms.BooleanField(widget=forms.HiddenInput, required=False)

    @property
    def selection(self) -> Selection:
        """Return the settings that were selected when the file was uploaded."""
        return _selection(machine=bool(self["machine"].data))
