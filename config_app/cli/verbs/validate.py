"""``config validate``: is everything that is stored in order?"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from config_app.cli.terminal import Terminal
from config_app.cli.verb import Verb, add_json_option
from config_app.errors import ConfigError
from config_app.live.runtime import read_snapshot


class Validate(Verb):
    """Check fields, rules, whether every secret decrypts, and what an import refused."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take nothing but how to print."""
        add_json_option(parser)

    def run(self, options: Namespace, terminal: Terminal) -> None:
        """Print each problem; raise ``ConfigError`` where there is one."""
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
            raise ConfigError(f"{count} in the stored configuration", fix="each is listed with its cure")
        if not options.as_json:
            terminal.line(f"everything stored is valid at revision {snapshot.revision}")
