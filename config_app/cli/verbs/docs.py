"""``config docs``: print the reference of all settings, or write it to files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb
from config_app.errors import ConfigError
from config_app.presentation import reference

FILES: dict[str, Callable[[], str]] = {
    "docs/settings.md": reference.markdown,
    ".env.example": reference.env_example,
}


class Docs(Verb):
    """Prints the reference of all settings, or writes the reference to files. The verb needs no database."""

    needs_install = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the format and ``--write``."""
        formats = ("markdown", "env", "jsonschema")
        text = "the format to print (default: markdown)"
        parser.add_argument("--format", choices=formats, default="markdown", dest="form", help=text)
        text = f"write {' and '.join(FILES)} in the project's folder"
        parser.add_argument("--write", action="store_true", help=text)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print the reference, or write its files and print their paths."""
        if options.write:
            for name, generate in FILES.items():
                terminal.line(_write(_folder() / name, generate()))
        elif options.form == "jsonschema":
            terminal.json(reference.json_schema())
        else:
            generate = reference.markdown if options.form == "markdown" else reference.env_example
            terminal.raw(generate().rstrip("\n"))


def _folder() -> Path:
    """Return ``BASE_DIR`` of the Django settings. If ``BASE_DIR`` is missing, return the current folder."""
    return Path(getattr(settings, "BASE_DIR", None) or Path.cwd())


def _write(path: Path, content: str) -> str:
    """If the file does not have this ``content`` yet, write the file. Return a line that says what was done.

    Raise ``ConfigError`` if the file cannot be written.
    """
    try:
        if path.exists() and path.read_text(encoding="utf-8") == content:
            return f"{path} is up to date"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    return f"{path} written"
