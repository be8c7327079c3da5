"""What is sent to pay an invoice."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import paysdk.providers.campfire
from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.paying.items import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    TransactionPayment,
)
from paysdk.providers.campfire.paying.order import PayOrder

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


@pytest.mark.parametrize("digits", ["883.330", "883.33", "1E+3", "150", "1E-7", "9" * 40 + ".10"])
def test_amounts_are_sent_with_exactly_their_digits(digits: str) -> None:
    """An amount is sent as a JSON number with the digits that were given, also from a mapping."""
    for item in (
        TransactionPayment(1, Decimal(digits)),
        {"transaction_id": 1, "amount": Decimal(digits)},
    ):
        assert b'"amount":%s}' % digits.encode() in order(transactions=[item]).body


@settings(max_examples=60)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("1E-30")) | st.integers(1)
)
def test_any_finite_amount_is_sent_exactly(amount: Decimal | int) -> None:
    """The body has every digit of any finite number."""
    body = order(credit_memos=[CreditMemoPayment(1, amount)]).body
    sent = json.loads(body, parse_float=str, parse_int=str)["credit_memos"][0]["amount"]
    assert str(Decimal(amount)) == sent


def test_items_are_sent_under_the_names_of_the_document() -> None:
    """The order in the document's example has the document's body, without the invoice's id."""
    sample = (
        Path(paysdk.providers.campfire.__file__).parent
        / "samples"
        / "mark_invoice_paid_request.json"
    ).read_bytes()
    made = order(
        transactions=[
            TransactionPayment(
                14728800,
                Decimal("883.33"),
                "Payment from Campfire Software Inc",
                "2553",
                "1100 - Accounts Receivable",
            )
        ],
        credit_memos=[CreditMemoPayment(4029, Decimal(150), DAY, "CM-0000007")],
    )
    expected = json.loads(sample, parse_float=Decimal)
    del expected["invoice_id"]
    assert expected | {"debit_memos": []} == json.loads(made.body, parse_float=Decimal)


def test_debit_memos_and_manual_payments_are_sent_too() -> None:
    """A field without a value is left out, and a date is in ISO 8601."""
    made = order(
        debit_memos=[DebitMemoPayment("d1", Decimal("1.00"), DAY)],
        empty_transactions=[manual("2.50", "mine-1")],
    )
    sent = json.loads(made.body)
    assert [{"debit_memo_id": "d1", "amount": 1.0, "posted_at": "2025-07-25"}] == sent[
        "debit_memos"
    ]
    expected = {
        "amount": 2.5,
        "account_id": 1,
        "account_name": "Bank",
        "payment_date": "2025-07-25",
        "external_id": "mine-1",
    }
    assert [expected] == sent["empty_transactions"]
    assert frozenset({"mine-1"}) == made.external_ids


class Word(str, Enum):  # noqa: UP042  # as users write it who support older Pythons
    """A text of a user's own type."""

    BANK = "bank"


def test_mappings_are_passed_through() -> None:
    """Fields that paysdk does not model are sent unchanged, also nested ones, with every digit."""
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


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            {},
            (
                "nothing to pay with: give at least one item in transactions, credit_memos, "
                "debit_memos, empty_transactions"
            ),
        ),
        ({"transactions": [], "credit_memos": ()}, "nothing to pay with"),
        ({"transactions": None}, "transactions takes a list of items, not None"),
        ({"transactions": TransactionPayment(1, Decimal(1))}, "transactions takes a list of items"),
        (
            {"transactions": {"transaction_id": 1, "amount": 1}},
            "transactions takes a list of items",
        ),
        (
            {"transactions": ["14728800"]},
            "transactions takes TransactionPayment objects or mappings, not '14728800'",
        ),
        (
            {"transactions": [CreditMemoPayment(1, Decimal(1))]},
            "transactions takes TransactionPayment objects or mappings",
        ),
        ({"transactions": [{"transaction_id": 1}]}, "amount must be a .* not the NoneType"),
        (
            {"transactions": [{"amount": 1, "rate": 1.5}]},
            r"transactions\[…\]\.rate cannot be sent exactly: 1\.5",
        ),
        (
            {"transactions": [{"amount": 1, "a": {"b": [Decimal("NaN")]}}]},
            r"transactions\[…\]\.a\.b cannot be sent exactly",
        ),
        (
            {"transactions": [{"amount": 1, "a": object()}]},
            r"transactions\[…\]\.a cannot be sent exactly",
        ),
        ({"transactions": [{"amount": 1, "memo": "\ud800"}]}, "a lone surrogate"),
        (
            {"empty_transactions": [manual("1", "x"), manual("2", "x")]},
            "Two items have the same external_id",
        ),
        (
            {
                "empty_transactions": [manual("1", "5")],
                "transactions": [{"amount": 1, "external_id": "5"}],
            },
            "Two items have the same external_id",
        ),
    ],
    ids=range(14),
)
def test_order_that_cannot_be_right_is_refused(items: dict[str, Any], message: str) -> None:
    """Nothing is sent, and the message says what is wrong and where."""
    with pytest.raises(ConfigurationError, match=message):
        order(**items)


@pytest.mark.parametrize(
    "external_id", ["", " ", "one ", "\none", "o\nne", 0, 5, ["list"], "x" * 257], ids=ascii
)
def test_external_id_of_a_mapping_is_checked_too(
    external_id: Any,  # noqa: ANN401  # anything may be given
) -> None:
    """The external id in a mapping must be one that the API can keep, and may be missing."""
    with pytest.raises(
        ConfigurationError, match="external_id must be a string of 1 to 256 printable characters"
    ):
        manual("1", external_id)
    with pytest.raises(
        ConfigurationError, match="external_id must be a string of 1 to 256 printable characters"
    ):
        order(empty_transactions=[{"amount": 1, "external_id": external_id}])
    assert {"one"} == order(
        empty_transactions=[{"amount": 1, "external_id": "one"}, {"amount": 1, "external_id": None}]
    ).external_ids


@pytest.mark.parametrize("transaction_id", ["", True], ids=repr)
def test_transaction_id_of_a_mapping_is_checked_too(transaction_id: object) -> None:
    """The transaction's id in a mapping must be an id."""
    with pytest.raises(ConfigurationError, match="transaction_id must be an id"):
        order(transactions=[{"amount": 1, "transaction_id": transaction_id}])


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (date(2026, 1, 31), "2026-01-31"),
        ("2026-01-31", "2026-01-31"),
        (datetime(2026, 1, 31, 23, tzinfo=UTC), None),
        ("2026-01-31T23:00:00Z", None),
        ("31.1.2026", None),
        (20260131, None),
        (None, None),
    ],
    ids=repr,
)
def test_the_day_of_a_mapping(sent: object, expected: str | None) -> None:
    """A date in a mapping is compared if it is certain which day the server will show."""
    assert (
        expected
        == order(empty_transactions=[{"amount": 1, "payment_date": sent}]).expected[0].payment_date
    )


def test_an_order_is_frozen() -> None:
    """What was ordered cannot be changed afterwards."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        order(empty_transactions=[manual("1")]).body = b""  # type: ignore[misc]  # what is refused
