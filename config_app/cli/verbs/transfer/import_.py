"""``config import``: give settings the values that they have in an export."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from config_app.cli.outcome import commit, show_plan
from config_app.cli.terminal import Terminal
from config_app.cli.verb import (
    Verb,
    WrongCall,
    add_base_option,
    add_confirm_option,
    add_wait_option,
    add_writing_options,
)
from config_app.cli.verbs.set_and_unset import showing_what_changed
from config_app.cli.verbs.transfer.passphrases import add_passphrase_option, read_passphrase
from config_app.cli.verbs.transfer.selections import add_selection_options, read_selection
from config_app.errors import ConfigError
from config_app.transfer import passphrase as encryption
from config_app.transfer.document import LARGEST, MAX_BYTES, Document, UnreadableExport, read_document
from config_app.transfer.importing import plan_import

STANDARD_INPUT = "-"


class Import(Verb):
    """Gives settings the values that they have in an export, in one revision."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file, ``--merge``, ``--replace`` and the other options of the verb."""
        parser.add_argument("file", metavar="FILE", help="the export; - means standard input")
        how = parser.add_mutually_exclusive_group()
        text = "do not change the settings that are not in the file (this is the default)"
        how.add_argument("--merge", action="store_false", dest="replace", default=False, help=text)
        text = "reset every setting that is not in the file to its default"
        how.add_argument("--replace", action="store_true", default=False, help=text)
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
        add_passphrase_option(parser)
        add_selection_options(parser)
        add_base_option(parser)
        add_wait_option(parser)
        add_confirm_option(parser)
        add_writing_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Show the planned changes, ask for confirmation, and apply the changes."""
        if options.as_json and not (options.yes or options.dry_run):
            raise WrongCall("with --json, the command cannot ask for confirmation; add --yes")
        if options.file == options.passphrase_file == STANDARD_INPUT:
            raise WrongCall("the file and the passphrase cannot both come from standard input")
        document = read_export(options)
        selection = read_selection(options, others=document.settings)
        with showing_what_changed(terminal):
            found = plan_import(
                document,
                selection,
                replace=options.replace,
                base_revision=options.if_revision,
                from_shell=True,
            )
            for note in found.notes:
                terminal.note(note)
            if found.plan.differences and not (options.yes or options.dry_run):
                show_plan(found.plan, terminal)
                terminal.confirm("Import these changes?")
            commit(found.plan, options, terminal, reason=_reason(options.file))


def read_export(options: Namespace) -> Document:
    """Return the document from the file that ``options`` names. Decrypt the document if necessary.

    Raise ``ConfigError`` if the file cannot be read or decrypted.
    """
    text = _read(options.file)
    if not encryption.is_encrypted(text):
        return read_document(text)
    return read_document(encryption.decrypt(text, read_passphrase(options)), has_secrets=True)


def _read(name: str) -> str:
    try:
        content = _content(name)
        if len(content) > MAX_BYTES:
            raise UnreadableExport(f"it is larger than {LARGEST}")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}", fix="check the path") from None
    except ValueError:  # the name contains a NUL byte, or the content is not UTF-8
        raise UnreadableExport("it is not UTF-8 text") from None


def _content(name: str) -> bytes:
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _reason(name: str) -> str:
    return "import" if name == STANDARD_INPUT else f"import of {Path(name).name}"
