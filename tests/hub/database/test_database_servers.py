"""What the hub needs for a database server: a driver, and time limits that the URL can override."""

from __future__ import annotations

from pathlib import Path

import pytest

from config_app.errors import ConfigError
from hub.database.location import database_from_url
from hub.database.servers import with_limits
from tests.support.processes.hub_process import HubProcess


def test_a_url_says_more_than_the_limits(tmp_path: Path) -> None:
    url = "postgres://hub@db/hub?sslmode=require&connect_timeout=3"
    options = with_limits(database_from_url(url, tmp_path).entry)["OPTIONS"]
    assert (options["sslmode"], options["connect_timeout"]) == ("require", 3)
    assert options["tcp_user_timeout"] == 10_000


def test_a_file_has_no_such_limits(tmp_path: Path) -> None:
    entry = database_from_url(f"sqlite:///{tmp_path}/hub.db", tmp_path).entry
    assert with_limits(entry) == entry


def test_a_driver_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="install mysqlclient"):
        with_limits(database_from_url("mysql://hub:canary@db/hub", tmp_path).entry)
    hub = HubProcess(tmp_path / "hub", database_url="mysql://hub:canary@db/hub")
    done = hub.run("config", "show")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith(
        "error: HUB_DATABASE_URL: the driver for MySQL and MariaDB is not installed"
    )
