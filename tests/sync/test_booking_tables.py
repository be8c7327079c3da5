"""The tables of bookings."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from paysdk.sync.booking_tables import (
    CREATE_BOOKING_TABLES,
    booking_history,
    booking_policies,
    booking_runs,
    bookings,
)
from paysdk.sync.columns import metadata

TABLES = (booking_policies, booking_runs, bookings, booking_history)


def describe(connection: sa.Connection) -> dict[str, Any]:
    """Return the columns, keys and indexes of the tables."""
    found = sa.inspect(connection)
    return {
        table.name: (
            [
                (each["name"], str(each["type"]), each["nullable"])
                for each in found.get_columns(table.name)
            ],
            found.get_pk_constraint(table.name)["constrained_columns"],
            [(each["name"], each["column_names"]) for each in found.get_indexes(table.name)],
        )
        for table in TABLES
    }


def test_an_older_database_gets_the_tables_of_a_new_one() -> None:
    """The statements make the tables that SQLAlchemy makes, here in SQLite."""
    described = []
    for made_by_sqlalchemy in (True, False):
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            if made_by_sqlalchemy:
                metadata.create_all(connection, tables=TABLES)
            else:
                for statement in CREATE_BOOKING_TABLES["sqlite"]:
                    connection.execute(sa.text(statement))
            described.append(describe(connection))
        engine.dispose()

    assert described[0] == described[1]
    assert "paysdk_bookings_by_run" == described[0]["paysdk_bookings"][2][0][0]


def test_each_column_that_identifies_a_row_is_required() -> None:
    """A history can be read by the key of its booking."""
    key = ["source", "source_account", "payment_id", "generation"]

    assert key == [column.name for column in bookings.primary_key]
    assert [*key, "step"] == [column.name for column in booking_history.primary_key]
