"""Pages are changed on their way."""

from __future__ import annotations

from decimal import Decimal

from paysdk import InvoiceRef, Payment
from paysdk.testing import Response
from paysdk.testing.contract.rewrite import Pages, with_text


def test_changes_pages_only() -> None:
    """Records are found at any depth of a page, and other responses are unchanged."""
    known = [
        Payment(
            provider="x",
            id="0",
            amount=Decimal("1.50"),
            invoice=InvoiceRef(id="invoice"),
            raw={"id": 1, "amount": "1.50"},
        )
    ]
    changed = Pages(known, lambda number, records: [number, *records])
    for body in (b"<html>", b'{"records": []}', b"7"):
        assert Response(200, body) == changed(Response(200, body))
    for number in (1, 2):
        page = Response(
            200, b'{"data": {"edges": [{"node": {"id": 1, "amount": "1.50"}}]}, "total": 1.10}'
        )
        expected = (
            b'{"data":{"edges":[%d,{"node":{"id":1,"amount":"1.50"}}]},"total":1.10}' % number
        )
        assert Response(200, expected) == changed(page)


def test_changes_links_wherever_they_stand() -> None:
    """Links are changed in the body, also with escaped slashes, and in headers."""
    response = Response(
        200, b'["http://a/x", "http:\\/\\/a\\/x"]', {"Link": '<http://a/x>; rel="next"'}
    )
    expected = Response(
        200, b'["https://b/x", "https:\\/\\/b\\/x"]', {"Link": '<https://b/x>; rel="next"'}
    )
    assert expected == with_text(response, "http://a", "https://b")
