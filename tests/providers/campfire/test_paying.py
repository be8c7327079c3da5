"""What is sent to pay an invoice, and what is concluded from what is found there."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import paysdk.providers.campfire
from paysdk.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaginationError,
    PaysdkError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.payment import InvoiceRef, Payment
from paysdk.providers.campfire.paying import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    PayOrder,
    TransactionPayment,
    booked,
    refused,
    with_external_ids,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = date(2025, 7, 25)
KINDS: dict[str, Any] = {
    "transactions": TransactionPayment,
    "credit_memos": CreditMemoPayment,
    "debit_memos": DebitMemoPayment,
    "empty_transactions": ManualPayment,
}


def order(**items: Any) -> PayOrder:  # noqa: ANN401  # anything may be given
    """The order for these items."""
    return PayOrder.of({name: (kind, items.get(name, ())) for name, kind in KINDS.items()})


def manual(amount: str, external_id: str | None = None) -> ManualPayment:
    """A payment without a transaction."""
    return ManualPayment(Decimal(amount), 1, "Bank", DAY, external_id)


def payment(
    id: str, amount: str, external_id: str | None = None, transaction: object = None, *, voided: bool = False
) -> Payment:  # what the record calls it
    """A payment as it stands on an invoice."""
    return Payment(
        provider="campfire",
        id=id,
        amount=Decimal(amount),
        invoice=InvoiceRef("7"),
        external_id=external_id,
        voided_date=DAY if voided else None,
        raw={"payment_transaction": transaction},
    )


@pytest.mark.parametrize("digits", ["883.330", "883.33", "1E+3", "150", "0.00", "-1.50", "1E-7", "9" * 40 + ".10"])
def test_amounts_are_sent_with_exactly_their_digits(digits: str) -> None:
    """An amount goes out as a JSON number of the digits that were given, from an item and from a mapping."""
    for item in (TransactionPayment(1, Decimal(digits)), {"transaction_id": 1, "amount": Decimal(digits)}):
        assert b'"amount":%s}' % digits.encode() in order(transactions=[item]).body


@settings(max_examples=60)
@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers())
def test_any_finite_amount_is_sent_exactly(amount: Decimal | int) -> None:
    """Whatever number it is, reading the body gives it back digit by digit."""
    body = order(credit_memos=[CreditMemoPayment(1, amount)]).body
    sent = json.loads(body, parse_float=str, parse_int=str)["credit_memos"][0]["amount"]
    assert str(Decimal(amount)) == sent


def test_items_are_sent_under_the_names_of_the_document() -> None:
    """The order of the document's example, in our words, is the document's body, but for the invoice's id, which the path has."""
    sample = (Path(paysdk.providers.campfire.__file__).parent / "samples" / "mark_invoice_paid_request.json").read_bytes()
    made = order(
        transactions=[
            TransactionPayment(14728800, Decimal("883.33"), "Payment from Campfire Software Inc", "2553", "1100 - Accounts Receivable")
        ],
        credit_memos=[CreditMemoPayment(4029, Decimal(150), DAY, "CM-0000007")],
    )
    expected = json.loads(sample, parse_float=Decimal)
    del expected["invoice_id"]
    assert expected | {"debit_memos": []} == json.loads(made.body, parse_float=Decimal)


def test_debit_memos_and_manual_payments_are_sent_too() -> None:
    """What is not given is left out, dates are ISO 8601."""
    made = order(debit_memos=[DebitMemoPayment("d1", Decimal("1.00"), DAY)], empty_transactions=[manual("2.50", "mine-1")])
    sent = json.loads(made.body)
    assert [{"debit_memo_id": "d1", "amount": 1.0, "posted_at": "2025-07-25"}] == sent["debit_memos"]
    expected = {"amount": 2.5, "account_id": 1, "account_name": "Bank", "payment_date": "2025-07-25", "external_id": "mine-1"}
    assert [expected] == sent["empty_transactions"]
    assert frozenset({"mine-1"}) == made.external_ids


class Word(str, Enum):  # noqa: UP042  # as users write it who support older Pythons
    """A text of a user's own kind."""

    BANK = "bank"


def test_mappings_are_passed_through() -> None:
    """Fields that have no place in our items go out as they were given, nested ones too, without losing a digit."""
    item = {
        "amount": 5,
        "account_id": 1,
        "tag_ids": [1, 2],
        "tags": (Word.BANK,),
        "nested": {"rate": Decimal("1.10"), "on": DAY, "none": None, 3: True},
    }
    made = order(empty_transactions=(each for each in [item]))
    expected = {
        "amount": 5,
        "account_id": 1,
        "tag_ids": [1, 2],
        "tags": ["bank"],
        "nested": {"rate": Decimal("1.10"), "on": "2025-07-25", "none": None, "3": True},
    }
    assert [expected] == json.loads(made.body, parse_float=Decimal)["empty_transactions"]


AMOUNT = r"amount must be a decimal\.Decimal or an int, not the"


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (1.5, AMOUNT + r' float 1\.5: write Decimal\("1\.5"\)'),
        (float("nan"), AMOUNT + " float nan"),
        ("883.33", AMOUNT + r' str \'883\.33\': write Decimal\("883\.33"\)'),
        (None, AMOUNT + r" NoneType None: write a decimal\.Decimal"),
        (True, AMOUNT + " bool True"),
        (Decimal("NaN"), "amount must be a finite number, not NaN"),
        (Decimal("sNaN"), "amount must be a finite number, not sNaN"),
        (Decimal("-Infinity"), "amount must be a finite number, not -Infinity"),
    ],
    ids=repr,
)
def test_amount_that_is_not_exact_is_refused(amount: Any, message: str) -> None:  # noqa: ANN401  # anything may be given
    """Each kind of item, and a mapping too, refuses it before anything is sent, and the message says what to write."""
    makers: list[Any] = [
        lambda: TransactionPayment(1, amount),
        lambda: CreditMemoPayment(1, amount),
        lambda: DebitMemoPayment(1, amount),
        lambda: ManualPayment(amount, 1, "Bank", DAY),
        lambda: order(transactions=[{"transaction_id": 1, "amount": amount}]),
    ]
    for make in makers:
        with pytest.raises(ConfigurationError, match=message):
            make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TransactionPayment(None, Decimal(1)), "transaction_id must be an id"),  # type: ignore[arg-type]
        (lambda: TransactionPayment(transaction_id=True, amount=Decimal(1)), "transaction_id must be an id"),
        (lambda: TransactionPayment("", Decimal(1)), "transaction_id must be an id"),
        (lambda: TransactionPayment(1.5, Decimal(1)), "transaction_id must be an id"),  # type: ignore[arg-type]
        (lambda: TransactionPayment(1, Decimal(1), ""), "transaction_description must be a text"),
        (lambda: CreditMemoPayment(1, Decimal(1), "2025-07-25"), "posted_at must be a datetime.date"),  # type: ignore[arg-type]
        (lambda: DebitMemoPayment(1, Decimal(1), datetime(2025, 7, 25)), "posted_at must be a datetime.date"),  # noqa: DTZ001  # what is refused
        (lambda: ManualPayment(Decimal(1), 1, " ", DAY), "account_name must be a text"),
        (lambda: ManualPayment(Decimal(1), 1, "Bank", None), "payment_date must be a datetime.date"),  # type: ignore[arg-type]
        (lambda: manual("1", ""), "external_id must be a text"),
        (lambda: manual("1", "x" * 257), "external_id must have 256 characters at most, not 257"),
    ],
    ids=range(11),
)
def test_field_of_an_item_that_cannot_be_right_is_refused(make: Callable[[], object], message: str) -> None:
    """Each field is checked when the item is made."""
    with pytest.raises(ConfigurationError, match=message):
        make()
    assert "x" * 256 == manual("1", "x" * 256).external_id


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({}, "nothing to pay with: give at least one item in transactions, credit_memos, debit_memos, empty_transactions"),
        ({"transactions": [], "credit_memos": ()}, "nothing to pay with"),
        ({"transactions": None}, "transactions takes a list of items, not None"),
        ({"transactions": TransactionPayment(1, Decimal(1))}, "transactions takes a list of items"),
        ({"transactions": {"transaction_id": 1, "amount": 1}}, "transactions takes a list of items"),
        ({"transactions": ["14728800"]}, "transactions takes TransactionPayment objects or mappings, not '14728800'"),
        ({"transactions": [CreditMemoPayment(1, Decimal(1))]}, "transactions takes TransactionPayment objects or mappings"),
        ({"transactions": [{"transaction_id": 1}]}, AMOUNT + " NoneType"),
        ({"transactions": [{"amount": 1, "rate": 1.5}]}, r"transactions\[…\]\.rate cannot be sent exactly: 1\.5"),
        ({"transactions": [{"amount": 1, "a": {"b": [Decimal("NaN")]}}]}, r"transactions\[…\]\.a\.b cannot be sent exactly"),
        ({"transactions": [{"amount": 1, "a": object()}]}, r"transactions\[…\]\.a cannot be sent exactly"),
        ({"transactions": [{"amount": 1, "memo": "\ud800"}]}, "half of a surrogate pair"),
        ({"empty_transactions": [manual("1", "x"), manual("2", "x")]}, "Two items have one external_id"),
        ({"empty_transactions": [manual("1", "5")], "transactions": [{"amount": 1, "external_id": "5"}]}, "Two items have one external_id"),
    ],
    ids=range(14),
)
def test_order_that_cannot_be_right_is_refused(items: dict[str, Any], message: str) -> None:
    """Nothing is sent, and the message says what is wrong and where."""
    with pytest.raises(ConfigurationError, match=message):
        order(**items)


@pytest.mark.parametrize("external_id", ["", " ", 0, 5, ["list"], "x" * 257], ids=repr)
def test_external_id_of_a_mapping_is_checked_too(external_id: object) -> None:
    """In a mapping it must be what it must be in an item, and may be missing."""
    with pytest.raises(ConfigurationError, match="external_id must be a text of 1 to 256 characters"):
        order(empty_transactions=[{"amount": 1, "external_id": external_id}])
    assert {"one"} == order(empty_transactions=[{"amount": 1, "external_id": "one"}, {"amount": 1, "external_id": None}]).external_ids


@pytest.mark.parametrize("transaction_id", ["", True], ids=repr)
def test_transaction_id_of_a_mapping_is_checked_too(transaction_id: object) -> None:
    """In a mapping it must be an id, too."""
    with pytest.raises(ConfigurationError, match="transaction_id must be an id"):
        order(transactions=[{"amount": 1, "transaction_id": transaction_id}])


def test_items_and_orders_are_frozen() -> None:
    """What was ordered cannot be changed afterwards."""
    for value in (manual("1"), order(empty_transactions=[manual("1")])):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, attrs.fields(type(value))[0].name, None)


REFUSED: list[tuple[PaysdkError, bool, bool]] = [
    (ConnectionFailedError("no connection"), False, True),
    (ConnectionFailedError("broken off"), True, False),
    (RequestTimeoutError("no answer"), True, False),
    (RequestTimeoutError("deadline, while waiting to send"), False, True),
    *[(APIError(str(status), status=status), False, True) for status in (400, 401, 403, 404, 405, 409, 422, 425)],
    (RateLimitedError("429", status=429), False, True),
    (APIError("408", status=408), False, False),
    *[(APIError(str(status), status=status), False, False) for status in (301, 302, 303, 307, 308)],
    *[(ServerError(str(status), status=status), False, False) for status in (500, 502, 503, 504)],
    (MalformedResponseError("a success that cannot be read"), False, False),
    (ConfigurationError("the key is gone"), False, True),
    (PaginationError("not of this"), False, True),
]


@pytest.mark.parametrize(
    ("error", "unanswered", "expected"), REFUSED, ids=[f"{number}-{error}" for number, (error, _, _) in enumerate(REFUSED)]
)
def test_only_what_cannot_have_been_processed_is_refused(error: PaysdkError, unanswered: bool, expected: bool) -> None:  # a table's columns
    """A failure is clean where no request was left unanswered or the API said no; an answer that could mean anything is not."""
    assert expected is refused(error, unanswered=unanswered)


ONE, TWO = manual("10.00", "one"), manual("20.00", "two")


@pytest.mark.parametrize(
    ("items", "payments", "expected"),
    [
        ([ONE], [], None),
        ([manual("10.00")], [payment("1", "10.00", "one")], None),
        ([ONE], [payment("1", "10.00", "other"), payment("2", "10.00")], None),
        ([ONE], [payment("1", "10.00", "one", voided=True)], None),
        ([ONE], [payment("1", "10", "one")], ("1",)),
        ([ONE, TWO], [payment("2", "20.00", "two"), payment("1", "10.00", "one")], ("1", "2")),
    ],
    ids=range(6),
)
def test_what_is_booked_already_is_found_by_its_external_ids(
    items: list[ManualPayment], payments: list[Payment], expected: tuple[str, ...] | None
) -> None:
    """Where every item is there already, their payments are given in the order of the items; a voided one does not count."""
    made = order(empty_transactions=items)
    assert expected == with_external_ids(made, payments)


@pytest.mark.parametrize(
    ("items", "payments"),
    [
        ([ONE], [payment("1", "10.01", "one")]),
        ([ONE, TWO], [payment("1", "10.00", "one")]),
        ([ONE, manual("5.00")], [payment("1", "10.00", "one")]),
    ],
    ids=["amount", "some", "without"],
)
def test_external_id_that_is_taken_is_refused(items: list[ManualPayment], payments: list[Payment]) -> None:
    """An external id of another payment, or of some of the items only, stops the order and is named."""
    with pytest.raises(ConfigurationError, match=r"Nothing was sent: booked already are 'one' \(payment 1, 10"):
        with_external_ids(order(empty_transactions=items), payments)


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
        ([manual("10.00"), manual("10.00")], [payment("1", "10.00"), payment("2", "10.00"), payment("3", "10.00")], {"1", "2"}),
        ([ONE], [payment("1", "10.00", "other")], None),
        ([ONE], [payment("1", "10.00")], {"1"}),
        ([ONE], [payment("1", "10.00", "other"), payment("2", "10.00", "one")], {"2"}),
        ([manual("10.00"), ONE], [payment("2", "10.00", "one"), payment("1", "10.00")], {"1", "2"}),
        ([BANK], [payment("1", "10.00", transaction=4)], None),
        ([BANK], [payment("1", "10.00", transaction=5)], {"1"}),
        ([BANK], [payment("1", "10.00", transaction="5")], {"1"}),
        ([BANK], [payment("1", "10.00")], None),
        ([MEMO, BANK], [payment("1", "10.00", transaction=5), payment("2", "10.00", transaction=9)], {"1", "2"}),
    ],
    ids=range(15),
)
def test_order_is_booked_where_each_item_is_among_the_new_payments(
    items: list[Any], payments: list[Payment], expected: set[str] | None
) -> None:
    """An equal payment that stood before is not the new one, one payment is not two, and what identifies an item must fit."""
    kinds = {kind: [item for item in items if isinstance(item, kind)] for kind in KINDS.values()}
    made = order(**{name: kinds[kind] for name, kind in KINDS.items()})
    found = booked(made, {"old"}, payments)
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
    """A new payment of the same amount that shows another id, another kind or another source is not what was ordered."""
    other = attrs.evolve(
        payment("1", "10.00"),
        raw=sent,
        source=sent.get("source"),
        external_id=sent.get("external_id"),
    )
    name = next(name for name, kind in KINDS.items() if isinstance(item, kind))
    assert booked(order(**{name: [item]}), set(), [other]) is None
