"""``config validate``: check every stored value."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_json_option
from config_app.errors import ConfigError
from config_app.live.snapshot import read_snapshot


class Validate(Verb):
    """Checks the stored values, secrets and rules. Also reports values that an import refused."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--json``."""
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print each problem. Raise ``ConfigError`` if there is at least one problem."""
        snapshot = read_snapshot()
        problems = snapshot.problems
        if options.as_json:
            found = [problem.as_json() for problem in problems]
            terminal.json({"valid": not problems, "revision": snapshot.revision, "problems": found})
        else:
            for problem in problems:
                terminal.line(f"{problem.severity}: {problem}")
        if problems:
            count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
            fix = "the output says how to fix each problem"
            raise ConfigError(f"{count} in the stored configuration", fix=fix)
        if not options.as_json:
            terminal.line(f"every stored value is valid at revision {snapshot.revision}")
