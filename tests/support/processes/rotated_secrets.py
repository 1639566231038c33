"""Fill the history with secrets, use the hub while its data key is rotated, and check every secret."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

KEY = "workos_api_key"
START = "sk_test_"


def fill(count: int) -> None:
    """Add changes of one secret to the history, and set the secret."""
    from config_app import store
    from config_app.api import plan
    from config_app.encryption import install_keyring
    from config_app.models import Change, Revision

    plan({KEY: f"{START}first"}).apply()
    with store.writing():
        revision, keyring = Revision.objects.latest("number"), install_keyring.newest_keyring()
        before = Change.objects.filter(key=KEY).latest("pk").new_value
        for start in range(0, count, 5000):
            changes = []
            for number in range(start, min(start + 5000, count)):
                after = keyring.encrypt(KEY, f"{START}{number}")
                changes.append(
                    Change(revision=revision, key=KEY, old_value=before, new_value=after, is_secret=True)
                )
                before = after
            Change.objects.bulk_create(changes, batch_size=500)
        from config_app.models import SystemConfig

        SystemConfig.objects.filter(pk=KEY).update(config_value=before)
    plan({KEY: f"{START}last"}).apply()


def use(until: str) -> None:
    """Read the secret and set new ones until the file exists; print how often, and what went wrong."""
    from config_app.api import get_config, plan
    from config_app.errors import DatabaseUnavailable
    from config_app.live import runtime

    rounds, wrong = 0, []
    while not Path(until).exists():
        rounds += 1
        snapshot = runtime.reload()
        wrong += [str(problem) for problem in snapshot.problems]
        secret = get_config().workos_api_key
        if secret is None or not secret.reveal().startswith(START):
            wrong.append("the secret is not readable")
        if rounds % 5 == 0:
            try:
                plan({KEY: f"{START}round{rounds}"}).apply()
            except DatabaseUnavailable as error:  # the other process writes at the same time
                if "lock" not in str(error) and "another transaction" not in str(error):
                    wrong.append(str(error))
    say([rounds, wrong[:5]])


def check() -> None:
    """Print how many secrets the history has, how many are not readable, and the newest secret's state."""
    from config_app.encryption.stored_secrets import decrypted
    from config_app.errors import DecryptionFailed
    from config_app.live.snapshot import read_snapshot
    from config_app.models import Change
    from config_app.project import get_schema

    setting, total, unreadable = get_schema()[KEY], 0, 0
    for texts in Change.objects.filter(key=KEY).values_list("old_value", "new_value").iterator():
        for text in filter(None, texts):
            total += 1
            try:
                unreadable += not decrypted(setting, text).startswith(START)
            except DecryptionFailed:
                unreadable += 1
    say([total, unreadable, [str(problem) for problem in read_snapshot().problems]])


def rotate() -> None:
    """Rotate the data key; print the peak memory before and after, in MiB."""
    from config_app.encryption import rotation

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rotation.rotate()
    say([before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024])


def say(found: object) -> None:
    print(json.dumps(found), flush=True)  # noqa: T201 - read by the test


def main() -> None:
    """Do what the first argument says."""
    import django

    django.setup()
    from config_app.store.process import process

    process.is_short_command = sys.argv[1] != "use"
    action = {"fill": lambda: fill(int(sys.argv[2])), "use": lambda: use(sys.argv[2])}
    {**action, "check": check, "rotate": rotate}[sys.argv[1]]()


if __name__ == "__main__":
    main()
