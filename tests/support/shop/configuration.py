"""The shop's configuration: payment and a secret."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from django.http import HttpRequest

from config_app import fields
from config_app.declaration.schema import Schema
from config_app.declaration.secret import Secret
from config_app.declaration.setting import Section, setting
from config_app.encryption.unlockers import MachineUnlocker, Unlocker
from config_app.project import Project
from tests.support.shop.settings import FOLDER

PAYMENT = Section(key="payment", title="Payment", description="How people pay.")
CLOSED, CARD, CASH = "closed", "card", "cash"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShopConfig:
    """The settings of the shop."""

    means: str = setting(
        CLOSED,
        section=PAYMENT,
        label="Means",
        field=fields.ChoiceField([CLOSED, CARD, CASH]),
        help="What the till takes.",
    )
    counter: int = setting(1, section=PAYMENT, label="Counter", field=fields.PortField(), help="Its number.")
    bell: bool = setting(
        True,
        section=PAYMENT,
        label="Bell",
        field=fields.BooleanField(),
        can_lock_out=True,
        help="Ring when the door opens.",
    )
    terminal_key: Secret | None = setting(
        None,
        section=PAYMENT,
        label="Terminal key",
        field=fields.SecretField(required=False),
        help="From the bank.",
    )


class ShopProject(Project):
    """The shop, as ``config_app`` sees it."""

    schema = Schema(ShopConfig)

    def unlockers(self) -> Iterable[Unlocker]:
        """Return the key file of this machine."""
        yield MachineUnlocker(FOLDER / "key")

    def arrived_under(self, request: HttpRequest, config: ShopConfig, keys: Collection[str]) -> bool:
        """Return whether a change arrived: a change of the bell arrives only if the bell is on."""
        return config.bell or "bell" not in keys
