"""The tables of bookings, which ``paysdk.booking`` reads and writes.

Columns with JSON are texts in ASCII, because a database of any encoding must keep them exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from paysdk.sync.columns import metadata, moment, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CREATE_BOOKING_TABLES",
    "booking_history",
    "booking_policies",
    "booking_runs",
    "bookings",
]

_PAIR = ("source", "source_account", "target", "target_account")
_KEY = ("source", "source_account", "payment_id")

booking_policies: sa.Table = sa.Table(
    "paysdk_booking_policies",
    metadata,
    *(sa.Column(name, text(), primary_key=True) for name in _PAIR),
    sa.Column("content", text(), nullable=False),
    sa.Column("written_at", moment(), nullable=False),
)

# A run is a plan, and its approval when it has one.
booking_runs: sa.Table = sa.Table(
    "paysdk_booking_runs",
    metadata,
    sa.Column("digest", text(), primary_key=True),
    *(sa.Column(name, text(), nullable=False) for name in _PAIR),
    sa.Column("made_at", moment(), nullable=False),
    sa.Column("content", text(), nullable=False),
    sa.Column("approval", text()),
)

bookings: sa.Table = sa.Table(
    "paysdk_bookings",
    metadata,
    *(sa.Column(name, text(), primary_key=True) for name in _KEY),
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("target", text(), nullable=False),
    sa.Column("target_account", text(), nullable=False),
    sa.Column("run", text(), nullable=False),
    sa.Column("state", text(), nullable=False),
    # The number of its last entry in the history.
    sa.Column("step", sa.Integer, nullable=False),
    # Only the worker with this number may write. It grows each time that the booking is taken.
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("holder", text()),
    # Seconds since 1970, by the database's clock on PostgreSQL.
    sa.Column("leased_until", sa.Double, nullable=False),
    sa.Column("external_id", text(), nullable=False),
    # The ids of its payments in the target, as a JSON array.
    sa.Column("payment_ids", text(), nullable=False),
    sa.Column("line", text(), nullable=False),
    # The details of its last step, as JSON.
    sa.Column("details", text(), nullable=False),
    sa.Column("since", moment(), nullable=False),
)
sa.Index("paysdk_bookings_by_run", bookings.c.run)
# Before each order is sent, the others without a known outcome are read.
sa.Index(
    "paysdk_bookings_by_state",
    *(bookings.c[name] for name in ("target", "target_account", "state")),
)

# Nothing is ever changed or deleted here.
booking_history: sa.Table = sa.Table(
    "paysdk_booking_history",
    metadata,
    *(sa.Column(name, text(), primary_key=True) for name in _KEY),
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("before", text()),
    sa.Column("after", text(), nullable=False),
    sa.Column("run", text(), nullable=False),
    sa.Column("at", moment(), nullable=False),
    sa.Column("details", text(), nullable=False),
)


def _create(types: Mapping[str, str]) -> tuple[str, ...]:
    pair = ", ".join(f"{name} {types['text']} NOT NULL" for name in _PAIR)
    key = ", ".join(f"{name} {types['text']} NOT NULL" for name in _KEY)
    fields: dict[str, Any] = {**types, "pair": pair, "key": key}
    statements = (
        """CREATE TABLE paysdk_booking_policies (
            {pair}, content {text} NOT NULL, written_at {moment} NOT NULL,
            PRIMARY KEY (source, source_account, target, target_account))""",
        """CREATE TABLE paysdk_booking_runs (
            digest {text} NOT NULL, {pair}, made_at {moment} NOT NULL, content {text} NOT NULL,
            approval {text}, PRIMARY KEY (digest))""",
        """CREATE TABLE paysdk_bookings (
            {key}, generation INTEGER NOT NULL, target {text} NOT NULL,
            target_account {text} NOT NULL, run {text} NOT NULL, state {text} NOT NULL,
            step INTEGER NOT NULL, fence BIGINT NOT NULL, holder {text},
            leased_until {double} NOT NULL, external_id {text} NOT NULL,
            payment_ids {text} NOT NULL, line {text} NOT NULL, details {text} NOT NULL,
            since {moment} NOT NULL,
            PRIMARY KEY (source, source_account, payment_id, generation))""",
        "CREATE INDEX paysdk_bookings_by_run ON paysdk_bookings (run)",
        """CREATE INDEX paysdk_bookings_by_state
            ON paysdk_bookings (target, target_account, state)""",
        """CREATE TABLE paysdk_booking_history (
            {key}, generation INTEGER NOT NULL, step INTEGER NOT NULL, "before" {text},
            "after" {text} NOT NULL, run {text} NOT NULL, at {moment} NOT NULL,
            details {text} NOT NULL,
            PRIMARY KEY (source, source_account, payment_id, generation, step))""",
    )
    return tuple(statement.format(**fields) for statement in statements)


# The SQL that adds them to tables of version 5, by the name of the dialect.
CREATE_BOOKING_TABLES: Mapping[str, tuple[str, ...]] = {
    "sqlite": _create({"text": "TEXT", "moment": "TEXT", "double": "DOUBLE"}),
    "postgresql": _create(
        {
            "text": 'TEXT COLLATE "C"',
            "moment": "TIMESTAMP WITH TIME ZONE",
            "double": "DOUBLE PRECISION",
        }
    ),
}
