"""The tables of a store.

They are the same on both databases, except for the types that keep a value exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from paysdk.sync.booking_tables import CREATE_BOOKING_TABLES
from paysdk.sync.columns import amount, day, json, metadata, moment, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONTENT",
    "MIGRATIONS",
    "VERSION",
    "content_columns",
    "has_booking_name",
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
VERSION = 7
# For each version of the tables, the SQL that makes the next version of them, by dialect.
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
    5: CREATE_BOOKING_TABLES,
    6: dict.fromkeys(
        ("sqlite", "postgresql"),
        (
            """CREATE INDEX payments_by_booking ON payments (provider, account, external_id)
                WHERE substr(external_id, 1, 7) = 'paysdk:'""",
        ),
    ),
}


payments: sa.Table = sa.Table(
    "payments",
    metadata,
    sa.Column("provider", text(), primary_key=True),
    sa.Column("account", text(), primary_key=True),
    sa.Column("id", text(), primary_key=True),
    sa.Column("amount", amount(), nullable=False),
    sa.Column("currency", text()),
    sa.Column("payment_date", day()),
    sa.Column("invoice_id", text(), nullable=False),
    sa.Column("invoice_number", text()),
    sa.Column("invoice_total", amount()),
    sa.Column("invoice_balance", amount()),
    sa.Column("customer_id", text()),
    sa.Column("customer_number", text()),
    sa.Column("customer_name", text()),
    sa.Column("external_id", text()),
    sa.Column("source", text()),
    sa.Column("voided_date", day()),
    sa.Column("voided", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", moment()),
    sa.Column("modified_at", moment()),
    sa.Column("first_seen_at", moment(), nullable=False),
    sa.Column("vanished_at", moment()),
    # The number of the last pass that saw it. After a full pass, an older number means that the
    # payment has vanished.
    sa.Column("seen_pass", sa.BigInteger, nullable=False),
    sa.Column("raw", json(), nullable=False),
)

# The external ids of bookings begin with "paysdk:". Both databases use a partial index only if the
# query has its condition literally.
has_booking_name: sa.ColumnElement[bool] = sa.func.substr(
    payments.c.external_id, sa.literal_column("1"), sa.literal_column("7")
) == sa.literal_column("'paysdk:'")
sa.Index(
    "payments_by_booking",
    *(payments.c[name] for name in ("provider", "account", "external_id")),
    sqlite_where=has_booking_name,
    postgresql_where=has_booking_name,
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
    sa.Column("kind", text(), nullable=False),
    sa.Column("provider", text(), nullable=False),
    sa.Column("account", text(), nullable=False),
    sa.Column("payment_id", text(), nullable=False),
    sa.Column("noticed_at", moment(), nullable=False),
    # A created or vanished payment is not copied here. It is in `payments`, or in the `before` of
    # its next change. So a first pass over a million payments writes a million short rows.
    sa.Column("fields", text()),
    sa.Column("before", json()),
    sa.Column("after", json()),
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
    sa.Column("provider", text(), primary_key=True),
    sa.Column("account", text(), primary_key=True),
    # Only the sync with this number may write. It grows with every lease.
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("holder", text()),
    # Seconds since 1970, by the database's clock on PostgreSQL.
    sa.Column("leased_until", sa.Double, nullable=False),
    sa.Column("pass_number", sa.BigInteger, nullable=False),
    # "full" or "incremental" during a pass.
    sa.Column("pass_kind", text()),
    sa.Column("pass_started_at", moment()),
    sa.Column("checkpoint", text()),
    sa.Column("latest_modified", moment()),
    # How many records the pass has set aside, the time from which it lists, and the time of the
    # oldest record that it has set aside.
    sa.Column("malformed", sa.BigInteger, nullable=False),
    sa.Column("pass_since", moment()),
    sa.Column("oldest_malformed", moment()),
    # The next pass lists from this time or earlier, because records from the last pass wait.
    sa.Column("waiting_since", moment()),
    sa.Column("watermark", moment()),
    sa.Column("completed_at", moment()),
    # Where the payments were listed from: "loopback" for any sandbox, and NULL if the provider has
    # no base_url.
    sa.Column("origin", text()),
)

held_names: sa.Table = sa.Table(
    "paysdk_held_names",
    metadata,
    sa.Column("name", text(), primary_key=True),
    # A new one each time that the name is taken.
    sa.Column("holder", text(), nullable=False),
    # Seconds since 1970, by the database's clock on PostgreSQL.
    sa.Column("leased_until", sa.Double, nullable=False),
)

open_orders: sa.Table = sa.Table(
    "paysdk_open_orders",
    metadata,
    sa.Column("name", text(), primary_key=True),
    sa.Column("order_id", text(), primary_key=True),
    sa.Column("sent_at", moment(), nullable=False),
    sa.Column("drafted", sa.Boolean, nullable=False),
    # JSON in ASCII, because a database of any encoding must keep it exactly.
    sa.Column("content", text(), nullable=False),
)

# The access and refresh tokens of OAuth2 clients. Anyone who can read this table can use them.
stored_tokens: sa.Table = sa.Table(
    "paysdk_tokens",
    metadata,
    sa.Column("name", text(), primary_key=True),
    # JSON, in ASCII.
    sa.Column("content", text(), nullable=False),
)

sync_schema: sa.Table = sa.Table(
    "sync_schema", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False)
)
