"""What the shop's owner can change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from config_app import fields
from config_app.declare import Section, setting
from config_app.keyring import MachineUnlocker
from config_app.project import Project
from config_app.schema import Schema
from config_app.secret import Secret

SHOP = Section(key="shop", title="Shop")


@dataclass(frozen=True, kw_only=True)
class ShopConfig:
    """The settings of the shop."""

    page_size: int = setting(
        20, section=SHOP, label="Page size", field=fields.IntegerRangeField(1, 200), help="Goods on a page."
    )
    is_open: bool = setting(
        True, section=SHOP, label="Open", field=fields.BooleanField(), help="Whether people can buy."
    )
    greeting: str = setting(
        "Welcome",
        section=SHOP,
        label="Greeting",
        field=fields.TextField(required=False, empty_value=""),
        help="On the first page.",
    )
    hosts: tuple[str, ...] = setting(
        (), section=SHOP, label="Hosts", field=fields.HostListField(), help="Where goods are stored."
    )
    token: Secret | None = setting(
        None, section=SHOP, label="Token", field=fields.SecretField(), help="From the bank."
    )


class ShopProject(Project):
    """The shop."""

    schema = Schema(ShopConfig)

    def unlockers(self):
        """Return the key file of this machine."""
        yield MachineUnlocker(Path(__file__).resolve().parent.parent / "config.key")
