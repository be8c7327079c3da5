"""Reading a page or an invoice whole, and using what comes out as a program would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import Invoice, Payment, make_converter
from paysdk.reading import opened, read_records

if TYPE_CHECKING:
    from paysdk import MalformedResponseError
    from paysdk.reading import Reader

__all__ = ["check_invoice", "read_page"]

_CONVERTER = make_converter()


def read_page(reader: Reader, body: bytes) -> None:
    """Read a page and make its payments; setting the bad records aside must give the same ones."""
    page = opened(reader, body)
    records = [bytes(record) for record in page.records]
    set_aside: list[MalformedResponseError] = []
    rows, readable = read_records(reader, records, 0, set_aside.append)
    assert len(records) == len(rows) + len(set_aside) == len(readable) + len(set_aside)
    for row, record in zip(rows, readable, strict=True):
        _check_payment(reader.payment(row, record))
    read_records(reader, records, 0, None)


def check_invoice(invoice: Invoice) -> None:
    """An invoice must come back from JSON, and the same each time: a number in a field of any kind is a text from then on."""
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
