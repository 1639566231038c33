"""``python -m bench.inside NAME``: for each line of input, measure a round and print the values as JSON."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

import django
from django.core.management import call_command


def main(name: str) -> None:
    """Prepare the project, then measure a round for each line of input until the input ends."""
    is_ours = "DJANGO_SETTINGS_MODULE" not in os.environ
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.project.settings")
    django.setup()
    if is_ours:
        call_command("migrate", interactive=False, verbosity=0)
    measure = import_module(f"bench.inside.{name}").prepare()
    for _line in sys.stdin:
        print(json.dumps(measure()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
