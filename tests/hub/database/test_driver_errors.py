"""Each error of a database driver has its own cause and its own cure, in one line (R18)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError

from config_app.database.driver_messages import cure_of
from config_app.store.failures import cure
from tests.support.databases.postgresql import PostgreSQL
from tests.support.ports import free_port
from tests.support.processes.hub_process import HubProcess

CANARY = "canary4711"
NO_CURE = "look for the cause in the log of the database server, or try again"
HBA = """
host all ada 127.0.0.1/32 scram-sha-256
host all eve 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """Give a server with a user who has a password, one who has no rights, and one who needs TLS."""
    with PostgreSQL.running("max_connections=12", "superuser_reserved_connections=1") as server:
        (server.folder / "data" / "pg_hba.conf").write_text(HBA)
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            for statement in STATEMENTS:
                connection.execute(statement.encode())
        yield server


STATEMENTS = (
    f"CREATE USER ada PASSWORD '{CANARY}'",
    "CREATE USER bob",
    "CREATE USER eve",
    "CREATE USER busy CONNECTION LIMIT 0",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "CREATE USER reader",
    "ALTER USER reader SET default_transaction_read_only = on",
    "CREATE DATABASE of_reader OWNER reader",
    "CREATE DATABASE closed",
    "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
    "SELECT pg_reload_conf()",
)


def refusal(folder: Path, url: str) -> str:
    """Start a hub on a database that cannot be used; return its error, which is one line."""
    done = HubProcess(folder / "hub", database_url=url).run("bootstrap")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert CANARY not in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("place", "cause", "fix"),
    [
        ("hub@{at}/postgres?bogus=1", 'invalid connection option "bogus"', "remove this option from"),
        ("hub@{at}/postgres?sslmode=maybe", "invalid sslmode value", "remove this option from"),
        ("hub@{at}/postgres?target_session_attrs=x", "invalid target_session_attrs", "remove this option"),
        ("ada:wrong@{at}/postgres", "password authentication failed", "the server may have a new password"),
        ("ada:PASSWORD@{at}/postgres", "password authentication failed", "replace the word PASSWORD"),
        ("ada@{at}/postgres", "no password supplied", "correct the user name and the password"),
        ("stranger@{at}/postgres", 'role "stranger" does not exist', "create this user on the database"),
        ("hub@{at}/nowhere", 'database "nowhere" does not exist', "create this database on the server"),
        ("eve@{at}/postgres", "pg_hba.conf rejects connection", "sslmode=require"),
        ("bob@{at}/postgres", "permission denied for schema public", "GRANT USAGE, CREATE ON SCHEMA"),
        ("bob@{at}/closed", "permission denied for database", "GRANT CONNECT, CREATE ON DATABASE"),
        ("busy@{at}/postgres", "too many connections for role", "run fewer workers"),
        ("reader@{at}/of_reader", "read-only transaction", "connect to the primary server"),
        ("hub@{at}/postgres?sslmode=require", "does not support SSL", "remove sslmode from"),
        ("hub@127.0.0.1:{free}/postgres", "Connection refused", "start the database server"),
        ("hub@%2Fnowhere%2Fsocket/postgres", "/nowhere/socket", "start the database server"),
        ("hub@nowhere.invalid/postgres", "nowhere.invalid", "correct the host name"),
    ],
)  # fmt: skip
def test_an_address_that_does_not_work_has_its_own_cure(
    server: PostgreSQL, tmp_path: Path, place: str, cause: str, fix: str
) -> None:
    at = f"127.0.0.1:{server.port}"
    line = refusal(tmp_path, f"postgres://{place.format(at=at, free=free_port())}")
    assert cause in line
    assert fix in line


def test_a_password_that_was_changed_is_named_by_a_running_hub(server: PostgreSQL, tmp_path: Path) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE USER cleo PASSWORD '{CANARY}'".encode())
        connection.execute(b"CREATE DATABASE of_cleo OWNER cleo")
        hba = server.folder / "data" / "pg_hba.conf"
        hba.write_text("host all cleo 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
        connection.execute(b"SELECT pg_reload_conf()")
        hub = HubProcess(
            tmp_path / "hub", database_url=f"postgres://cleo:{CANARY}@127.0.0.1:{server.port}/of_cleo"
        )
        hub.manage("bootstrap")
        connection.execute(b"ALTER USER cleo PASSWORD 'another'")
        for command in (("config", "show"), ("config", "set", "port", "9001"), ("bootstrap",)):
            done = hub.run(*command)
            assert "the server may have a new password" in done.stderr + done.stdout
            assert CANARY not in done.stderr + done.stdout


MESSAGES = [
    ("FATAL:  sorry, too many clients already", "raise the limit of connections"),
    ("FATAL:  remaining connection slots are reserved for roles with SUPERUSER", "run fewer workers"),
    ("FATAL:  no more connections allowed (max_client_conn)", "run fewer workers"),
    ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "u", no encryption', "sslmode=require"),
    ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "u", SSL encryption', "pg_hba.conf"),
    ("SSL error: certificate verify failed", "sslrootcert"),
    ("connection timeout expired", "the firewall"),
    ("FATAL:  the database system is starting up", "wait until the database server is ready"),
    ("server closed the connection unexpectedly", "look at its log"),
    ('could not extend file "base/1/2": No space left on device', "free space"),
    ("failed to resolve host 'db': [Errno -3] Temporary failure in name resolution", "the DNS"),
    ("(1045, \"Access denied for user 'u'@'10.0.0.9' (using password: YES)\")", "the password"),
    ("(1049, \"Unknown database 'hub'\")", "create this database"),
    ("(2003, \"Can't connect to MySQL server on 'db:3306' (111)\")", "start the database server"),
    ("(2005, \"Unknown MySQL server host 'db' (-2)\")", "the DNS"),
    ('(1040, "Too many connections")', "run fewer workers"),
    ("(1044, \"Access denied for user 'u'@'%' to database 'hub'\")", "give the database user the rights"),
    ('(3159, "Connections using insecure transport are prohibited")', "encrypted connections"),
    ("attempt to write a readonly database", "writable for this user"),
    ("database or disk is full", "free space"),
    ("disk I/O error", "the disk is not full"),
    ("unable to open database file", "the folder of the file exists"),
    ("database disk image is malformed", "restore the database from a backup"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "fix"), MESSAGES)
def test_a_message_of_a_driver_has_its_own_cure(message: str, fix: str) -> None:
    assert fix in cure(OperationalError(message))
    assert fix in cure_of(message)


def test_a_cure_names_the_place_of_the_address() -> None:
    message = "password authentication failed"
    assert "the password in the database's address" in cure_of(message)
    assert "the password in HUB_DATABASE_URL or instance.json" in cure(OperationalError(message))


def test_a_value_in_a_message_is_not_a_cause() -> None:
    message = 'duplicate key value violates unique constraint "x" (certificate)'
    assert cure(IntegrityError(message)) == cure(DataError(message)) == NO_CURE
    assert cure(OperationalError("strange")) == NO_CURE


def test_a_missing_table_is_not_a_wrong_address() -> None:
    assert "to bring the tables up to date" in cure(
        ProgrammingError('relation "system_config" does not exist')
    )
    assert "to bring the tables up to date" in cure(OperationalError("no such table: system_config"))


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user is not changed into another one")
def test_a_file_that_is_read_only_has_its_own_cure(started_hub: HubProcess) -> None:
    started_hub.sql("PRAGMA journal_mode = DELETE")
    code = "from django.db import connection as c; c.cursor().execute('PRAGMA query_only = ON'); "
    code += "from config_app.change.plan import plan; plan({'port': 9001}).apply()"
    done = started_hub.run("shell", "-v", "0", "-c", code)
    assert "make the file of the database and its folder writable for this user" in done.stderr
