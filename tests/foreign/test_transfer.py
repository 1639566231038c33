"""An export moves the configuration to another install of a project, on either database."""

from __future__ import annotations

import json

from tests.support.foreign_project import CONFIGURATION, ForeignProject

CHANGES = (
    '{"page_size": 50, "is_open": False, "greeting": "ÄÖ\\n\\u2028", "hosts": ("a.example", "b.example")}'
)
VALUES = """
from config_app.api import get_config
config = get_config()
print(config.page_size, config.is_open, config.greeting, config.hosts, config.token and config.token.reveal())
"""
RENAMED = CONFIGURATION.replace("    greeting: str", "    welcome: str").replace(
    'help="On the first page."', 'help="On the first page.", formerly=("greeting",)'
)


def test_everything_arrives_on_the_other_database(
    project: ForeignProject, postgresql_project: ForeignProject
) -> None:
    words = project.write("words", "several words in a row\n")
    project.says(f"from config_app.api import plan; plan({CHANGES} | {{'token': 'canary'}}).apply()")
    path = project.folder / "export.json"
    secrets = ["--secrets", "--passphrase-file", str(words)]
    assert project.manage("config", "export", *secrets, str(path)).returncode == 0
    done = postgresql_project.manage("config", "import", str(path), "--yes", "--passphrase-file", str(words))
    assert done.returncode == 0, done.stderr
    assert postgresql_project.says(VALUES) == project.says(VALUES)
    assert "canary" in project.says(VALUES)
    back = json.loads(postgresql_project.manage("config", "export").stdout)
    assert back["settings"] == json.loads(project.manage("config", "export").stdout)["settings"]


def test_a_renamed_setting_arrives_under_its_new_key(project: ForeignProject) -> None:
    project.says('from config_app.api import plan; plan({"greeting": "Hello", "page_size": 50}).apply()')
    path = project.folder / "export.json"
    assert project.manage("config", "export", str(path)).returncode == 0
    project.says('from config_app.api import plan; plan({"greeting": "Bye"}).apply()')
    project.write("shop/configuration.py", RENAMED)
    done = project.manage("config", "import", str(path), "--yes", "--only", "greeting")
    assert (done.returncode, done.stderr) == (0, "greeting: this setting is called welcome now\n")
    assert project.says("from config_app.api import get_config; print(get_config().welcome)") == "Hello"
