"""Which verbs there are. A new one is a module with a class, and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple, cast

from config_app.cli.verb import Verb


class VerbEntry(NamedTuple):
    """A verb as the help lists it, and the class to load once it is called."""

    name: str
    help: str
    module: str
    class_name: str

    @property
    def sentence(self) -> str:
        """Return the help as a verb's own help begins."""
        return f"{self.help[:1].upper()}{self.help[1:]}."

    def load(self) -> Verb:
        """Import the verb's module, which commands of other verbs never pay for."""
        return cast("Verb", getattr(import_module(f"config_app.cli.verbs.{self.module}"), self.class_name)())


VERBS = (
    VerbEntry("show", "print the settings in force", "show", "Show"),
    VerbEntry("get", "print one value", "get", "Get"),
    VerbEntry("set", "change settings, as one revision", "set_and_unset", "Set"),
    VerbEntry("unset", "return settings to their default", "set_and_unset", "Unset"),
    VerbEntry("reset", "clear every secret", "reset", "Reset"),
    VerbEntry("history", "list revisions: who changed what, when and why", "history", "History"),
    VerbEntry("rollback", "return to how the settings were after a revision", "rollback", "Rollback"),
    VerbEntry("confirm", "keep a revision that would revert by itself", "confirm", "Confirm"),
    VerbEntry("watch", "print revisions as they happen", "watch", "Watch"),
    VerbEntry("validate", "check everything that is stored", "validate", "Validate"),
    VerbEntry("doctor", "examine the install: facts, findings, cures", "doctor", "Doctor"),
    VerbEntry("why", "explain why a setting has its value", "why", "Why"),
    VerbEntry("docs", "print or write the reference of all settings", "docs", "Docs"),
)
