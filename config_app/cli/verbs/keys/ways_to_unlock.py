"""``config keys``: list, add, remove and retire the ways to unlock the secrets."""

from __future__ import annotations

import dataclasses
from argparse import SUPPRESS, ArgumentParser, Namespace

from config_app.change.abandonment import abandon, abandoned_keys
from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, WrongCall, add_json_option, number
from config_app.cli.verbs.keys.codes import add_code_option, read_code_file
from config_app.encryption import enrolment, install_keyring, slot_management
from config_app.encryption.slot_management import LIST, ROTATE, SlotFacts
from config_app.encryption.unlockers import MACHINE, MIN_SHARED_KEY, SHARED, SharedUnlocker, Unlocker
from config_app.errors import ConfigError

KINDS = (MACHINE, SHARED)
ABANDON = "abandon"
"""The word that a person types to confirm that the secrets are lost."""


class Keys(Verb):
    """Lists and changes the ways to unlock the secrets."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add a subcommand for each action, such as ``add`` and ``remove``."""
        add_json_option(parser)
        parser.set_defaults(action="list")
        actions = parser.add_subparsers(
            metavar="ACTION", parser_class=ArgumentParser, help="what to do (default: list)"
        )
        listing = actions.add_parser("list", help="list the ways to unlock")
        listing.set_defaults(action="list")
        add = actions.add_parser("add", help="let another key unlock the secrets, without a restart")
        add.add_argument("kind", choices=KINDS, help="the key of this machine, or a shared key")
        text = "a file with the shared key (default: the shared key that is configured here)"
        add.add_argument("--key-file", metavar="F", help=text)
        add.set_defaults(action="add")
        text = "remove a way to unlock; if a process starts with the same key, the way is added again"
        remove = actions.add_parser("remove", help=text)
        remove.add_argument("id", type=number, metavar="ID", help="the id that the list shows")
        remove.set_defaults(action="remove")
        retire = actions.add_parser("retire", help="never let a certain key unlock the secrets again")
        text = "an id that the list shows, or a kind to retire all its keys that are not configured here"
        retire.add_argument("which", metavar="ID|KIND", help=text)
        retire.set_defaults(action="retire")
        for action in (remove, retire):
            add_code_option(action)
        text = "if no key unlocks the secrets any more: drop every secret, keep all other settings"
        giving_up = actions.add_parser(ABANDON, help=text)
        giving_up.add_argument("--yes", action="store_true", help="do not ask for confirmation")
        giving_up.add_argument("--reason", default="", help="the reason, which the history shows")
        giving_up.set_defaults(action=ABANDON)
        # A default would undo a --json that stands before the action.
        for action in (listing, add, remove, retire, giving_up):
            action.add_argument(
                "--json", action="store_true", dest="as_json", default=SUPPRESS, help="print JSON"
            )

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Run the chosen action, then list the current ways to unlock the secrets."""
        if options.action == "add":
            _add(options, terminal)
        elif options.action == "remove":
            slot = slot_management.remove(options.id, _proofs(options))
            terminal.note(f"removed {slot.kind} {options.id}; {ROTATE}")
        elif options.action == "retire":
            found = slot_management.retire(_chosen(options.which), _proofs(options))
            terminal.note(f"retired {', '.join(f'{slot.kind} {slot.pk}' for slot in found)}; {ROTATE}")
        elif options.action == ABANDON:
            _abandon(options, terminal)
        _list(options, terminal)


def _abandon(options: Namespace, terminal: Terminal) -> None:
    """Ask the person to type a word, then drop the secrets that no key can unlock."""
    names = ", ".join(abandoned_keys()) or "the secrets in the history"
    if not options.yes:
        terminal.note(f"You will lose for ever: {names}. Everything else stays.")
        terminal.demand_word(ABANDON)
    done = abandon(channel="cli", reason=options.reason)
    terminal.note(
        f"revision {done.revision.number}: dropped {names}; secrets dropped from the history: {done.archived}"
    )
    terminal.note("enter the secrets again; for a new recovery code, run manage.py config recovery-code")


def _proofs(options: Namespace) -> list[Unlocker]:
    return [] if options.code_file is None else [read_code_file(options.code_file)]


def _add(options: Namespace, terminal: Terminal) -> None:
    if options.key_file is not None and options.kind != SHARED:
        raise WrongCall("--key-file: expected the kind shared, as in keys add shared --key-file F")
    if options.key_file is None:
        found = [unlocker for unlocker in install_keyring.unlockers() if unlocker.kind == options.kind]
        if not found:
            raise ConfigError(f"no {options.kind} key is configured here", fix="configure the key first")
    else:
        unlocker = read_code_file(options.key_file, "--key-file")
        if not isinstance(unlocker, SharedUnlocker):
            raise ConfigError("--key-file: expected a shared key, but this is a recovery code")
        if len(unlocker.shared_key.reveal()) < MIN_SHARED_KEY:
            raise ConfigError(f"--key-file: expected a shared key of at least {MIN_SHARED_KEY} characters")
        found = [unlocker]
    for unlocker in found:
        terminal.note(f"added {options.kind} {slot_management.add(unlocker)}")


def _chosen(which: str) -> list[int]:
    """Return the ids of the slots to retire. ``which`` is an id or a kind.

    If ``which`` is a kind, return the id of each slot of this kind that no configured key opens. Raise
    ``ConfigError`` if there is no such slot, or if all slots of this kind would be retired. Raise
    ``WrongCall`` if ``which`` is neither an id nor a kind.
    """
    if which.isdecimal():
        return [int(which)]
    if which not in KINDS:
        raise WrongCall(f"retire: expected an id or a kind ({' or '.join(KINDS)})", fix=LIST)
    of_kind = [slot for slot in slot_management.list_slots() if slot.kind == which and not slot.is_retired]
    chosen = [slot.id for slot in of_kind if not slot.opens_here]
    if of_kind and len(chosen) == len(of_kind):  # the key that is in use is probably among them
        fix = f"configure the {which} key that must stay, or give the id of the key to retire; {LIST}"
        raise ConfigError(f"no {which} key that is configured here unlocks the secrets", fix=fix)
    if not chosen:
        fix = f"to retire the configured key, give its id; {LIST}"
        raise ConfigError(f"there is no {which} key besides the one that is configured here", fix=fix)
    return chosen


def _list(options: Namespace, terminal: Terminal) -> None:
    slots = slot_management.list_slots()
    if options.as_json:
        terminal.json({"keys": [dataclasses.asdict(slot) for slot in slots]})
        return
    headers = ("ID", "Kind", "Name", "Unlocks here", "State")
    rows = ((str(s.id), s.kind, s.label, "yes" if s.opens_here else "no", _state(s)) for s in slots)
    terminal.table(headers, rows)
    if not any(slot.opens_here for slot in slots) and enrolment.slot_kinds():
        terminal.warn("no key that is configured here unlocks the secrets; run manage.py unlock")


def _state(slot: SlotFacts) -> str:
    if slot.is_retired:
        return "retired"
    if slot.is_genuine is False:
        return "not made by this install; remove it"
    return "made by an earlier version" if slot.is_of_an_earlier_version else "ready"
