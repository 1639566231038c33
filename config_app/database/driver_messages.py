"""What to do about an error of a database driver.

Drivers have no error code for most failures to connect. So this module recognises errors by their messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ADDRESS: Final = "the database's address"

# Messages of PostgreSQL, MySQL, MariaDB and SQLite. The first pattern that is found decides.
_CURES: Final[Mapping[str, str]] = {
    r"invalid connection option|invalid .* value: |for connection option|unexpected keyword argument": (
        f"remove this option from {ADDRESS}, or correct it"
    ),
    r"password authentication failed|no password supplied|access denied for user .*using password": (
        f"correct the user name and the password in {ADDRESS}; the server may have a new password"
    ),
    r'role ".*" does not exist': f"create this user on the database server, or correct its name in {ADDRESS}",
    r'database ".*" does not exist|unknown database': (
        f"create this database on the server, or correct its name in {ADDRESS}"
    ),
    r"pg_hba.conf.*(?:no encryption|SSL off)|connections using insecure transport": (
        f"if the server accepts only encrypted connections, add sslmode=require to {ADDRESS}; "
        "otherwise, allow this machine in the server's pg_hba.conf"
    ),
    r"pg_hba.conf": "allow this machine, user and database in the server's pg_hba.conf",
    r"does not support SSL": f"turn on encryption at the database server, or remove sslmode from {ADDRESS}",
    r"certificate|SSL error|SSL connection error": (
        f"check the certificate of the server, and sslmode and sslrootcert in {ADDRESS}"
    ),
    r"too many (?:clients|connections)|connection slots are reserved|max_\w*client_conn": (
        "close other connections, run fewer workers, or raise the limit of connections on the server"
    ),
    r"resolve host|translate host name|name or service not known|name resolution|unknown .*server host": (
        f"correct the host name in {ADDRESS}, or check the DNS of this machine"
    ),
    r"connection refused|socket.*no such file|can't connect to": (
        f"start the database server, or correct the host and the port in {ADDRESS}"
    ),
    r"timeout expired|connection timeout|timed out|no route to host|network is unreachable": (
        "check the network and the firewall between this machine and the database server"
    ),
    r"system is (?:starting up|shutting down|in recovery)|not yet accepting connections": (
        "wait until the database server is ready, then try again"
    ),
    r"closed the connection unexpectedly|terminating connection|server has gone away|lost connection": (
        "check that the database server runs, and look at its log"
    ),
    r"permission denied for schema|no schema has been selected": (
        "let the database user create tables in the schema: GRANT USAGE, CREATE ON SCHEMA public TO the user"
    ),
    r"permission denied for database|command denied|access denied for user .* to database": (
        "give the database user the rights on this database: GRANT CONNECT, CREATE ON DATABASE"
    ),
    r"read-only transaction|read-only option": (
        "connect to the primary server instead of a copy, or turn off default_transaction_read_only"
    ),
    r"readonly database": (
        "make the file of the database and its folder writable for this user, and the file system too"
    ),
    r"disk is full|no space left|could not extend file|table .* is full": (
        "free space on the disk of the database"
    ),
    r"disk I/O error|input/output error": (
        "check that the disk is not full, and that the disk and its file system work"
    ),
    r"unable to open database file": (
        "check that the folder of the file exists, and that this user may use the folder and the file"
    ),
    r"malformed|not a database": "restore the database from a backup",
    r"out of memory": "give the database server more memory, or close other connections",
}
_PATTERNS: Final = tuple((re.compile(pattern, re.IGNORECASE), cure) for pattern, cure in _CURES.items())


def cure_of(message: str) -> str:
    """Return what to do about the error with this message. Return an empty text if the cause is not known."""
    return next((cure for pattern, cure in _PATTERNS if pattern.search(message)), "")
