"""What a database's error means to a user, and what to do next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paysdk.sync.backends import LOCK_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["describe"]

_UNKNOWN = "Nothing was written."
_AGAIN = "Try again when it answers: a sync goes on where it was."
_ROOM = "Make room, and sync again: it goes on where it was."
_OPTIONS = "Correct the options of the URL, which are behind its question mark."
_HOST = "Correct the host in the URL, or look whether this machine can look up names."
_ENCODING = (
    "The encoding of this database cannot hold a text that was sent, or the text in it is of "
    "another encoding. "
    "Use a database that was made with ENCODING 'UTF8'."
)
# Immutable is for the user to say: a disk that is read-only here may be written to from elsewhere,
# and what is read would be wrong then.
_FOLDER = (
    "Look whether its folder is there, and may be written to, as SQLite does also while it "
    "reads. On a read-only disk, for a database "
    "that nobody writes to, there is sqlite:///file:/folder/payments.db?immutable=1&uri=true."
)
_READ_ONLY = "It is read-only: make it writable, or name another."
_LOCKED = (
    f"Another program has held its rows for {LOCK_TIMEOUT} seconds: end that one, or wait, "
    "and sync again."
)
_NO_CONNECTION_LEFT = (
    "It has no connection left: end other programs that use it, or raise its limit, and try again."
)
_RIGHTS = (
    "Grant the user the right to it. To make the tables, a user needs a schema in which it may "
    "create them, "
    "and ?schema=NAME in the URL says which that is."
)
_NO_SCHEMA = (
    "Create that schema, or name one as ?schema=NAME in the URL: paysdk makes it if it may."
)
_OTHER_TABLES = (
    "Its tables are not as paysdk made them: another program has changed them. "
    "Restore them, or name another database."
)
_TOO_LONG = (
    "A payment's id is longer than an index of PostgreSQL takes. Name the path of a file "
    "instead: SQLite takes any length."
)
_STATEMENT_TIMEOUT = (
    "The server ends what takes longer than its statement_timeout: raise that "
    "for this user, and sync again."
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html: the same in each language of the
# server. The longest beginning counts.
_BY_STATE = {
    "08": _AGAIN,
    "22021": _ENCODING,
    "22P05": _ENCODING,
    "25006": _READ_ONLY,
    "25P03": (
        "This process stalled in the midst of a transaction. Sync again: it goes on where it was."
    ),
    "3D000": "Create the database, or correct its name in the URL.",
    "3F000": _NO_SCHEMA,
    "40": "Another program was writing to the same rows. Try again.",
    "42501": _RIGHTS,
    "42703": _OTHER_TABLES,
    "42939": "Give the schema another name: those that begin with pg_ are PostgreSQL's own.",
    "42P01": _OTHER_TABLES,
    "42P07": _OTHER_TABLES,
    "53100": _ROOM,
    "53200": "Its server has no memory left. Try again later: a sync goes on where it was.",
    "53300": _NO_CONNECTION_LEFT,
    "54": _TOO_LONG,
    "55P03": _LOCKED,
    "57014": _STATEMENT_TIMEOUT,
    "57P": _AGAIN,
}
# What is said before a connection is there has no state. The first sign that is found counts.
_BY_SIGN = (
    ("readonly", _READ_ONLY),
    ("read-only", _READ_ONLY),
    ("is full", _ROOM),
    ("No space left", _ROOM),
    # Such is also the answer to a limit on the size of a file, which is not told apart.
    ("disk I/O error", "Its disk may be full: make room, and sync again: it goes on where it was."),
    (
        "is locked",
        (
            f"Another program has been writing to it for {LOCK_TIMEOUT} seconds: end that one, or "
            "wait, and sync again."
        ),
    ),
    ("lock timeout", _LOCKED),
    ("not a database", "It is a file of another kind: name another."),
    ("malformed", "The file is damaged: put a copy back that is whole, or sync into a new file."),
    ("unable to open", _FOLDER),
    ("no such table", _OTHER_TABLES),
    ("no such column", _OTHER_TABLES),
    (
        "QueuePool limit",
        (
            "All connections of this store are in use: close the iterators that you no longer read "
            "from, and try again."
        ),
    ),
    ("too many", _NO_CONNECTION_LEFT),
    ("connection slots", _NO_CONNECTION_LEFT),
    ("no more connections", _NO_CONNECTION_LEFT),
    ("password", "Correct the user or the password, in the URL, in ~/.pgpass or in PGPASSWORD."),
    (
        "SASL authentication failed",
        "Correct the user or the password, in the URL, in ~/.pgpass or in PGPASSWORD.",
    ),
    (
        "role ",
        "Correct the user in the URL, or have it made on the server with the right to log in.",
    ),
    (
        "pg_hba.conf",
        (
            "The server's pg_hba.conf needs an entry for this user, this database and this address; "
            "some ask for ?sslmode=require."
        ),
    ),
    (
        "unsupported startup parameter",
        (
            "A pooler does not take this one: leave it out of the URL, and set it with ALTER ROLE "
            "... SET instead."
        ),
    ),
    (
        "no such database",
        "Create the database, or correct its name in the URL and in the pooler's settings.",
    ),
    ("does not exist", "Create the database, or correct its name in the URL."),
    ("unrecognized configuration parameter", _OPTIONS),
    ("invalid value for parameter", _OPTIONS),
    ("invalid connection option", _OPTIONS),
    ("invalid sslmode", _OPTIONS),
    (
        "SSL negotiation",
        "What answers there is no PostgreSQL: correct the host and the port in the URL.",
    ),
    (
        "expected authentication request",
        "What answers there is no PostgreSQL: correct the host and the port in the URL.",
    ),
    (
        "SSL",
        (
            "Correct sslmode or the certificates in the options of the URL, by what this server "
            "offers."
        ),
    ),
    (
        "certificate",
        (
            "Correct sslmode or the certificates in the options of the URL, by what this server "
            "offers."
        ),
    ),
    ("standby", "No server in the URL is of the kind that target_session_attrs asks for."),
    ("resolve host", _HOST),
    ("translate host name", _HOST),
    # psycopg 3.2.11 and earlier repeat only what getaddrinfo said: glibc, macOS and Windows.
    ("or service not known", _HOST),
    ("name resolution", _HOST),
    ("nor servname provided", _HOST),
    ("getaddrinfo failed", _HOST),
    (
        "query_wait_timeout",
        (
            "The pooler had no connection for this within its query_wait_timeout: raise its pool "
            "size, and try again."
        ),
    ),
    ("starting up", _AGAIN),
    ("shutting down", _AGAIN),
    ("recovery mode", _AGAIN),
    ("login has been failing", "The pooler cannot reach its server. " + _AGAIN),
    ("server closed", _AGAIN),
    ("connection is closed", _AGAIN),
    ("connection is lost", _AGAIN),
    (
        "connection",
        "Look whether it runs there, and whether the host and the port in the URL are right.",
    ),
)
# An option's value may be a password that came to the wrong place.
_REFUSED_VALUE = re.compile(
    r"(bad value for \w+|invalid \w+ value|invalid \w+ value for connection option \"\w+\"|option value for \w+).*"
)


def describe(error: BaseException) -> tuple[str, str]:
    """What has happened, in one line without a value of the URL, and what to do."""
    cause: object = getattr(error, "orig", None) or error
    told = str(cause).strip()
    line = told.splitlines()[0] if told else type(error).__name__
    if isinstance(cause, UnicodeError):
        return (
            f"a text cannot be read or written in its encoding ({type(cause).__name__})",
            _ENCODING,
        )
    if (refused := _REFUSED_VALUE.search(line)) is not None:
        return f"{line[: refused.start()]}{refused[1]}".rstrip(), _OPTIONS
    return line.rstrip("."), next(_find_advice(getattr(cause, "sqlstate", None), told), _UNKNOWN)


def _find_advice(state: str | None, told: str) -> Iterator[str]:
    beginnings = (state or "")[:5]
    for length in range(len(beginnings), 1, -1):
        if (advice := _BY_STATE.get(beginnings[:length])) is not None:
            yield advice
    # A name in quotes says nothing: a database may be called "password".
    plain = re.sub(r'"[^"\n]*"', '""', told)
    for sign, advice in _BY_SIGN:
        if sign in plain:
            yield advice
