"""Find the database that a path or a URL names."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from paysdk.errors import ConfigurationError
from paysdk.sync.backends import Backend, PostgreSQL, SQLite
from paysdk.sync.database import Database

__all__ = ["find_database"]

# The keys that one of libpq's connection strings may begin with.
_CONNECTION_STRING = re.compile(
    r"\s*(host|hostaddr|port|dbname|user|password|passfile|service|options|application_name|ssl\w+)\s*="
)
# What the driver takes; SQLite itself takes others, with uri=true.
_SQLITE_OPTIONS = {
    "uri",
    "timeout",
    "isolation_level",
    "detect_types",
    "check_same_thread",
    "cached_statements",
}

# What psycopg's connect takes besides the parameters of a connection. A text is none of these.
_DRIVERS_OWN_OPTIONS = {"autocommit", "conninfo", "context", "cursor_factory", "row_factory"}
_MAX_IDENTIFIER_BYTES = 63


def find_database(
    place: str | os.PathLike[str], *, create: bool = True, schema: str | None = None
) -> Database:
    """The database at a path or a URL, not yet opened; without *create* its file must be there then.

    *schema* is the one that has the tables in PostgreSQL. A URL may name it as ``?schema=``.

    Raises ``ConfigurationError`` where the place can be neither.
    """
    given: object = place
    if isinstance(given, os.PathLike):
        given = os.fspath(place)
    if not isinstance(given, str) or not given.strip():
        raise ConfigurationError(
            f"The database must be a path or a URL, not {type(place).__name__} "
            f"{'' if given else 'without content'}."
        )
    if schema is not None:
        check_schema(schema)
    if "://" not in given:
        if _CONNECTION_STRING.match(given):  # which may hold a password, so it is not shown
            raise ConfigurationError(
                "The database is given in libpq's form, key=value. paysdk takes a URL, "
                "postgresql://user@host/name, or the path of a file, "
                "which may begin with ./ where it looks like that."
            )
        return _sqlite(
            sa.URL.create("sqlite+aiosqlite", database=given), create=create, schema=schema
        )
    return _by_url(given, create=create, schema=schema)


def check_schema(given: object) -> str:
    """Return *given* if it can be the name of a schema. Raises ``ConfigurationError`` otherwise."""
    # https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS: what
    # is longer is cut without an error.
    if (
        not isinstance(given, str)
        or not given.strip()
        or "\0" in given
        or len(given.encode(errors="replace")) > _MAX_IDENTIFIER_BYTES
    ):
        raise ConfigurationError(
            "schema must be the name of a schema, such as 'paysdk', of at most 63 bytes, not "
            f"{given!r}."
        )
    return given


def _by_url(text: str, *, create: bool, schema: str | None) -> Database:
    url = None
    with suppress(ArgumentError, ValueError):
        url = sa.make_url(text)
    if url is None:  # outside of the except clause, since what was parsed may hold a password
        raise ConfigurationError(
            "The database's URL cannot be read. It is sqlite:///payments.db, or postgresql://user@host/name."
        )
    kind, _, driver = url.drivername.partition("+")
    if kind == "sqlite" and driver in {"", "aiosqlite"}:
        if strange := set[str]() if "uri" in url.query else url.query.keys() - _SQLITE_OPTIONS:
            url = None  # what is given as an option may be a password, and frames of an error may be shown
            raise ConfigurationError(
                f"The URL of a file takes no {', '.join(sorted(strange))}; with uri=true SQLite "
                "has options of its own."
            )
        return _sqlite(url.set(drivername="sqlite+aiosqlite"), create=create, schema=schema)
    if kind in {"postgresql", "postgres"} and driver in {"", "psycopg"}:
        place = url.host or url.query.get("host") or "localhost"
        name = f"postgresql://{place}{f':{url.port}' if url.port else ''}/{url.database or ''}"
        if strange := url.query.keys() & _DRIVERS_OWN_OPTIONS:
            url = None
            raise ConfigurationError(
                f"The URL of a database takes no {', '.join(sorted(strange))}."
            )
        if "schema" in url.query:
            named = check_schema(url.query["schema"])
            if schema not in {None, named}:
                raise ConfigurationError(
                    f"The URL says schema={named}, and the store is given schema={schema!r}. "
                    "Give one of them."
                )
            schema, url = named, url.difference_update_query(["schema"])
        return _open_database(
            name, PostgreSQL(url.set(drivername="postgresql+psycopg"), schema), "postgres"
        )
    raise ConfigurationError(
        "paysdk keeps payments in SQLite (aiosqlite) and in PostgreSQL (psycopg), not in "
        f"{url.drivername}."
    )


def _sqlite(url: sa.URL, *, create: bool, schema: str | None) -> Database:
    if schema is not None:
        raise ConfigurationError(
            "A file of SQLite has no schemas: leave schema out, and give each store a file of "
            "its own."
        )
    if url.database in {None, "", ":memory:"} or url.query.get("mode") == "memory":
        raise ConfigurationError(
            "A database in memory ends with its connection: give the path of a file."
        )
    if url.host or url.port or url.username or url.password:
        raise ConfigurationError(
            "A file has no host, user or password: its URL has three slashes, or four, as in sqlite:////data/payments.db."
        )
    if "\0" in str(url.database):
        raise ConfigurationError("The path of a file cannot hold a NUL character.")
    return _open_database(
        str(Path(str(url.database))), SQLite(url if create else _without_create(url)), "sync"
    )


def _without_create(url: sa.URL) -> sa.URL:
    """A URL of the same file with which SQLite does not create it."""
    file = str(url.database)
    if file.startswith("file:") and "uri" in url.query:
        return url if "mode" in url.query else url.update_query_dict({"mode": "rw"})
    return url.set(database=Path(file).absolute().as_uri()).update_query_dict(
        {"mode": "rw", "uri": "true"}
    )


def _open_database(name: str, backend: Backend, extra: str) -> Database:
    missing: str | None = None
    try:
        return Database(name, backend)
    except ModuleNotFoundError as error:
        missing = error.name
    except (ArgumentError, TypeError, ValueError):
        pass  # an option's value, which the error would show
    if missing is None:
        raise ConfigurationError(f"The URL of {name} has an option with an invalid value.")
    raise ConfigurationError(
        f"{name} needs {missing}, which is not installed: in the folder of paysdk, pip install "
        f'".[{extra}]"'
    )
