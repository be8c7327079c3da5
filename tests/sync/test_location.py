"""Find the database that a path or a URL names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from paysdk import ConfigurationError
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.location import find_database

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Reach = Callable[[asyncio.Event, asyncio.Future[Any]], Awaitable[None]]


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("payments.db", "payments.db"),
        (Path("kept", "payments.db"), "kept/payments.db"),
        ("sqlite:///payments.db", "payments.db"),
        ("./user=ann.db", "user=ann.db"),
        ("books=2026.db", "books=2026.db"),
        ("sqlite+aiosqlite:////data/payments.db", "/data/payments.db"),
        ("postgresql://ann:letmein@db.example:5433/books", "postgresql://db.example:5433/books"),
        (
            "postgres://ann:letmein@db.example/books?password=letmein",
            "postgresql://db.example/books",
        ),
        ("postgresql+psycopg://?host=/run/postgresql", "postgresql:///run/postgresql/"),
        ("postgresql://", "postgresql://localhost/"),
    ],
)
def test_a_database_is_named_by_a_path_or_a_url(place: str | Path, name: str) -> None:
    """The name of the database contains neither the user nor the password."""
    database = find_database(place)

    assert name == database.name
    assert f"SQLPaymentStore({name!r})" == repr(SQLPaymentStore(place))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "must be a path or a URL, not an empty string"),
        ("  ", "must be a path or a URL"),
        (None, "must be a path or a URL, not NoneType"),
        (b"payments.db", "must be a path or a URL, not bytes"),
        ("mysql://ann:letmein@db.example/books", "SQLite .* PostgreSQL .*, not in mysql"),
        ("postgresql+asyncpg://ann:letmein@db.example/books", "not in postgresql\\+asyncpg"),
        ("postgresql://ann:letmein@db.example:port/books", "URL cannot be read"),
        ("://", "URL cannot be read"),
        ("postgresql://ann:letme@in@db.example/books", "has an @ in its user or password"),
        ("postgresql://ann:let@me@in@/books?host=db.example", "Write it as %40"),
        (":memory:", "in memory ends with its connection"),
        ("sqlite://", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
        (
            "sqlite://localhost/payments.db",
            "A file has no host, user or password. Its URL has three slashes, or four",
        ),
        ("sqlite://ann:letmein@/payments.db", "A file has no host"),
        (
            "sqlite:///payments.db?password=letmein&mode=ro",
            "The URL of a file does not take mode, password. With uri=true",
        ),
        (
            "sqlite:///payments.db?timeout=soon",
            "The URL of payments.db has an option with an invalid value.",
        ),
        (
            "sqlite:///payments.db?timeout=1&timeout=soon",
            "has an option with an invalid value.",
        ),
        ("payments\0.db", "cannot contain a NUL"),
        (
            "host=127.0.0.1 password=letmein",
            "libpq's form, key=value. Give a URL instead, such as postgresql://user@host/name",
        ),
        ("password = letmein", "libpq's form"),
    ],
)
def test_an_invalid_place_is_refused(
    place: Any,  # noqa: ANN401  # whatever is given
    message: str,
    told_by: Callable[[BaseException], str],
) -> None:
    """Nothing is opened, and the message contains no password."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        SQLPaymentStore(place)

    assert "letmein" not in str(caught.value)
    assert "letmein" not in told_by(caught.value).replace(repr(place), "")


@pytest.mark.parametrize(
    ("place", "module", "extra"),
    [("payments.db", "aiosqlite", "sync"), ("postgresql://x/y", "psycopg", "postgres")],
)
def test_a_missing_driver_is_named(
    monkeypatch: pytest.MonkeyPatch, place: str, module: str, extra: str
) -> None:
    """The message has the command that installs the driver."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ConfigurationError,
        match=rf'needs {module}, which is not installed: pip install "paysdk-async\[{extra}\]"',
    ):
        SQLPaymentStore(place)


@pytest.mark.parametrize(
    "url",
    [
        "{0}",
        "sqlite:///{1}",
        "sqlite:///{1}?uri=true",
        "sqlite:///file:{2}?uri=true",
        "sqlite:///file:{2}?uri=true&mode=ro",
    ],
)
async def test_an_existing_file_can_be_opened_without_creating_it(
    tmp_path: Path,
    url: str,
    shelf: Shelf,
    make: Callable[..., Payment],
    kept: Callable[..., Awaitable[dict[str, Payment]]],
) -> None:
    """This works for each way to name it, and for characters that a URL must escape."""
    file = tmp_path / "a #1.db"
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(file) as store:
        await sync_payments(shelf, store)
    async with SQLPaymentStore(
        url.format(file, quote(str(file)), quote(quote(str(file)))), create=False
    ) as store:
        assert ["1"] == list(await kept(store))


@pytest.mark.parametrize("schema", ["", " ", "a\0b", "x" * 64, "ä" * 32, 7, ("a", "b")])
def test_an_invalid_schema_is_refused(schema: Any) -> None:  # noqa: ANN401  # whatever is given
    """PostgreSQL would cut a longer name, which may then be another schema."""
    with pytest.raises(ConfigurationError, match="schema must be the name of a schema"):
        SQLPaymentStore("postgresql://localhost/books", schema=schema)


@pytest.mark.parametrize(
    ("place", "schema", "message"),
    [
        ("payments.db", "books", "A file of SQLite has no schemas"),
        ("sqlite:///payments.db", "books", "A file of SQLite has no schemas"),
        (
            "postgresql://localhost/books?schema=books",
            "others",
            "The URL says schema=books, but the store was given schema='others'",
        ),
        (
            "postgresql://localhost/books?schema=a&schema=b",
            None,
            "schema must be the name of a schema",
        ),
        (
            "postgresql://localhost/books?autocommit=1",
            None,
            "The URL of a database does not take autocommit",
        ),
        (
            "postgresql://localhost/books?prepare_threshold=letmein",
            None,
            "an option with an invalid value",
        ),
    ],
)
def test_an_option_that_the_database_cannot_have_is_refused(
    place: str, schema: str | None, message: str
) -> None:
    """The error comes before the database is opened."""
    with pytest.raises(ConfigurationError, match=message):
        SQLPaymentStore(place, schema=schema)


def test_a_schema_may_be_named_twice() -> None:
    """The URL and the argument may both name the same schema."""
    assert (
        "postgresql://localhost/books"
        == find_database("postgresql://localhost/books?schema=books", schema="books").name
    )
