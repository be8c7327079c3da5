"""The form in which a journal keeps an order that was sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import attrs

from paysdk.orders import OpenOrder
from paysdk.providers.campfire.paying.order import ExpectedPayment, PayOrder
from paysdk.providers.campfire.paying.sent_order import SentOrder, read_open_order

NAMED = ExpectedPayment(
    "empty_transactions", Decimal("50.10"), "Order-1", None, str(date(2026, 1, 31))
)
UNNAMED = attrs.evolve(NAMED, external_id=None)


def sent(*items: ExpectedPayment, invoice_id: int = 7) -> SentOrder:
    """An order with these items."""
    return SentOrder(
        invoice_id=invoice_id, order=PayOrder(b"{}", items), before=frozenset({"2", "1"})
    )


def test_an_order_comes_back_from_a_journal_as_it_went_in() -> None:
    """The journal keeps the items with their digits, and everything else except the body."""
    order = attrs.evolve(sent(NAMED, UNNAMED), drafted=True)
    kept = order.to_open()

    read = read_open_order(kept)

    assert read is not None
    assert (order.id, order.sent_at, True) == (read.id, read.sent_at, read.drafted)
    assert (7, order.before) == (read.invoice_id, read.before)
    assert order.order.expected == read.order.expected


def test_an_order_in_another_form_is_not_read() -> None:
    """An entry of another version of paysdk is not read."""
    kept = sent(NAMED).to_open()

    assert read_open_order(attrs.evolve(kept, details='{"invoice": "7"}')) is None
    assert read_open_order(OpenOrder(id="1", sent_at=kept.sent_at, details="no JSON")) is None


def test_orders_with_external_ids_are_the_same_if_they_share_one() -> None:
    """Orders that share an external id may be the same, whatever their invoice and amount."""
    other = PayOrder(b"{}", (attrs.evolve(NAMED, amount=Decimal(1)),))

    assert sent(NAMED).may_be(8, other)
    assert not sent(NAMED).may_be(7, PayOrder(b"{}", (UNNAMED,)))
    assert not sent(UNNAMED).may_be(7, PayOrder(b"{}", (NAMED,)))


def test_orders_without_external_ids_are_the_same_if_their_items_are() -> None:
    """Orders without external ids are the same if they have equal items for one invoice."""
    same = PayOrder(b"{}", (UNNAMED,))

    assert sent(UNNAMED).may_be(7, same)
    assert not sent(UNNAMED).may_be(8, same)
    assert not sent(UNNAMED).may_be(7, PayOrder(b"{}", (UNNAMED, UNNAMED)))
