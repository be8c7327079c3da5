"""The types of columns that keep a value exact, in both databases, and the list of the tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

__all__ = ["amount", "day", "json", "metadata", "moment", "text"]

metadata: sa.MetaData = sa.MetaData()


class _JSON(UserDefinedType[str]):
    """JSON as a text that stays the same to the byte.

    PostgreSQL's ``json`` keeps the text, unlike ``jsonb``. The cast keeps the driver from decoding
    it.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401  # SQLAlchemy's signature
        return "JSON"

    def column_expression(self, colexpr: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.cast(colexpr, sa.Text)


def text() -> sa.types.TypeEngine[Any]:
    """Texts, ordered by code point, as SQLite and Python order them."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _exact(of_postgres: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    # SQLite has neither decimals nor dates, so they are texts there. Dates and times are in the
    # form of ISO 8601.
    return of_postgres.with_variant(sa.Text(), "sqlite")


def amount() -> sa.types.TypeEngine[Any]:
    """Exact amounts."""
    return _exact(sa.Numeric())


def day() -> sa.types.TypeEngine[Any]:
    """Dates."""
    return _exact(sa.Date())


def moment() -> sa.types.TypeEngine[Any]:
    """Times with a zone."""
    return _exact(sa.DateTime(timezone=True))


def json() -> sa.types.TypeEngine[Any]:
    """JSON as it was sent."""
    return _exact(_JSON())
