"""The actions that tests kill at every point, each with an action that prepares it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.http import HttpRequest

from config_app.change import confirmation
from config_app.change.abandonment import abandon
from config_app.change.plan import plan
from config_app.declaration.secret import Secret
from config_app.encryption import rotation
from config_app.encryption.slot_management import new_recovery_code
from config_app.encryption.unlockers import RecoveryUnlocker
from config_app.testing import reset_process
from config_app.transfer.document import Document, read_document
from hub.backup import dump
from hub.bootstrap import bootstrap_application
from hub.database import file
from hub.environment.instance import ensure_data_dir
from hub.models import User
from setup_wizard.claiming import draft, imported, restoration, tokens
from setup_wizard.claiming.claim import application_of, claim
from setup_wizard.models import SetupToken
from setup_wizard.product import get_product

Action = Callable[[], None]

EMAIL = "ada@example.com"
PASSWORD_HASH = "md5$salt$0000"
STEPS = {
    "mode": {"app_mode": "local"},
    "account": {"email": EMAIL, "name": "Ada"},
    "network": {"bind_address": "127.0.0.1", "port": "9001"},
    "security": {"super_admin_emails": EMAIL},
}


def started() -> None:
    """Start a hub for the first time."""
    bootstrap_application()


def migrated() -> None:
    """Leave a first start that was killed before the import."""
    ensure_data_dir(settings.INSTANCE.data_dir)
    if settings.INSTANCE.database_path is not None:
        file.create(settings.INSTANCE.database_path)
    call_command("migrate", verbosity=0)
    Path(os.environ["HUB_ENV_FILE"]).write_text("HUB_PORT=9001\nWORKOS_API_KEY=sk_test_canary\n")


def import_again() -> None:
    """Import the environment a second time."""
    os.environ |= {"HUB_PORT": "9001", "HUB_LOG_LEVEL": "debug", "WORKOS_API_KEY": "sk_test_canary"}
    call_command("loadenv", "--again", "--yes", "--json")


def set_three() -> None:
    """Change three settings, one of them a secret, with ``config set``."""
    pairs = ("port=9001", "log_level=debug", "reload_webhook_secret=canary-canary-canary")
    call_command("config", "set", *pairs, "--reason", "moved", "--json")


def apply_plan() -> None:
    """Change two settings with ``plan().apply()``; the change must be confirmed."""
    plan({"port": 9002, "public_url": "https://hub.example.com"}).apply(confirm_within=600)


def unconfirmed() -> None:
    """Leave a change that waits to be confirmed."""
    started()
    plan({"port": 9001, "log_level": "debug"}).apply(confirm_within=3600)


def revert() -> None:
    """Revert the waiting change."""
    (waits,) = confirmation.waiting()
    confirmation.revert(waits.number, actor="owner@example.com")


def confirm() -> None:
    """Confirm the waiting change."""
    call_command("config", "confirm", "--json")


def unlocked() -> None:
    """Start a hub and enter its setup token in the wizard."""
    started()
    token = tokens.current()
    assert token is not None
    assert tokens.accept(token.reveal())


def bring_token() -> None:
    """Enter the setup token, which uses it up."""
    token = tokens.current()
    assert token is not None
    tokens.accept(token.reveal())


def save_step() -> None:
    """Save a step of the wizard that contains a secret."""
    step = next(step for step in get_product().steps if step.name == "credentials")
    secrets = {"workos_api_key": Secret("sk_test_canary")}
    draft.save(step, {"workos_client_id": "client_123"}, secrets, holder=None)


def filled() -> None:
    """Complete every step of the wizard."""
    unlocked()
    for step in draft.load().steps_in_order():
        password = PASSWORD_HASH if step.name == "account" else ""
        draft.save(step, STEPS[step.name], {}, password, holder=None)


def finish() -> None:
    """Claim the hub with the saved steps."""
    claim(application_of(draft.load()), holder=None)


def claimed() -> None:
    """Claim a hub, sign its owner in and change the settings that a reset clears."""
    filled()
    finish()
    request = HttpRequest()
    request.session = SessionStore()
    login(request, User.objects.get())
    request.session.save()
    plan({"workos_api_key": "sk_test_canary", "port": 9002}).apply()


def beside(name: str) -> Path:
    """Return the path of a file beside the instance directory, which no restart changes."""
    return Path(os.environ["HUB_DATA_DIR"]).with_name(name)


def exported() -> None:
    """Start a hub, and leave an export that has other settings."""
    started()
    settings = {"port": 9001, "log_level": "debug", "workos_api_key": "sk_test_canary"}
    beside("export").write_text(Document(settings=settings, has_secrets=True).as_text())


def import_file() -> None:
    """Import the export with ``config import``."""
    call_command("config", "import", str(beside("export")), "--include", "port", "--yes", "--json")


def exported_for_the_wizard() -> None:
    """Leave an export, and a hub whose setup token was entered in the wizard."""
    exported()
    bring_token()


def stage_import() -> None:
    """Put the settings of the export into the draft of the wizard."""
    document = read_document(beside("export").read_text())
    imported.stage(document, document.settings, holder=None)


def backed_up() -> None:
    """Leave the backup of a claimed hub with a lost key, and a hub whose setup token was entered."""
    claimed()
    new_recovery_code(lambda code: _write(beside("code"), code.reveal()))
    dump.back_up(beside("hub.backup"))
    settings.INSTANCE.key_file.unlink()
    reset_process()
    abandon()
    reset()
    bring_token()


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def restore_backup() -> None:
    """Restore the backup in the wizard, with the recovery code."""
    (holder,) = SetupToken.objects.exclude(used_at=None).values_list("digest", flat=True)
    restoration.restore(
        beside("hub.backup"),
        holder=holder,
        unlocker=RecoveryUnlocker(Secret(beside("code").read_text())),
        drops_secrets=False,
        address="",
        hand_over=lambda _code: None,
    )


def reset() -> None:
    """Reset the hub."""
    call_command("config", "reset", "--yes", "--json")


def with_secrets() -> None:
    """Leave a claimed hub with several secrets in its history and in the wizard's draft."""
    unlocked()
    save_step()
    for number in range(3):
        plan({"workos_api_key": f"sk_test_canary{number}"}).apply()


def rotate() -> None:
    """Rotate the data key, in many short transactions."""
    rotation.BATCH = 2
    call_command("config", "rotate-key", "--yes", "--json")


ROTATION, RESTORE = "rotate", "restore"
ON_A_RUNNING_HUB: dict[str, tuple[Action, Action]] = {
    "set": (started, set_three),
    "apply": (started, apply_plan),
    "confirm": (unconfirmed, confirm),
    "revert": (unconfirmed, revert),
    "reset": (claimed, reset),
    "import again": (started, import_again),
    "import file": (exported, import_file),
}
IN_THE_WIZARD: dict[str, tuple[Action, Action]] = {
    "token": (started, bring_token),
    "step": (unlocked, save_step),
    "claim": (filled, finish),
    "import": (exported_for_the_wizard, stage_import),
    RESTORE: (backed_up, restore_backup),
}
FIRST_START = "first import"
ACTIONS = {
    **ON_A_RUNNING_HUB,
    **IN_THE_WIZARD,
    FIRST_START: (migrated, started),
    ROTATION: (with_secrets, rotate),
}
"""By name: the action that prepares, and the action that is killed."""
