"""Find the database that a path or a URL names."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from paysdk.distribution import describe_missing
from paysdk.errors import ConfigurationError
from paysdk.sync.database import Database
from paysdk.sync.errors import StoreError
from paysdk.sync.postgresql import PostgreSQL
from paysdk.sync.sqlite import SQLite

if TYPE_CHECKING:
    from paysdk.sync.backends import Backend

__all__ = ["check_exists", "find_database", "find_file"]

# The keys that a connection string of libpq can begin with.
_CONNECTION_STRING = re.compile(
    r"\s*(host|hostaddr|port|dbname|user|password|passfile|service|options|application_name|ssl\w+)"
    r"\s*="
)
# The driver's options. With uri=true, SQLite itself takes others.
_SQLITE_OPTIONS = {
    "uri",
    "timeout",
    "isolation_level",
    "detect_types",
    "check_same_thread",
    "cached_statements",
}

# psycopg's connect also takes these, but none of them can be a text.
_DRIVERS_OWN_OPTIONS = {"autocommit", "conninfo", "context", "cursor_factory", "row_factory"}
_MAX_IDENTIFIER_BYTES = 63


def find_database(
    place: str | os.PathLike[str], *, create: bool = True, schema: str | None = None
) -> Database:
    """Return the database at a path or a URL. It is not opened yet.

    Without *create*, opening it fails if its file does not exist. *schema* is the schema of the
    tables in PostgreSQL. A URL can also name it, as ``?schema=``.

    Raises ``ConfigurationError`` if *place* is not a path or a URL of a database.
    """
    given: object = place
    if isinstance(given, os.PathLike):
        given = os.fspath(place)
    if not isinstance(given, str) or not given.strip():
        raise ConfigurationError(
            "The database must be a path or a URL, not "
            f"{'an empty string' if isinstance(given, str) else type(place).__name__}."
        )
    if schema is not None:
        check_schema(schema)
    if "://" not in given:
        if _CONNECTION_STRING.match(given):  # it may contain a password, so it is not shown
            raise ConfigurationError(
                "The database is given in libpq's form, key=value. Give a URL instead, such as "
                "postgresql://user@host/name. If it is the path of a file, begin it with ./."
            )
        return _sqlite(
            sa.URL.create("sqlite+aiosqlite", database=given), create=create, schema=schema
        )
    return _by_url(given, create=create, schema=schema)


def find_file(place: str) -> Path | None:
    """Return the file of an SQLite database, or ``None`` if the database is on a server."""
    return _to_file(find_database(place).name)


def check_exists(database: Database) -> None:
    """Raise ``StoreError`` if the database is a file that does not exist.

    SQLite would say only that it cannot open the file, for whatever reason.
    """
    file = _to_file(database.name)
    if file is not None:
        with suppress(OSError):  # SQLite says what else is wrong with it
            try:
                file.stat()
            except (FileNotFoundError, NotADirectoryError):
                raise StoreError(
                    f"The database {database.name} does not exist. Correct its path, or make it "
                    "with a sync."
                ) from None


def _to_file(name: str) -> Path | None:
    """Return the file of the database with this name, or ``None`` if it is on a server."""
    if "://" in name:
        return None
    return Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)


def check_schema(given: object) -> str:
    """Return *given* if it can be the name of a schema. Raises ``ConfigurationError`` otherwise."""
    # https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS: a
    # longer name is cut without an error.
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
    if url is None:  # not in an except clause, because the first error may show a password
        raise ConfigurationError(
            "The database's URL cannot be read. Give one such as sqlite:///payments.db or "
            "postgresql://user@host/name."
        )
    kind, _, driver = url.drivername.partition("+")
    if kind == "sqlite" and driver in {"", "aiosqlite"}:
        if unknown := set[str]() if "uri" in url.query else url.query.keys() - _SQLITE_OPTIONS:
            url = None  # an option may be a password, and a tool may show the error's frames
            raise ConfigurationError(
                f"The URL of a file does not take {', '.join(sorted(unknown))}. With uri=true, "
                "SQLite takes its own options."
            )
        return _sqlite(url.set(drivername="sqlite+aiosqlite"), create=create, schema=schema)
    if kind in {"postgresql", "postgres"} and driver in {"", "psycopg"}:
        if "@" in (url.host or ""):
            url = None  # a part of the password was read as the host
            raise ConfigurationError(
                "The database's URL has an @ in its user or password. Write it as %40, or leave "
                "the password out and set PGPASSWORD."
            )
        place = url.host or url.query.get("host") or "localhost"
        name = f"postgresql://{place}{f':{url.port}' if url.port else ''}/{url.database or ''}"
        if unknown := url.query.keys() & _DRIVERS_OWN_OPTIONS:
            url = None
            raise ConfigurationError(
                f"The URL of a database does not take {', '.join(sorted(unknown))}."
            )
        if "schema" in url.query:
            named = check_schema(url.query["schema"])
            if schema not in {None, named}:
                raise ConfigurationError(
                    f"The URL says schema={named}, but the store was given schema={schema!r}. "
                    "Give only one of them."
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
            "A file of SQLite has no schemas. Leave schema out, and give each store its own file."
        )
    if url.database in {None, "", ":memory:"} or url.query.get("mode") == "memory":
        raise ConfigurationError(
            "A database in memory ends with its connection. Give the path of a file."
        )
    if url.host or url.port or url.username or url.password:
        raise ConfigurationError(
            "A file has no host, user or password. Its URL has three slashes, or four for an "
            "absolute path, such as sqlite:////data/payments.db."
        )
    if "\0" in str(url.database):
        raise ConfigurationError("The path of a file cannot contain a NUL character.")
    return _open_database(
        str(Path(str(url.database))), SQLite(url if create else _without_create(url)), "sync"
    )


def _without_create(url: sa.URL) -> sa.URL:
    """Return a URL of the same file that tells SQLite not to create it."""
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
        pass  # the error would show an option's value, which may be a password
    if missing is None:
        raise ConfigurationError(f"The URL of {name} has an option with an invalid value.")
    raise ConfigurationError(describe_missing(name, missing, extra))
