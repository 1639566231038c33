"""The ways to unlock in a project without the hub: recovery code, unlock, rotation (K4, K9, K11)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.foreign_project import CONFIGURATION, ForeignProject

READ = "from config_app.api import get_config\ntoken = get_config().token\nprint(token and token.reveal())"
SHARED = """
    def unlockers(self):
        yield SharedUnlocker(Secret("a key that several machines share"))
        yield MachineUnlocker"""


@pytest.fixture
def project(tmp_path: Path) -> ForeignProject:
    """Give a project with a secret, whose key file is beside its code."""
    project = ForeignProject(tmp_path / "shop")
    project.migrate()
    project.write("token", "from-the-bank")
    done(project, "set", "token", "--file", "token")
    return project


def done(project: ForeignProject, *arguments: str) -> str:
    found = project.manage("config", *arguments)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_a_recovery_code_unlocks_a_copy_without_the_key_file(project: ForeignProject) -> None:
    done(project, "recovery-code", "--file", "code")
    (project.folder / "config.key").unlink()
    assert project.says(READ) == "None"
    found = project.manage("unlock", "--code-file", "code")
    assert "can read the secrets from now on" in found.stdout, found.stderr
    assert project.says(READ) == "from-the-bank"


def test_a_shared_key_gets_a_slot_with_the_next_secret(project: ForeignProject) -> None:
    shared = CONFIGURATION.replace("import MachineUnlocker", "import MachineUnlocker, SharedUnlocker")
    shared = shared.replace("\n    def unlockers(self):\n        yield MachineUnlocker", SHARED)
    project.write("shop/configuration.py", shared)
    project.write("token", "from-another-bank")
    done(project, "set", "token", "--file", "token")
    (project.folder / "config.key").unlink()
    assert project.says(READ) == "from-another-bank"


def test_the_doctor_recommends_a_recovery_code_and_the_key_can_be_rotated(project: ForeignProject) -> None:
    assert "no recovery code" in project.manage("config", "doctor", "--json").stdout
    done(project, "recovery-code", "--file", "code")
    assert "no recovery code" not in project.manage("config", "doctor", "--json").stdout
    assert "under the new data key" in done(project, "rotate-key", "--yes")
    assert project.says(READ) == "from-the-bank"
    assert "machine" in done(project, "keys")


def test_if_no_key_is_left_the_secrets_are_dropped_and_the_rest_stays(project: ForeignProject) -> None:
    done(project, "set", "page_size", "30")
    (project.folder / "config.key").unlink()
    found = project.manage("config", "keys", "abandon", "--yes")
    assert "dropped token" in found.stderr
    assert project.says("from config_app.api import get_config\nprint(get_config().page_size)") == "30"
    done(project, "set", "token", "--file", "token")
    assert project.says(READ) == "from-the-bank"
