"""Fuzz the readers of Campfire's responses: payments, an invoice, and a paid invoice."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["paysdk"]):
    from paysdk.providers.campfire.invoices.normalise import read_invoice, read_paid
    from paysdk.providers.campfire.normalise import READER
    from paysdk.records.malformed import decode_or_raise

from faults import check
from pages import check_invoice, read_page
from shaping import mutate

_PAYMENT = {"id": 1, "amount": 1, "invoice_id": 1}
_PAGE = {"results": [_PAYMENT], "next": None}
_INVOICE = {
    "id": 1,
    "lines": [{"id": 1}],
    "attachments": [{"id": 1}],
    "payments": [_PAYMENT],
    "payment_ids": [1],
}


def test_one_input(data: bytes) -> None:
    """Read *data* as each of the responses."""
    check(lambda body: read_page(READER, body), data, _PAGE)
    check(lambda body: check_invoice(decode_or_raise(read_invoice, body)), data, _INVOICE)
    check(lambda body: decode_or_raise(read_paid, body), data, _INVOICE)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutate)
    atheris.Fuzz()
