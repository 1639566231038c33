"""A running hub has everything in memory, so it goes on when its code is replaced by another version."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from hub.database import migration
from tests.hub.test_seed_walkthrough import STEPS, fill
from tests.support.processes.hub_process import OWNER, PASSWORD, ROOT, HubProcess
from tests.support.processes.served_hub import post, visitor, wait_for_workers

PARTS = ("hub", "config_app", "setup_wizard", "templates", "static", "manage.py")
EDITOR = "/admin/config_app/systemconfig/"
PAGES = (
    "/",
    "/admin/",
    EDITOR,
    "/admin/config_app/revision/",
    "/admin/hub/user/",
    "/auth/password",
    "/auth/proof",
    "/auth/workos",
    "/welcome/",
    "/api/config",
    "/health/ready",
    "/nowhere",
)


class Installed(HubProcess):
    """A hub that runs a copy of the code, which a test can remove."""

    code: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a management command."""
        return [sys.executable, str(self.code / "manage.py"), *arguments]

    def remove_code(self) -> None:
        """Remove all code and templates, so that nothing can be loaded any more."""
        for part in PARTS:
            if part not in {"static", "manage.py"}:
                shutil.rmtree(self.code / part)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """Return a hub that was never started, with its own copy of the code."""
    hub = Installed(tmp_path / "hub")
    hub.is_forked = False  # a fork would have the modules in memory already
    hub.code = tmp_path / "code"
    hub.code.mkdir()
    for part in PARTS:
        source, target = ROOT / part, hub.code / part
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return hub


def test_a_hub_without_its_code_serves_every_page_from_the_claim_on(installed: Installed) -> None:
    with installed as hub:
        hub.serve(workers=2)
        wait_for_workers(hub, 2)
        hub.remove_code()
        with visitor(hub) as client:
            fill(client, "/setup/", token=(hub.data_dir / "setup-token").read_text().strip())
            for name, fields in STEPS.items():
                port = {"port": str(hub.port)} if name == "network" else {}
                fill(client, f"/setup/{name}/", **fields, **port)
            fill(client, "/setup/review/")
            found = {path: client.get(path).status_code for path in PAGES}
            assert found.pop("/nowhere") == 404
            assert all(status < 400 for status in found.values()), hub.log.read_text()
            assert post(client, "/auth/logout", "/").status_code in {200, 302}
            assert post(client, "/auth/login", username=OWNER, password="wrong").status_code == 200
            assert post(client, "/auth/login", username=OWNER, password=PASSWORD).status_code == 302
        assert "Error" not in hub.log.read_text()


@pytest.mark.django_db
def test_a_newer_version_on_the_disk_does_not_hide_that_its_migrations_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migration._code, "migrations", None)
    migration.remember_code()
    monkeypatch.setattr(migration, "find_spec", lambda _name: object())  # the newer code has every migration
    monkeypatch.setattr(
        migration, "_executor", lambda: pytest.fail("the disk has another version's migrations")
    )
    applied = migration.applied_migrations()
    assert migration.unknown_migrations(applied | {("hub", "0999_later")}) == ["hub.0999_later"]
    assert not migration.pending()
