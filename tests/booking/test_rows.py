"""Bookings as the columns of the store hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import attrs

from paysdk.booking.booking import Approval, BookingKey
from paysdk.booking.rows import (
    encode_approval,
    encode_details,
    encode_line,
    key_values,
    of_key,
    read_approval,
)
from paysdk.sync.booking_tables import bookings
from tests.booking.values import LINE

KEY = BookingKey("notify", "default", "p1", generation=2)


def test_texts_are_ascii() -> None:
    """A database of any encoding keeps them, and amounts keep their digits."""
    line = encode_line(attrs.evolve(LINE, client_name="Zoë", amount=Decimal("50.00")))
    details = encode_details({"due": Decimal("1.50"), "sentence": "Für Zoë."})

    assert line.isascii()
    assert r'"Zo\u00eb"' in line
    assert '"50.00"' in line
    assert r'{"due": "1.50", "sentence": "F\u00fcr Zo\u00eb."}' == details


def test_an_approval_is_the_same_after_reading_it_back() -> None:
    """A run without one has none."""
    approval = Approval(
        by="Zoë", at=datetime(2026, 3, 2, tzinfo=UTC), limit=Decimal("100.00"), left_out=("p2",)
    )

    assert approval == read_approval(encode_approval(approval))
    assert read_approval(None) is None


def test_a_key_is_four_columns() -> None:
    """They choose its row in a table."""
    values = {
        "source": "notify",
        "source_account": "default",
        "payment_id": "p1",
        "generation": 2,
    }

    assert values == key_values(KEY)
    assert " AND ".join(f"paysdk_bookings.{name} = :{name}_1" for name in values) == str(
        of_key(bookings, KEY)
    )
