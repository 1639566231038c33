"""The form fields for settings. Each field validates, parses, serialises and displays one kind of value."""

from __future__ import annotations

from config_app.fields.base import SettingField
from config_app.fields.credentials import (
    FernetKeyField,
    SecretField,
    WebhookSecretField,
)
from config_app.fields.emails import EmailField, EmailListField, canonical_email
from config_app.fields.hosts import CidrListField, HostField, HostListField
from config_app.fields.lists import ListField
from config_app.fields.origins import HttpsOriginField, OriginField, OriginListField, UrlField
from config_app.fields.scalars import (
    BooleanField,
    ChoiceField,
    IntegerRangeField,
    PortField,
    Switch,
    TextField,
)

__all__ = [
    "BooleanField",
    "ChoiceField",
    "CidrListField",
    "EmailField",
    "EmailListField",
    "FernetKeyField",
    "HostField",
    "HostListField",
    "HttpsOriginField",
    "IntegerRangeField",
    "ListField",
    "OriginField",
    "OriginListField",
    "PortField",
    "SecretField",
    "SettingField",
    "Switch",
    "TextField",
    "UrlField",
    "WebhookSecretField",
    "canonical_email",
]
