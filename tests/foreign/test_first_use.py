"""The engine works in a project that does not contain the hub."""

from __future__ import annotations

from tests.support.foreign_project import ForeignProject


def test_a_change_is_read_back(project: ForeignProject) -> None:
    assert (
        project.says("""
        from config_app.api import get_config, plan
        plan({"page_size": "50"}).apply(reason="slow pages")
        print(get_config().page_size, get_config().greeting)
        """)
        == "50 Welcome"
    )


def test_a_secret_is_read_back_by_another_process(project: ForeignProject) -> None:
    project.says('from config_app.api import plan; plan({"token": "of the bank"}).apply()')
    assert (
        project.says("from config_app.api import get_config; print(get_config().token.reveal())")
        == "of the bank"
    )


def test_the_command_line_works(project: ForeignProject) -> None:
    assert project.manage("config", "set", "page_size", "30").returncode == 0
    assert project.manage("config", "get", "page_size").stdout == "30\n"
