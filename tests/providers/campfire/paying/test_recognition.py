"""The rules that tell whether an order is booked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import attrs
import pytest

from paysdk.errors import ConfigurationError, DuplicatePaymentError
from paysdk.payment import InvoiceRef, Payment
from paysdk.providers.campfire.paying.items import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    TransactionPayment,
)
from paysdk.providers.campfire.paying.order import PayOrder
from paysdk.providers.campfire.paying.recognition import (
    find_booked,
    find_by_external_ids,
    find_possible,
    refuse_surplus,
)

DAY = date(2025, 7, 25)
KINDS: dict[str, Any] = {
    "transactions": TransactionPayment,
    "credit_memos": CreditMemoPayment,
    "debit_memos": DebitMemoPayment,
    "empty_transactions": ManualPayment,
}


def order(*items: object) -> PayOrder:
    """The order for these items."""
    return PayOrder.of(
        {
            name: (kind, [item for item in items if isinstance(item, kind)])
            for name, kind in KINDS.items()
        }
    )


def manual(amount: str, external_id: str | None = None) -> ManualPayment:
    """A payment without a transaction."""
    return ManualPayment(Decimal(amount), 1, "Bank", DAY, external_id)


def payment(
    id: str,
    amount: str,
    external_id: str | None = None,
    transaction: object = None,
    **fields: Any,  # noqa: ANN401  # any field
) -> Payment:
    """A payment as an invoice shows it."""
    raw = {"payment_transaction": transaction}
    made = Payment(
        provider="campfire",
        id=id,
        amount=Decimal(amount),
        invoice=InvoiceRef("7"),
        external_id=external_id,
        raw=raw,
    )
    return attrs.evolve(made, **fields)


ONE, TWO = manual("10.00", "one"), manual("20.00", "two")


@pytest.mark.parametrize(
    ("items", "payments", "expected"),
    [
        ([ONE], [], None),
        ([manual("10.00")], [payment("1", "10.00", "one")], None),
        ([ONE], [payment("1", "10.00", "other"), payment("2", "10.00")], None),
        ([ONE], [payment("1", "10.00", "one", voided_date=DAY)], None),
        ([ONE], [payment("1", "10", "one")], ("1",)),
        ([ONE, TWO], [payment("2", "20.00", "two"), payment("1", "10.00", "one")], ("1", "2")),
        ([ONE], [payment("1", "7.50", "one"), payment("2", "2.50", "one")], ("1", "2")),
    ],
    ids=range(7),
)
def test_what_is_booked_already_is_found_by_its_external_ids(
    items: list[ManualPayment], payments: list[Payment], expected: tuple[str, ...] | None
) -> None:
    """If every item is booked, the result has their live payments in the order of the items."""
    assert expected == find_by_external_ids(order(*items), payments)


@pytest.mark.parametrize(
    ("items", "payments"),
    [
        ([ONE], [payment("1", "10.01", "one")]),
        ([ONE, TWO], [payment("1", "10.00", "one")]),
        ([ONE, manual("5.00")], [payment("1", "10.00", "one")]),
    ],
    ids=["amount", "some", "without"],
)
def test_external_id_that_is_taken_is_refused(
    items: list[ManualPayment], payments: list[Payment]
) -> None:
    """An external id of another payment, or of only some items, stops the order."""
    with pytest.raises(
        ConfigurationError, match=r"These external ids are booked already: 'one' \(payment 1, 10"
    ):
        find_by_external_ids(order(*items), payments)


UPPER, LOWER = manual("10.00", "Receipt-1"), manual("10.00", "receipt-1")
FOLDED = [payment("1", "10.00", "receipt-1"), payment("2", "10.00", "receipt-1")]


@pytest.mark.parametrize("items", [[UPPER, LOWER], [LOWER, UPPER]], ids=["first", "last"])
def test_two_external_ids_that_a_server_makes_one_are_no_surplus(
    items: list[ManualPayment],
) -> None:
    """As many payments as items are what was ordered, and one more is too much."""
    refuse_surplus(order(*items), FOLDED, before=())
    with pytest.raises(ConfigurationError, match="These external ids are booked already"):
        find_by_external_ids(order(*items), FOLDED)
    for refuse in (partial(refuse_surplus, before=()), find_by_external_ids):
        with pytest.raises(DuplicatePaymentError, match="More is booked"):
            refuse(order(*items), [*FOLDED, payment("3", "10.00", "receipt-1")])


def test_an_item_that_is_there_does_not_excuse_a_surplus_of_another() -> None:
    """An external id that begins like another one is told apart if both are there."""
    items = [manual("10.00", "receipt-2026-1"), manual("10.00", "receipt-2026-10")]
    twice = [payment(id, "10.00", "receipt-2026-1") for id in ("1", "2")]
    with pytest.raises(DuplicatePaymentError, match=r"payments 1 .* 2 "):
        refuse_surplus(order(*items), [*twice, payment("3", "10.00", "receipt-2026-10")], before=())


BANK = TransactionPayment(5, Decimal("10.00"))
MEMO = CreditMemoPayment(6, Decimal("10.00"))


@pytest.mark.parametrize(
    ("items", "payments", "expected"),
    [
        ([manual("10.00")], [], None),
        ([manual("10.00")], [payment("old", "10.00")], None),
        ([manual("10.00")], [payment("1", "10.01")], None),
        ([manual("10.00")], [payment("old", "10.00"), payment("1", "10")], {"1"}),
        ([manual("10.00"), manual("10.00")], [payment("1", "10.00")], None),
        (
            [manual("10.00"), manual("10.00")],
            [payment("1", "10.00"), payment("2", "10.00"), payment("3", "10.00")],
            None,
        ),
        (
            [manual("10.00"), manual("10.00")],
            [payment("1", "10.00"), payment("2", "10.00")],
            {"1", "2"},
        ),
        ([ONE], [payment("1", "10.00", "one"), payment("2", "10.00", "one")], None),
        ([ONE], [payment("1", "10.01", "one")], None),
        ([manual("10.00")], [payment("1", "10.00", payment_date=DAY)], {"1"}),
        ([manual("10.00")], [payment("1", "10.00", payment_date=date(2025, 7, 26))], None),
        ([manual("10.00")], [payment("1", "10.00", voided_date=DAY)], None),
        ([ONE], [payment("1", "10.00", "one", voided_date=DAY)], None),
        ([manual("10.00")], [payment("1", "10.00", currency="EUR")], {"1"}),
        ([manual("10.00")], [payment("1", "10.00", currency="USD")], None),
        (
            [manual("10.00"), MEMO],
            [payment("1", "10.00", raw={"payment_type": "CREDIT_MEMO"}), payment("2", "10.00")],
            {"1", "2"},
        ),
        (
            [BANK, manual("10.00")],
            [payment("1", "10.00", transaction=5), payment("2", "10.00", transaction=5)],
            {"1", "2"},
        ),
        (
            [manual("10.00"), MEMO],
            [payment(name, "10.00", raw={"payment_type": "CREDIT_MEMO"}) for name in ("1", "2")],
            None,
        ),
        ([BANK, BANK], [payment("1", "10.00", transaction=5), payment("2", "10.00")], None),
        ([ONE], [payment("1", "10.00", "other")], None),
        ([ONE], [payment("1", "10.00")], {"1"}),
        ([ONE], [payment("1", "10.00", "other"), payment("2", "10.00", "one")], {"2"}),
        ([manual("10.00"), ONE], [payment("2", "10.00", "one"), payment("1", "10.00")], {"1", "2"}),
        ([BANK], [payment("1", "10.00", transaction=4)], None),
        ([BANK], [payment("1", "10.00", transaction=5)], {"1"}),
        ([BANK], [payment("1", "10.00", transaction="5")], {"1"}),
        ([BANK], [payment("1", "10.00")], None),
        (
            [MEMO, BANK],
            [payment("1", "10.00", transaction=5), payment("2", "10.00", transaction=9)],
            {"1", "2"},
        ),
    ],
    ids=range(28),
)
def test_order_is_booked_if_each_item_is_among_the_new_payments(
    items: list[Any], payments: list[Payment], expected: set[str] | None
) -> None:
    """An earlier payment does not count, each item needs its own payment, and its ids must fit."""
    found = find_booked(order(*items), payments, before={"old"}, currency="EUR")
    assert expected == (None if found is None else set(found))


@pytest.mark.parametrize(
    ("item", "sent"),
    [
        (ONE, {"external_id": None}),
        (BANK, {"payment_transaction": None}),
        (BANK, {"payment_transaction": 99}),
        (manual("10.00"), {"source": "STRIPE"}),
        (manual("10.00"), {"external_id": "somebody else's"}),
        (manual("10.00"), {"payment_type": "BANK_TRANSACTION"}),
        (MEMO, {"payment_type": "MANUAL_TRANSACTION"}),
    ],
    ids=repr,
)
def test_somebody_elses_equal_payment_is_not_taken_for_ours(
    item: ManualPayment | TransactionPayment | CreditMemoPayment, sent: dict[str, Any]
) -> None:
    """A payment of the same amount with another id, kind or source is not what was ordered."""
    other = attrs.evolve(
        payment("1", "10.00"),
        raw=sent,
        source=sent.get("source"),
        external_id=sent.get("external_id"),
    )
    assert find_booked(order(item), [other], before=(), currency=None) is None


@pytest.mark.parametrize(
    ("item", "rival", "found", "expected"),
    [
        (manual("10.00"), manual("10.00"), [payment("1", "10.00")], None),
        (manual("10.00"), manual("10.00"), [payment("1", "10.00"), payment("2", "10.00")], None),
        (manual("10.00"), manual("10.01"), [payment("1", "10.00")], ("1",)),
        (manual("10.00"), BANK, [payment("1", "10.00", transaction=4)], ("1",)),
        (ONE, manual("10.00"), [payment("1", "10.00", "one")], ("1",)),
        (ONE, ONE, [payment("1", "10.00", "one")], ("1",)),
        (manual("10.00"), ONE, [payment("1", "10.00")], None),
    ],
    ids=range(7),
)
def test_what_an_unsettled_order_may_have_made_is_not_taken_for_ours(
    item: object, rival: object, found: list[Payment], expected: tuple[str, ...] | None
) -> None:
    """If another open order looks the same, only an external id makes a payment ours."""
    assert expected == find_booked(
        order(item), found, before=(), currency=None, rivals=[order(rival)]
    )


@pytest.mark.parametrize(
    ("items", "new", "expected"),
    [
        ([manual("10.00")], [payment("1", "10.00")], ("1",)),
        ([manual("10.00")], [payment("1", "9.99"), payment("2", "0.01")], ("1", "2")),
        ([manual("10.00")], [payment("1", "10.00"), payment("2", "3.00")], ("1",)),
        ([manual("10.00")], [payment("1", "3.00")], ()),
        ([manual("10.00")], [payment("1", "10.00", "another")], ()),
        ([ONE], [payment("1", "10.00", "another")], ()),
        ([ONE], [payment("1", "9.00", "one")], ("1",)),
        ([ONE], [payment("1", "10.00")], ("1",)),
        ([BANK], [payment("1", "9.00", transaction=5)], ("1",)),
        (
            [manual("10.00")],
            [payment("1", "9.00", raw={"withheld_amount": Decimal("1.00")})],
            ("1",),
        ),
        ([manual("10.00")], [payment("1", "9.00", raw={"withheld_amount": "1.00"})], ()),
        ([BANK], [payment("1", "10.00", transaction=4)], ()),
        ([BANK], [payment("1", "10.00", "btxn_1")], ("1",)),
        ([manual("10.00"), manual("10.00")], [payment("1", "10.00")], ()),
        (
            [manual("10.00"), manual("10.00")],
            [payment("1", "10.00"), payment("2", "10.00")],
            ("1", "2"),
        ),
    ],
    ids=range(15),
)
def test_what_the_order_may_have_made_of_what_is_new(
    items: list[Any], new: list[Payment], expected: tuple[str, ...]
) -> None:
    """Only a payment with our external id, our transaction or our amount may be ours."""
    assert expected == find_possible(order(*items), new)
