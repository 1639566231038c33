"""A project can say how its commands are run; messages then contain these commands."""

from __future__ import annotations

from pathlib import Path

from tests.support.foreign_project import CONFIGURATION, ForeignProject

PREFIX = """
    def command_prefix(self):
        return "env SHOP_HOME=/srv/shop /srv/shop/manage.py"
"""


def test_without_a_prefix_messages_contain_short_commands(tmp_path: Path) -> None:
    refused = ForeignProject(tmp_path / "project").manage("config", "get", "page_size")
    assert "run manage.py migrate to bring the tables up to date" in refused.stderr


def test_a_prefix_of_the_project_completes_the_commands(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", configuration=CONFIGURATION + PREFIX)
    refused = project.manage("config", "get", "page_size")
    assert "run env SHOP_HOME=/srv/shop /srv/shop/manage.py migrate to bring" in refused.stderr


def test_an_error_about_the_project_itself_can_be_shown(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", settings="del CONFIG_APP")
    said = project.says("""
        from config_app.errors import ConfigError
        print(ConfigError("no", fix="run manage.py check"))
        """)
    assert said == "no; run manage.py check"
