"""The types of columns, in both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from paysdk.sync import columns

SQLITE: sa.Dialect = registry.load("sqlite")()
POSTGRESQL: sa.Dialect = registry.load("postgresql")()


@pytest.mark.parametrize(
    ("kind", "in_sqlite", "in_postgresql"),
    [
        (columns.text(), "TEXT", 'TEXT COLLATE "C"'),
        (columns.amount(), "TEXT", "NUMERIC"),
        (columns.day(), "TEXT", "DATE"),
        (columns.moment(), "TEXT", "TIMESTAMP WITH TIME ZONE"),
        (columns.json(), "TEXT", "JSON"),
    ],
)
def test_each_database_has_a_type_that_keeps_the_value(
    kind: sa.types.TypeEngine[object], in_sqlite: str, in_postgresql: str
) -> None:
    """SQLite has texts instead of decimals and dates, which it lacks."""
    assert in_sqlite == kind.compile(SQLITE)
    assert in_postgresql == kind.compile(POSTGRESQL)


def test_json_is_read_as_it_was_sent() -> None:
    """It is selected as a text in PostgreSQL, whose driver would decode it."""
    column = sa.Column("raw", columns.json())
    statement = sa.select(column)

    assert "CAST(raw AS TEXT)" in str(statement.compile(dialect=POSTGRESQL))
    assert "CAST" not in str(statement.compile(dialect=SQLITE))
