"""The list of verbs. To add a verb, write a module with its class and add one line here."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple, cast

from config_app.cli.verb import Verb


class VerbEntry(NamedTuple):
    """An entry in the list of verbs: the name, help text, module and class of a verb."""

    name: str
    help: str
    module: str
    class_name: str

    @property
    def sentence(self) -> str:
        """Return the help text as a sentence, for the first line of the verb's own help."""
        return f"{self.help[:1].upper()}{self.help[1:]}."

    def load(self) -> Verb:
        """Import the verb's module and return the verb."""
        # A command imports only the module of its own verb. This keeps commands quick.
        return cast("Verb", getattr(import_module(f"config_app.cli.verbs.{self.module}"), self.class_name)())


VERBS = (
    VerbEntry("show", "print the current settings and the problems", "show", "Show"),
    VerbEntry("get", "print one value", "get", "Get"),
    VerbEntry("set", "change settings; each call makes one revision", "set_and_unset", "Set"),
    VerbEntry("unset", "return settings to their defaults", "set_and_unset", "Unset"),
    VerbEntry("reset", "clear every secret", "reset", "Reset"),
    VerbEntry("history", "list revisions: who changed what, when and why", "history", "History"),
    VerbEntry("rollback", "return all settings to their values at a revision", "rollback", "Rollback"),
    VerbEntry("export", "write the settings to a file, for another install", "transfer.export", "Export"),
    VerbEntry("import", "give settings the values that they have in an export", "transfer.import_", "Import"),
    VerbEntry(
        "keys", "list, add, remove and retire the ways to unlock the secrets", "keys.ways_to_unlock", "Keys"
    ),
    VerbEntry(
        "recovery-code",
        "make a new recovery code; the earlier code stops working",
        "keys.recovery_code",
        "RecoveryCode",
    ),
    VerbEntry("rotate-key", "encrypt every secret again under a new key", "keys.rotate_key", "RotateKey"),
    VerbEntry("prune", "remove rows that belong to no setting, and old history", "prune", "Prune"),
    VerbEntry("confirm", "keep a revision that would otherwise revert", "confirm", "Confirm"),
    VerbEntry("watch", "print each new revision when it is committed", "watch", "Watch"),
    VerbEntry("validate", "check every stored value", "validate", "Validate"),
    VerbEntry("doctor", "check the install and say how to fix what is wrong", "doctor", "Doctor"),
    VerbEntry("why", "explain why a setting has its value", "why", "Why"),
    VerbEntry("docs", "print or write the reference of all settings", "docs", "Docs"),
)
