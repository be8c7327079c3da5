"""What an invoice can be paid with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.paying.items import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    TransactionPayment,
)
from paysdk.providers.campfire.paying.order import PayOrder
from paysdk.providers.campfire.provider import CampfireProvider

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = date(2025, 7, 25)
NAIVE = datetime(2025, 7, 25)  # noqa: DTZ001  # it is refused

AMOUNT = r"amount must be a decimal\.Decimal or an int, not the"


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (1.5, AMOUNT + r' float 1\.5\. Write Decimal\("1\.5"\)'),
        (float("nan"), AMOUNT + " float nan"),
        ("883.33", AMOUNT + r' str \'883\.33\'\. Write Decimal\("883\.33"\)'),
        (None, AMOUNT + r" NoneType None\. Write a decimal\.Decimal"),
        (True, AMOUNT + " bool True"),
        (Decimal("NaN"), "amount must be a finite number, not NaN"),
        (Decimal("sNaN"), "amount must be a finite number, not sNaN"),
        (Decimal("-Infinity"), "amount must be a finite number, not -Infinity"),
    ],
    ids=repr,
)
def test_amount_that_is_not_exact_is_refused(
    amount: Any,  # noqa: ANN401  # anything may be given
    message: str,
) -> None:
    """Each kind of item and a mapping refuse such an amount, and the message says what to write."""
    makers: list[Any] = [
        lambda: TransactionPayment(1, amount),
        lambda: CreditMemoPayment(1, amount),
        lambda: DebitMemoPayment(1, amount),
        lambda: ManualPayment(amount, 1, "Bank", DAY),
        lambda: PayOrder.of(
            {"transactions": (TransactionPayment, [{"transaction_id": 1, "amount": amount}])}
        ),
    ]
    for make in makers:
        with pytest.raises(ConfigurationError, match=message):
            make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TransactionPayment(cast("Any", None), Decimal(1)), "transaction_id must be an id"),
        (
            lambda: TransactionPayment(transaction_id=True, amount=Decimal(1)),
            "transaction_id must be an id",
        ),
        (lambda: TransactionPayment("", Decimal(1)), "transaction_id must be an id"),
        (lambda: TransactionPayment(cast("Any", 1.5), Decimal(1)), "transaction_id must be an id"),
        (
            lambda: TransactionPayment(1, Decimal(1), ""),
            "transaction_description must be a non-empty string",
        ),
        (
            lambda: CreditMemoPayment(1, Decimal(1), cast("Any", "2025-07-25")),
            "posted_at must be a datetime.date",
        ),
        (
            lambda: DebitMemoPayment(1, Decimal(1), NAIVE),
            "posted_at must be a datetime.date",
        ),
        (lambda: ManualPayment(Decimal(1), 1, " ", DAY), "account_name must be a non-empty string"),
        (
            lambda: ManualPayment(Decimal(1), 1, "Bank", cast("Any", None)),
            "payment_date must be a datetime.date",
        ),
        (lambda: ManualPayment(Decimal(1), 1, "Bank", DAY, ""), "external_id must be a string"),
        (
            lambda: ManualPayment(Decimal(1), 1, "Bank", DAY, "x" * 257),
            "external_id must be a string of 1 to 256 printable characters",
        ),
    ],
    ids=range(11),
)
def test_field_of_an_item_that_cannot_be_right_is_refused(
    make: Callable[[], object], message: str
) -> None:
    """Each field is checked when the item is made."""
    with pytest.raises(ConfigurationError, match=message):
        make()
    assert "x" * 256 == ManualPayment(Decimal(1), 1, "Bank", DAY, "x" * 256).external_id


def test_an_item_is_frozen() -> None:
    """What was ordered cannot be changed afterwards."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        TransactionPayment(1, Decimal(1)).amount = Decimal(2)  # type: ignore[misc]  # refused


@pytest.mark.parametrize("amount", [Decimal(0), Decimal("0.00"), Decimal("-1.50"), 0, -1])
async def test_amounts_that_are_not_above_zero(amount: Decimal | int) -> None:
    """Such amounts are refused in items and in mappings."""
    with pytest.raises(ConfigurationError, match="amount must be above zero"):
        TransactionPayment(1, amount)
    with pytest.raises(ConfigurationError, match="amount must be above zero"):
        await CampfireProvider("sandbox-key").mark_invoice_paid(
            1, transactions=[{"transaction_id": 1, "amount": amount}]
        )


SOME_UUID = "a3c1b2d4-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ManualPayment(Decimal(1), SOME_UUID, "Clearing", DAY),
        lambda: TransactionPayment(SOME_UUID, Decimal(1)),
        lambda: CreditMemoPayment(SOME_UUID.upper(), Decimal(1)),
        lambda: PayOrder.of(
            {
                "transactions": (
                    TransactionPayment,
                    [{"transaction_id": SOME_UUID.replace("-", ""), "amount": Decimal(1)}],
                )
            }
        ),
    ],
    ids=["account", "transaction", "memo", "mapping"],
)
def test_a_uuid_in_the_place_of_an_id_is_refused(make: Callable[[], object]) -> None:
    """Campfire also gives a UUID to accounts and transactions, and a payment does not take it."""
    with pytest.raises(ConfigurationError, match="must be the integer that the record has"):
        make()


def test_a_uuid_can_be_an_external_id() -> None:
    """An external id is your own text."""
    assert SOME_UUID == ManualPayment(Decimal(1), 1, "Cash", DAY, SOME_UUID).external_id
