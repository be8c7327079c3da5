"""The tables of a store.

They are the same on both databases, except for the types that keep a value exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONTENT",
    "MIGRATIONS",
    "VERSION",
    "content_columns",
    "held_names",
    "metadata",
    "open_orders",
    "payment_changes",
    "payments",
    "stored_tokens",
    "sync_schema",
    "sync_state",
]

# It grows with each change to the tables, which also needs a step in MIGRATIONS.
VERSION = 5
# The SQL that leads from a version, which is the key, to the next one, by the name of the dialect.
MIGRATIONS: Mapping[int, Mapping[str, tuple[str, ...]]] = {
    1: {
        "sqlite": (
            """CREATE TABLE paysdk_held_names (
                name TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL,
                leased_until DOUBLE NOT NULL)""",
            """CREATE TABLE paysdk_open_orders (
                name TEXT NOT NULL, order_id TEXT NOT NULL, sent_at TEXT NOT NULL,
                drafted BOOLEAN NOT NULL,
                content TEXT NOT NULL, PRIMARY KEY (name, order_id))""",
        ),
        "postgresql": (
            """CREATE TABLE paysdk_held_names (
                name TEXT COLLATE "C" NOT NULL PRIMARY KEY, holder TEXT COLLATE "C" NOT NULL,
                leased_until DOUBLE PRECISION NOT NULL)""",
            """CREATE TABLE paysdk_open_orders (
                name TEXT COLLATE "C" NOT NULL, order_id TEXT COLLATE "C" NOT NULL,
                sent_at TIMESTAMP WITH TIME ZONE NOT NULL, drafted BOOLEAN NOT NULL,
                content TEXT COLLATE "C" NOT NULL, PRIMARY KEY (name, order_id))""",
        ),
    },
    2: {
        "sqlite": (
            "ALTER TABLE sync_state ADD COLUMN pass_since TEXT",
            "ALTER TABLE sync_state ADD COLUMN oldest_malformed TEXT",
            "ALTER TABLE sync_state ADD COLUMN waiting_since TEXT",
        ),
        "postgresql": (
            "ALTER TABLE sync_state ADD COLUMN pass_since TIMESTAMP WITH TIME ZONE",
            "ALTER TABLE sync_state ADD COLUMN oldest_malformed TIMESTAMP WITH TIME ZONE",
            "ALTER TABLE sync_state ADD COLUMN waiting_since TIMESTAMP WITH TIME ZONE",
        ),
    },
    3: dict.fromkeys(
        ("sqlite", "postgresql"),
        (
            "ALTER TABLE payments ADD COLUMN voided BOOLEAN NOT NULL DEFAULT false",
            "UPDATE payments SET voided = true WHERE voided_date IS NOT NULL",
        ),
    ),
    4: {
        "sqlite": (
            "CREATE TABLE paysdk_tokens (name TEXT NOT NULL PRIMARY KEY, content TEXT NOT NULL)",
        ),
        "postgresql": (
            """CREATE TABLE paysdk_tokens (
                name TEXT COLLATE "C" NOT NULL PRIMARY KEY, content TEXT COLLATE "C" NOT NULL)""",
        ),
    },
}


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


def _text() -> sa.types.TypeEngine[Any]:
    # Ordered by code point, as SQLite and Python order texts.
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _exact(of_postgres: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    # SQLite has neither decimals nor dates, so they are texts there. Dates and times are in the
    # form of ISO 8601.
    return of_postgres.with_variant(sa.Text(), "sqlite")


def _amount() -> sa.types.TypeEngine[Any]:
    return _exact(sa.Numeric())


def _day() -> sa.types.TypeEngine[Any]:
    return _exact(sa.Date())


def _moment() -> sa.types.TypeEngine[Any]:
    return _exact(sa.DateTime(timezone=True))


def _json() -> sa.types.TypeEngine[Any]:
    return _exact(_JSON())


metadata: sa.MetaData = sa.MetaData()

payments: sa.Table = sa.Table(
    "payments",
    metadata,
    sa.Column("provider", _text(), primary_key=True),
    sa.Column("account", _text(), primary_key=True),
    sa.Column("id", _text(), primary_key=True),
    sa.Column("amount", _amount(), nullable=False),
    sa.Column("currency", _text()),
    sa.Column("payment_date", _day()),
    sa.Column("invoice_id", _text(), nullable=False),
    sa.Column("invoice_number", _text()),
    sa.Column("invoice_total", _amount()),
    sa.Column("invoice_balance", _amount()),
    sa.Column("customer_id", _text()),
    sa.Column("customer_number", _text()),
    sa.Column("customer_name", _text()),
    sa.Column("external_id", _text()),
    sa.Column("source", _text()),
    sa.Column("voided_date", _day()),
    sa.Column("voided", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", _moment()),
    sa.Column("modified_at", _moment()),
    sa.Column("first_seen_at", _moment(), nullable=False),
    sa.Column("vanished_at", _moment()),
    # The number of the last pass that saw it. After a full pass, an older number means that the
    # payment has vanished.
    sa.Column("seen_pass", sa.BigInteger, nullable=False),
    sa.Column("raw", _json(), nullable=False),
)

# These columns hold what paysdk notes about a payment. All others hold what the provider sent.
_BOOKKEEPING = {"provider", "account", "first_seen_at", "vanished_at", "seen_pass"}

# The columns of what the provider sent, in the order in which rows are built and compared.
content_columns: tuple[sa.Column[Any], ...] = tuple(
    column for column in payments.columns if column.name not in _BOOKKEEPING
)
CONTENT: tuple[str, ...] = tuple(column.name for column in content_columns)

payment_changes: sa.Table = sa.Table(
    "payment_changes",
    metadata,
    sa.Column(
        "sequence",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        sa.Identity(),
        primary_key=True,
    ),
    sa.Column("kind", _text(), nullable=False),
    sa.Column("provider", _text(), nullable=False),
    sa.Column("account", _text(), nullable=False),
    sa.Column("payment_id", _text(), nullable=False),
    sa.Column("noticed_at", _moment(), nullable=False),
    # A created or vanished payment is not copied here. It is in `payments`, or in the `before` of
    # its next change. So a first pass over a million payments writes a million short rows.
    sa.Column("fields", _text()),
    sa.Column("before", _json()),
    sa.Column("after", _json()),
    sqlite_autoincrement=True,
)
_known_before = payment_changes.c.before.is_not(None)
sa.Index(
    "payment_changes_by_payment",
    *(payment_changes.c[name] for name in ("provider", "account", "payment_id", "sequence")),
    sqlite_where=_known_before,
    postgresql_where=_known_before,
)

sync_state: sa.Table = sa.Table(
    "sync_state",
    metadata,
    sa.Column("provider", _text(), primary_key=True),
    sa.Column("account", _text(), primary_key=True),
    # Only the sync with this number may write. It grows with every lease.
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("holder", _text()),
    # Seconds since 1970, by the database's clock on PostgreSQL.
    sa.Column("leased_until", sa.Double, nullable=False),
    sa.Column("pass_number", sa.BigInteger, nullable=False),
    # "full" or "incremental" during a pass.
    sa.Column("pass_kind", _text()),
    sa.Column("pass_started_at", _moment()),
    sa.Column("checkpoint", _text()),
    sa.Column("latest_modified", _moment()),
    # How many records the pass has set aside, the time from which it lists, and the time of the
    # oldest record that it has set aside.
    sa.Column("malformed", sa.BigInteger, nullable=False),
    sa.Column("pass_since", _moment()),
    sa.Column("oldest_malformed", _moment()),
    # The next pass lists from this time or earlier, because records from the last pass wait.
    sa.Column("waiting_since", _moment()),
    sa.Column("watermark", _moment()),
    sa.Column("completed_at", _moment()),
    # Where the payments were listed from: "loopback" for any sandbox, and NULL if the provider has
    # no base_url.
    sa.Column("origin", _text()),
)

held_names: sa.Table = sa.Table(
    "paysdk_held_names",
    metadata,
    sa.Column("name", _text(), primary_key=True),
    # A new one each time that the name is taken.
    sa.Column("holder", _text(), nullable=False),
    # Seconds since 1970, by the database's clock on PostgreSQL.
    sa.Column("leased_until", sa.Double, nullable=False),
)

open_orders: sa.Table = sa.Table(
    "paysdk_open_orders",
    metadata,
    sa.Column("name", _text(), primary_key=True),
    sa.Column("order_id", _text(), primary_key=True),
    sa.Column("sent_at", _moment(), nullable=False),
    sa.Column("drafted", sa.Boolean, nullable=False),
    # JSON in ASCII, because a database of any encoding must keep it exactly.
    sa.Column("content", _text(), nullable=False),
)

# The access and refresh tokens of OAuth2 clients. Who may read this table may use them.
stored_tokens: sa.Table = sa.Table(
    "paysdk_tokens",
    metadata,
    sa.Column("name", _text(), primary_key=True),
    # JSON, in ASCII.
    sa.Column("content", _text(), nullable=False),
)

sync_schema: sa.Table = sa.Table(
    "sync_schema", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False)
)
