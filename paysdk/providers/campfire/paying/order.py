"""An order to pay an invoice: the body to send, what to recognise its payments by, and its outcome.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TypeGuard, TypeVar

import attrs
import msgspec

from paysdk.arguments import is_id
from paysdk.errors import ConfigurationError
from paysdk.exact import add_exactly
from paysdk.providers.campfire.invoices.schema import Invoice
from paysdk.providers.campfire.paying.items import (
    PaymentItem,
    check_above_zero,
    check_exact_amount,
    check_new_external_id,
    refuse_uuid,
)

__all__ = [
    "CreditMemoRef",
    "ExpectedPayment",
    "PayOrder",
    "PayOutcome",
    "check_items",
    "is_mapping",
    "predict_shown_day",
]

T = TypeVar("T")

# The fields of an item that hold the integer id of a record.
_RECORD_IDS = ("transaction_id", "account_id", "credit_memo_id", "debit_memo_id")
_encode = msgspec.json.Encoder(decimal_format="number").encode


@attrs.frozen
class CreditMemoRef:
    """A credit memo that the API created by itself."""

    id: str
    number: str | None = None


@attrs.frozen
class PayOutcome:
    """The ids of the new payments, and the invoice.

    ``invoice`` is ``None`` if the API responded with ids only, or if paysdk found the order booked
    just before a retry. ``drafted`` is true if Campfire accepted the order and a person must still
    approve it there; ``payment_ids`` is empty then. ``credit_memos`` are those that the API created
    for an overpayment. ``external_ids_kept`` says whether the server shows your external ids
    exactly as they were sent. It is also true if you sent none, and for a draft, which shows
    nothing yet.
    """

    payment_ids: tuple[str, ...]
    invoice: Invoice | None = None
    drafted: bool = False
    credit_memos: tuple[CreditMemoRef, ...] = ()
    external_ids_kept: bool = True


@attrs.frozen
class ExpectedPayment:
    """The payment that one item should make, as far as it can be recognised.

    ``kind`` is the name of the list that the item is in.
    """

    kind: str
    amount: Decimal
    external_id: str | None = None
    transaction_id: str | None = None
    payment_date: str | None = None
    memo_id: str | None = None


@attrs.frozen
class PayOrder:
    """An order: the body to send, and the payments to expect from it."""

    body: bytes
    expected: tuple[ExpectedPayment, ...]

    @property
    def external_ids(self) -> frozenset[str]:
        return frozenset(item.external_id for item in self.expected if item.external_id is not None)

    @property
    def has_all_external_ids(self) -> bool:
        """Whether each item has an external id."""
        return all(item.external_id is not None for item in self.expected)

    @property
    def total(self) -> Decimal:
        return add_exactly(item.amount for item in self.expected)

    def is_same_as(self, other: PayOrder) -> bool:
        """Whether both orders have the same items, as far as that can be recognised."""
        return Counter(self.expected) == Counter(other.expected)

    @classmethod
    def of(
        cls,
        kinds: Mapping[str, tuple[type[PaymentItem], Iterable[PaymentItem | Mapping[str, object]]]],
    ) -> PayOrder:
        """Make the order for the items of each kind.

        Raises ``ConfigurationError`` if an item cannot be right, or if there is none.
        """
        lists = {
            name: [_convert_item(name, kind, item) for item in check_items(name, items)]
            for name, (kind, items) in kinds.items()
        }
        expected = tuple(_expect(name, item) for name, items in lists.items() for item in items)
        if not expected:
            raise ConfigurationError(
                f"There is nothing to pay with: give at least one item in {', '.join(lists)}."
            )
        external_ids = [item.external_id for item in expected if item.external_id is not None]
        if len(set(external_ids)) < len(external_ids):
            raise ConfigurationError("Two items have the same external_id. Give each item its own.")
        try:
            return cls(_encode(lists), expected)
        except UnicodeEncodeError as error:
            raise ConfigurationError(
                f"A string has a lone surrogate, which UTF-8 cannot encode: {error}."
            ) from None


def check_items(name: str, items: Iterable[T]) -> Iterable[T]:
    """Return *items* if they are a list of items. *name* is the argument's."""
    given: object = items
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        raise ConfigurationError(
            f"{name} takes a list of items, not {given!r}. Put a single item into a list too."
        )
    return items


def _convert_item(
    name: str, kind: type[PaymentItem], item: PaymentItem | Mapping[str, object]
) -> dict[str, object]:
    if isinstance(item, kind):
        return {field: value for field, value in attrs.asdict(item).items() if value is not None}
    if not isinstance(item, Mapping):
        raise ConfigurationError(f"{name} takes {kind.__name__} objects or mappings, not {item!r}.")
    amount = check_above_zero(check_exact_amount(item.get("amount")))
    for field in _RECORD_IDS:
        refuse_uuid(field, item.get(field))
    return {
        key: amount if key == "amount" else _check_sendable(f"{name}[…].{key}", value)
        for key, value in item.items()
    }


def _check_sendable(where: str, value: object) -> object:
    """Return *value* if JSON can represent it exactly."""
    if is_mapping(value):
        return {str(key): _check_sendable(f"{where}.{key}", part) for key, part in value.items()}
    if _is_sequence(value):
        return [_check_sendable(where, part) for part in value]
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if value is None or isinstance(value, str | int | date):
        return value
    raise ConfigurationError(
        f"{where} cannot be sent exactly: {value!r}. Use str, int, bool, a finite Decimal, a "
        "date, or lists and mappings of them."
    )


def is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    """Whether *value* is a mapping, for the type checkers too."""
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)


def _expect(kind: str, item: Mapping[str, object]) -> ExpectedPayment:
    external_id, transaction_id = item.get("external_id"), item.get("transaction_id")
    if external_id is not None:
        check_new_external_id(external_id)
    if transaction_id is not None and not is_id(transaction_id):
        raise ConfigurationError(
            f"transaction_id must be an id, as int or str, not {transaction_id!r}."
        )
    return ExpectedPayment(
        kind,
        check_exact_amount(item["amount"]),
        None if external_id is None else str(external_id),
        None if transaction_id is None else str(transaction_id),
        predict_shown_day(item.get("payment_date")),
        next(
            (
                str(item[name])
                for name in ("credit_memo_id", "debit_memo_id")
                if item.get(name) is not None
            ),
            None,
        ),
    )


def predict_shown_day(sent: object) -> str | None:
    """The day that the server will show for *sent*, a date or the text of one.

    ``None`` if that depends on a time zone, or on how the server reads the text.
    """
    if isinstance(sent, date) and not isinstance(sent, datetime):
        return sent.isoformat()
    try:
        return date.fromisoformat(sent).isoformat() if isinstance(sent, str) else None
    except ValueError:
        return None
