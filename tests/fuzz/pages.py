"""Read a page or an invoice, and use the result as a program does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import Invoice, Payment, make_converter
from paysdk.records.malformed import decode_one_by_one
from paysdk.records.page import open_page, try_decode

if TYPE_CHECKING:
    from paysdk import MalformedResponseError
    from paysdk.records.page import Reader

__all__ = ["check_invoice", "read_page"]

_CONVERTER = make_converter()


def read_page(reader: Reader[Payment], body: bytes) -> None:
    """Read a page, and check that reading its records one by one gives the same payments."""
    page = open_page(reader, body)
    set_aside: list[MalformedResponseError] = []
    one_by_one = list(decode_one_by_one(reader, page, set_aside.append))
    good = [row for row in one_by_one if row is not None]
    assert len(one_by_one) == len(good) + len(set_aside)
    payments = list(map(reader.make, good))
    for payment in payments:
        _check_payment(payment)
    records = list(map(bytes, page.records))
    rows = try_decode(reader, records)
    if rows is None:
        # Some record does not fit the schema. It is malformed, or it was read liberally.
        assert any(try_decode(reader, [record]) is None for record in records)
        list(decode_one_by_one(reader, page, None))
        assert not set_aside
        return
    assert payments == list(map(reader.make, rows))
    assert [payment.raw for payment in payments] == [reader.make(row).raw for row in rows]


def check_invoice(invoice: Invoice) -> None:
    """Check that an invoice survives JSON. A number in an untyped field becomes text once."""
    assert invoice.raw is not None
    back = _CONVERTER.loads(_CONVERTER.dumps(invoice), Invoice)
    assert back == _CONVERTER.loads(_CONVERTER.dumps(back), Invoice)
    assert invoice.payments == back.payments
    for payment in invoice.payments:
        _check_payment(payment)


def _check_payment(payment: Payment) -> None:
    assert payment.amount.is_finite()
    assert payment.raw is not None
    assert hash(payment) == hash(_CONVERTER.loads(_CONVERTER.dumps(payment), Payment))
