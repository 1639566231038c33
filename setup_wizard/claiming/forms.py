"""The wizard's forms. Their fields come from the declarations of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError

from config_app.declaration.secret import Secret
from config_app.fields import EmailField
from config_app.project import get_schema
from setup_wizard.claiming.answers import Answers
from setup_wizard.product import get_product
from setup_wizard.steps import Step

MAX_NAME = 150


class TokenForm(forms.Form):
    """The form that asks for the setup token."""

    token = forms.CharField(
        label="Setup token",
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": "Paste the token from the end of the link that manage.py setup_token prints."
        },
    )


class StepForm(forms.Form):
    """The form of one step."""

    def __init__(self, step: Step, answers: Answers, data: Mapping[str, Any] | None = None) -> None:
        """Build the form of ``step``, prefilled with ``answers``."""
        super().__init__(data)
        self.step, self.answers = step, answers
        self.build()

    def build(self) -> None:
        """Add the fields. Subclasses override this method."""

    def texts(self) -> dict[str, str]:
        """Return a dict that maps names of fields to the texts to save in the draft, without secrets.

        The form must be valid.
        """
        raise NotImplementedError

    def secrets(self) -> dict[str, Secret]:
        """Return a dict that maps keys of settings to the entered secrets. The form must be valid."""
        return {}

    def password(self) -> str:
        """Return the hash of the entered password, or an empty text if no password was entered."""
        return ""

    def is_stored(self, name: str) -> bool:
        """Return whether the field ``name`` is for a secret that is already stored.

        If a person leaves such a field blank, the stored secret is kept.
        """
        return False


class SettingsForm(StepForm):
    """The form of a step that asks for settings."""

    def build(self) -> None:
        """Add a field for every setting. If a secret is already stored, the field can stay blank."""
        for key in self.step.keys_in(self.answers.draft.mode):
            setting = get_schema()[key]
            field = setting.form_field()
            field.required = self._must_enter(key) if setting.is_secret else self._needs(field, key)
            field.initial = self.answers.initial(self.step, key)
            self.fields[key] = field

    def _needs(self, field: forms.Field, key: str) -> bool:
        return field.required or key in self.step.required

    def _must_enter(self, key: str) -> bool:
        return key in self.step.required and not self.answers.has_secret(key)

    def clean(self) -> dict[str, Any]:
        """Add an error for each value that the product refuses, and for values that do not fit together."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        for key, message in get_product().objections(self.step, cleaned, self.answers).items():
            self.add_error(key, message)
        self._check_rules(cleaned)
        return cleaned

    def _check_rules(self, cleaned: Mapping[str, Any]) -> None:
        """Add an error for each broken rule, unless the rule needs a setting that was not entered yet."""
        given = {key: value for key, value in cleaned.items() if value is not None}
        known = {*self.fields, *self.answers.draft.values()}
        for violation in get_schema().violations(self.answers.candidate(given)):
            mine = [key for key in violation.keys if key in self.fields]
            if mine and known.issuperset(violation.keys):
                self.add_error(mine[0], str(violation))

    def texts(self) -> dict[str, str]:
        """Return a dict that maps keys of settings to canonical texts, without secrets."""
        settings = get_schema().settings
        return {
            key: settings[key].serialise_optional(self.cleaned_data[key])
            for key in self.fields
            if not settings[key].is_secret
        }

    def secrets(self) -> dict[str, Secret]:
        """Return a dict that maps keys of settings to the entered secrets. Leave out blank fields."""
        return {key: value for key, value in self.cleaned_data.items() if isinstance(value, Secret)}

    def is_stored(self, name: str) -> bool:
        """Return whether the setting ``name`` is a secret that is already stored."""
        return get_schema()[name].is_secret and self.answers.has_secret(name)


class ModeForm(SettingsForm):
    """The form that asks for the mode."""

    def build(self) -> None:
        """Add the mode's field, with only the modes that can be set up."""
        super().build()
        field = cast("forms.ChoiceField", self.fields[get_product().mode_key])
        field.choices = [(mode, mode) for mode in get_product().modes]


class AccountForm(StepForm):
    """The form of the administrator's account. The method ``password`` returns only a hash."""

    email = EmailField(label="E-mail address", help_text="You will sign in with this address.")
    name = forms.CharField(label="Name", max_length=MAX_NAME, required=False, strip=True)
    password1 = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="Password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def build(self) -> None:
        """Prefill address and name. If a password was entered before, the password fields are optional."""
        saved = self.answers.draft.account
        for name in ("email", "name"):
            self.fields[name].initial = saved.get(name, self.answers.suggested.get(name, ""))
        self.fields["email"].widget.attrs["autocomplete"] = "username"
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["password1"].help_text = password_validators_help_text_html()
        for name in ("password1", "password2"):
            self.fields[name].required = not self.answers.draft.password

    def clean(self) -> dict[str, Any]:
        """Check that both passwords are the same and that Django's validators accept them."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, second = cleaned.get("password1", ""), cleaned.get("password2", "")
        if first != second and "password2" not in self.errors:
            self.add_error("password2", "expected the same password as above")
        elif first:
            self._validate(first, cleaned)
        return cleaned

    def _validate(self, password: str, cleaned: Mapping[str, Any]) -> None:
        account = get_product().account(cleaned.get("email", ""), cleaned.get("name", ""))
        try:
            validate_password(password, account)
        except ValidationError as error:
            self.add_error("password1", error)

    def texts(self) -> dict[str, str]:
        """Return the e-mail address and the name of the new account, to save in the draft."""
        return {"email": self.cleaned_data["email"], "name": self.cleaned_data["name"]}

    def password(self) -> str:
        """Return the hash of the entered password, or an empty text if no password was entered."""
        entered = self.cleaned_data["password1"]
        return make_password(entered) if entered else ""

    def is_stored(self, name: str) -> bool:
        """Return whether ``name`` is the first password field and the draft already has a password."""
        return name == "password1" and bool(self.answers.draft.password)


def form_of(step: Step, answers: Answers, data: Mapping[str, Any] | None = None) -> StepForm:
    """Return the form of a step. If ``data`` is given, bind the form to this data."""
    return (step.form_class or SettingsForm)(step, answers, data)
