"""``config export``: write the settings as JSON, for another install or as a backup."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, WrongCall
from config_app.cli.verbs.transfer.passphrases import add_passphrase_option, read_passphrase
from config_app.cli.verbs.transfer.selections import add_selection_options, read_selection
from config_app.encryption import private_files
from config_app.errors import ConfigError
from config_app.transfer import passphrase as encryption
from config_app.transfer.document import Document
from config_app.transfer.exporting import export

STANDARD_OUTPUT = "-"


class Export(Verb):
    """Writes the current settings to a new file, or to standard output."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file, and the options for secrets, overwriting, passphrase and selected settings."""
        text = "the new file; without a file, or with -, the export goes to standard output"
        parser.add_argument("file", nargs="?", default=STANDARD_OUTPUT, metavar="FILE", help=text)
        text = "export the secrets too, and encrypt the whole file with a passphrase"
        parser.add_argument("--secrets", action="store_true", help=text)
        parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
        add_passphrase_option(parser)
        add_selection_options(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Export the settings, and print a warning for each setting whose stored value is not valid."""
        if options.passphrase_file and not options.secrets:
            raise WrongCall("--passphrase-file is only for an export with secrets; add --secrets")
        path = None if options.file == STANDARD_OUTPUT else Path(options.file)
        if path is not None and path.exists() and not options.overwrite:
            raise ConfigError(f"{path} exists already", fix="choose another name, or add --overwrite")
        exported = export(read_selection(options), with_secrets=options.secrets)
        document = exported.document
        text = document.as_text()
        if options.secrets:
            passphrase = read_passphrase(options, is_new=True)
            text = encryption.encrypt(text, passphrase)
        for note in exported.notes:
            terminal.warn(note)
        if path is None:
            terminal.raw(text.removesuffix("\n"))
        else:
            _write(path, text, overwrite=options.overwrite)
            terminal.line(_summary(document, path))


def _write(path: Path, text: str, *, overwrite: bool) -> None:
    """Write ``text`` to a file that only the owner can read.

    Raise ``ConfigError`` if the file cannot be written, or if the file exists and ``overwrite`` is false.
    """
    try:
        if overwrite:
            private_files.replace(path, text.encode())
        elif not private_files.publish_once(path, text.encode()):
            raise ConfigError(f"{path} exists already", fix="choose another name, or add --overwrite")
    except OSError as error:
        fix = "check the free space and the permissions of the folder"
        raise ConfigError(f"{path} cannot be written: {error.strerror}", fix=fix) from None


def _summary(document: Document, path: Path) -> str:
    count = len(document.settings)
    what = "1 setting" if count == 1 else f"{count} settings"
    secrets = "with secrets, encrypted" if document.has_secrets else "without secrets"
    return f"exported {what} of revision {document.revision} to {path}, {secrets}"
