"""Explain a database's error to a user, and say what to do next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paysdk.sync.backends import LOCK_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["describe", "is_temporary"]

_NO_ADVICE = "Nothing was written."
_AGAIN = "Try again when it responds. The sync then continues where it stopped."
_ROOM = "Free some disk space, and sync again. The sync then continues where it stopped."
_OPTIONS = "Correct the options of the URL, which come after its question mark."
_HOST = "Correct the host in the URL, or check that this machine can look up host names."
_ENCODING = (
    "The encoding of this database cannot hold a string that was sent, or a stored string has "
    "another encoding. Use a database that was made with ENCODING 'UTF8'."
)
# Only the user can know that a file is immutable. Another machine may write to a disk that is
# read-only here, and immutable=1 would then give wrong results.
_FOLDER = (
    "Check that its folder exists and is writable, because SQLite also writes there while it "
    "reads. If the disk is read-only and no program writes to the database, use "
    "sqlite:///file:/folder/payments.db?immutable=1&uri=true."
)
_READ_ONLY = "It is read-only. Make it writable, or name another database."
_READ_ONLY_FILE = (
    "It is read-only. Make it writable, and its folder too, because SQLite also writes there while "
    "it reads. To read it without that right, while no program writes to it, use "
    "sqlite:///file:/folder/payments.db?immutable=1&uri=true."
)
_LOCKED = (
    f"Another program has locked its rows for {LOCK_TIMEOUT} seconds. End that program, or wait, "
    "and sync again."
)
_NOT_POSTGRESQL = (
    "The program that responds there is not PostgreSQL. Correct the host and the port in the URL."
)
_CREDENTIALS = "Correct the user or the password, in the URL, in ~/.pgpass or in PGPASSWORD."
_TLS = "Correct sslmode or the certificates in the options of the URL, as this server requires."
_POOLER_LOGIN = (
    "The pooler cannot log in to its server. Correct the host, the user and the password in the "
    "pooler's settings."
)
_OPERATING_SYSTEM_USER = (
    "This server only accepts the operating system's user of the same name. Correct the user in "
    "the URL, run this program as that user, or change the server's pg_hba.conf."
)
_NOT_ACCEPTING = (
    "This database accepts no connections. Name another database, or ask the people who run the "
    "server."
)
_NO_CONNECTION_LEFT = (
    "It has no free connection. End other programs that use it, or raise its limit, and try again."
)
_RIGHTS = (
    "Grant the user this right. To make the tables, the user needs a schema where it may create "
    "them. Name the schema as ?schema=NAME in the URL."
)
_NO_SCHEMA = (
    "Create that schema, or grant the user USAGE and CREATE on it. Or name another one as "
    "?schema=NAME in the URL. paysdk then makes it if it has the right."
)
_OTHER_TABLES = (
    "Another program has changed the tables that paysdk made. Restore them, or name another "
    "database."
)
_TOO_LONG = (
    "The id of a payment is too long for an index of PostgreSQL. Name the path of a file instead, "
    "because SQLite takes any length."
)
_STATEMENT_TIMEOUT = (
    "The statement took longer than the server's statement_timeout. Raise it for this user, and "
    "sync again."
)
_STALLED = (
    "This process stalled during a transaction. Sync again. The sync then continues where it "
    "stopped."
)
_CONFLICT = "Another program was writing to the same rows. Try again."
_MEMORY = "The server has no free memory. Try again later."
_MAYBE_ROOM = "Its disk may be full. " + _ROOM
_WRITTEN_TO = (
    f"Another program has been writing to it for {LOCK_TIMEOUT} seconds. End that program, "
    "or wait, and sync again."
)
_POOL = (
    "All connections of this store are in use. Close the iterators that you no longer "
    "read, and try again."
)
_POOLER_AGAIN = "The pooler cannot reach its server. " + _AGAIN
_POOLER_WAIT = (
    "The pooler had no free connection within its query_wait_timeout. Raise its pool size, "
    "and try again."
)
# The same command may succeed later, without a change to it. A refused connection is not among
# them: the host or the port in the URL may be wrong.
_TEMPORARY = frozenset(
    {
        *(_AGAIN, _ROOM, _MAYBE_ROOM, _LOCKED, _WRITTEN_TO, _CONFLICT, _STALLED, _MEMORY),
        *(_NO_CONNECTION_LEFT, _POOL, _POOLER_AGAIN, _POOLER_WAIT, _STATEMENT_TIMEOUT),
    }
)

# By the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html, which are the same
# in each language of the server. The longest matching beginning counts.
_BY_STATE = {
    "08": _AGAIN,
    "22021": _ENCODING,
    "22P05": _ENCODING,
    "25006": _READ_ONLY,
    "25P03": _STALLED,
    "3D000": "Create the database, or correct its name in the URL.",
    "3F000": _NO_SCHEMA,
    "40": _CONFLICT,
    "42501": _RIGHTS,
    "42703": _OTHER_TABLES,
    "42939": "Give the schema another name. PostgreSQL reserves names that begin with pg_.",
    "42P01": _OTHER_TABLES,
    "42P07": _OTHER_TABLES,
    "53100": _ROOM,
    "53200": _MEMORY,
    "53300": _NO_CONNECTION_LEFT,
    "54": _TOO_LONG,
    "55P03": _LOCKED,
    "57014": _STATEMENT_TIMEOUT,
    "57P": _AGAIN,
}
# An error without a connection has no code, so these look for words in its message. The first match
# counts.
_BY_SIGN = (
    ("readonly", _READ_ONLY_FILE),
    ("read-only", _READ_ONLY),
    ("is full", _ROOM),
    ("No space left", _ROOM),
    # A limit on the size of a file causes the same error.
    ("disk I/O error", _MAYBE_ROOM),
    (
        "locking protocol",
        (
            "SQLite cannot lock a file there. Name a path on a disk of this machine, or use "
            "PostgreSQL."
        ),
    ),
    ("is locked", _WRITTEN_TO),
    ("lock timeout", _LOCKED),
    ("not a database", "It is another kind of file. Name another path."),
    ("malformed", "The file is damaged. Restore a backup, or sync to a new file."),
    ("unable to open", _FOLDER),
    ("no such table", _OTHER_TABLES),
    ("no such column", _OTHER_TABLES),
    ("QueuePool limit", _POOL),
    ("too many", _NO_CONNECTION_LEFT),
    ("connection slots", _NO_CONNECTION_LEFT),
    ("no more connections", _NO_CONNECTION_LEFT),
    # libpq's messages about its key and certificate files. They come before "password", because
    # some of the messages mention a password.
    ("private key file", _TLS),
    ("root certificate", _TLS),
    ("weak sslmode", _TLS),
    ("channel binding", _TLS),
    # The next four are pgbouncer's, about its own login.
    ("server login failed", _POOLER_LOGIN),
    ("pgbouncer cannot connect", _POOLER_LOGIN),
    ("bouncer config error", _POOLER_LOGIN),
    ("login has been failing", _POOLER_AGAIN),
    ("no such user", "Correct the user in the URL, or add it to the pooler's list of users."),
    (
        "statement pooling",
        "Set pool_mode to transaction or session in the pooler's settings.",
    ),
    ("Peer authentication", _OPERATING_SYSTEM_USER),
    ("Ident authentication", _OPERATING_SYSTEM_USER),
    ("certificate authentication", _TLS),
    ("password", _CREDENTIALS),
    ("authentication failed", _CREDENTIALS),
    ("auth failed", _CREDENTIALS),
    (
        "role ",
        "Correct the user in the URL, or create it on the server with the right to log in.",
    ),
    (
        "pg_hba.conf",
        (
            "The server's pg_hba.conf needs an entry for this user, database and address. "
            "Some entries require ?sslmode=require in the URL."
        ),
    ),
    (
        "unsupported startup parameter",
        (
            "A pooler refuses this parameter. Leave it out of the URL, and set it with ALTER ROLE "
            "... SET instead."
        ),
    ),
    (
        "no such database",
        "Create the database, or correct its name in the URL and in the pooler's settings.",
    ),
    ('database "" does not exist', "Create the database, or correct its name in the URL."),
    ('database "" is', _NOT_ACCEPTING),
    (
        "permission denied for database",
        "Grant the user the right to connect to this database, or correct its name in the URL.",
    ),
    ("unrecognized configuration parameter", _OPTIONS),
    ("invalid value for parameter", _OPTIONS),
    ("invalid connection option", _OPTIONS),
    ("definition of service", _OPTIONS),
    ("service file", _OPTIONS),
    ("invalid port number", "Correct the port in the URL."),
    ("could not match", "Correct the hosts and the ports in the URL."),
    ("invalid sslmode", _OPTIONS),
    ("SSL negotiation", _NOT_POSTGRESQL),
    ("expected authentication request", _NOT_POSTGRESQL),
    # These come before the ones about TLS, because a connection with TLS mentions it when it ends.
    ("terminating connection", _AGAIN),
    ("closed unexpectedly", _AGAIN),
    ("SYSCALL error", _AGAIN),
    ("could not receive data", _AGAIN),
    ("could not send data", _AGAIN),
    ("client_login_timeout", _AGAIN),
    ("not yet accepting", _AGAIN),
    ("SSL", _TLS),
    ("certificate", _TLS),
    ("standby", "No server in the URL is of the kind that target_session_attrs requires."),
    ("resolve host", _HOST),
    ("translate host name", _HOST),
    # psycopg 3.2.11 and earlier show only the message of getaddrinfo, here of glibc, macOS and
    # Windows.
    ("or service not known", _HOST),
    ("name resolution", _HOST),
    ("nor servname provided", _HOST),
    ("getaddrinfo failed", _HOST),
    ("query_wait_timeout", _POOLER_WAIT),
    ("starting up", _AGAIN),
    ("shutting down", _AGAIN),
    ("recovery mode", _AGAIN),
    ("server closed", _AGAIN),
    ("connection is closed", _AGAIN),
    ("connection is lost", _AGAIN),
    (
        "connection",
        "Check that the server runs there, and that the host and the port in the URL are right.",
    ),
)
# An option's value may be a password in the wrong place.
_REFUSED_VALUE = re.compile(
    r"(bad value for \w+|invalid \w+ value|invalid \w+ value for connection option \"\w+\"|"
    r"option value for \w+).*"
)


def is_temporary(advice: str) -> bool:
    """Whether an error with this advice may be gone later."""
    return advice in _TEMPORARY


def describe(error: BaseException) -> tuple[str, str]:
    """Return what happened, in one line without a value of the URL, and what to do."""
    cause: object = getattr(error, "orig", None) or error
    message = str(cause).strip()
    line = message.splitlines()[0] if message else type(error).__name__
    if isinstance(cause, UnicodeError):
        return (
            f"a string cannot be read or written in its encoding ({type(cause).__name__})",
            _ENCODING,
        )
    if (refused := _REFUSED_VALUE.search(line)) is not None:
        return f"{line[: refused.start()]}{refused[1]}".rstrip(), _OPTIONS
    return line.rstrip("."), next(
        _find_advice(getattr(cause, "sqlstate", None), message), _NO_ADVICE
    )


def _find_advice(state: str | None, message: str) -> Iterator[str]:
    code = (state or "")[:5]
    for length in range(len(code), 1, -1):
        if (advice := _BY_STATE.get(code[:length])) is not None:
            yield advice
    # Names in quotes are left out, because a database may be called "password".
    plain = re.sub(r'"[^"\n]*"', '""', message)
    for sign, advice in _BY_SIGN:
        if sign in plain:
            yield advice
