"""A real PgBouncer in transaction mode, between the hub and a PostgreSQL server of the tests."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.support.databases.postgresql import PostgreSQL, as_postgres
from tests.support.missing_parts import missing
from tests.support.ports import free_port
from tests.support.waiting import wait_for

# The parameters that could break the hub: few server connections, and none is reserved for a client.
SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} user=hub
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
"""


def _binary() -> str:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        missing("PgBouncer", "pgbouncer")
    return found


@contextlib.contextmanager
def pooled(server: PostgreSQL, url: str) -> Iterator[str]:
    """Run a pooler in front of ``server``; give a URL that leads through it to the database at ``url``."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    folder.chmod(0o755)
    (folder / "pgbouncer.ini").write_text(SETTINGS.format(server=server.port, port=port))
    command = as_postgres([_binary(), "-q", str(folder / "pgbouncer.ini")])
    pooler = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    through = url.replace(f":{server.port}/", f":{port}/")
    try:
        wait_for(lambda: _answers(through), "the pooler to answer")
        yield through
    finally:
        pooler.terminate()
        pooler.wait(10)
        shutil.rmtree(folder)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
