"""Paying an invoice: what is sent, and what is made of what is found there. Pure.

Mark Invoice as Paid has no documented idempotency, so an answer that does not come leaves one thing to do: compare the invoice with what it
was before. Here are the rules of that comparison.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import attrs
import msgspec

from paysdk.errors import APIError, ConfigurationError, MalformedResponseError, PaysdkError, TransportError
from paysdk.providers.campfire.schema import Invoice

if TYPE_CHECKING:
    from paysdk.payment import Payment

__all__ = [
    "CreditMemoPayment",
    "DebitMemoPayment",
    "ManualPayment",
    "PayOrder",
    "PayOutcome",
    "TransactionPayment",
    "booked",
    "refused",
    "with_external_ids",
]

_encode = msgspec.json.Encoder(decimal_format="number").encode

_REQUEST_TIMEOUT = 408
_LONGEST_EXTERNAL_ID = 256


def _amount(value: Decimal | int) -> Decimal:
    return _exact(value)


def _exact(value: object) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, Decimal):
        hint = f'Decimal("{value}")' if isinstance(value, float | str) else "a decimal.Decimal"
        raise ConfigurationError(f"amount must be a decimal.Decimal or an int, not the {type(value).__name__} {value!r}: write {hint}.")
    if not value.is_finite():
        raise ConfigurationError(f"amount must be a finite number, not {value}.")
    return value


def _identifier(_item: object, field: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ConfigurationError(f"{field.name} must be an id, as int or str, not {value!r}.")


def _text(_item: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{field.name} must be a text that is not empty, not {value!r}.")


def _external_id(item: object, field: attrs.Attribute[Any], value: object) -> None:
    _text(item, field, value)
    if len(str(value)) > _LONGEST_EXTERNAL_ID:
        raise ConfigurationError(f"{field.name} must have {_LONGEST_EXTERNAL_ID} characters at most, not {len(str(value))}.")


def _day(_item: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ConfigurationError(f"{field.name} must be a datetime.date, not {value!r}.")


_optional = attrs.validators.optional


@attrs.frozen
class TransactionPayment:
    """Pay from a bank transaction that Campfire knows. ``amount`` is in major units of the invoice's currency."""

    transaction_id: int | str = attrs.field(validator=_identifier)
    amount: Decimal = attrs.field(converter=_amount)
    transaction_description: str | None = attrs.field(default=None, validator=_optional(_text))
    account_id: int | str | None = attrs.field(default=None, validator=_optional(_identifier))
    account_name: str | None = attrs.field(default=None, validator=_optional(_text))


@attrs.frozen
class CreditMemoPayment:
    """Pay with a credit memo. The later schema requires ``posted_at``."""

    credit_memo_id: int | str = attrs.field(validator=_identifier)
    amount: Decimal = attrs.field(converter=_amount)
    posted_at: date | None = attrs.field(default=None, validator=_optional(_day))
    credit_memo_number: str | None = attrs.field(default=None, validator=_optional(_text))


@attrs.frozen
class DebitMemoPayment:
    """Pay with a debit memo. The later schema requires ``posted_at``."""

    debit_memo_id: int | str = attrs.field(validator=_identifier)
    amount: Decimal = attrs.field(converter=_amount)
    posted_at: date | None = attrs.field(default=None, validator=_optional(_day))


@attrs.frozen
class ManualPayment:
    """A payment that Campfire has no transaction for ("empty transaction").

    Set ``external_id`` (at most 256 characters) to a text of yours that is unique: a payment that has it already is found, in any process,
    before anything is sent.
    """

    amount: Decimal = attrs.field(converter=_amount)
    account_id: int | str = attrs.field(validator=_identifier)
    account_name: str = attrs.field(validator=_text)
    payment_date: date = attrs.field(validator=_day)
    external_id: str | None = attrs.field(default=None, validator=_optional(_external_id))
    memo: str | None = attrs.field(default=None, validator=_optional(_text))


Item: TypeAlias = TransactionPayment | CreditMemoPayment | DebitMemoPayment | ManualPayment


@attrs.frozen
class PayOutcome:
    """What came of paying: the ids of the new payments, and the invoice, or ``None`` where the API answered with ids only."""

    payment_ids: tuple[str, ...]
    invoice: Invoice | None


# What the later schema calls a payment of each kind (payment_type); it has no word of its own for debit memos.
_PAYMENT_TYPES = {"transactions": "BANK_TRANSACTION", "credit_memos": "CREDIT_MEMO", "empty_transactions": "MANUAL_TRANSACTION"}


@attrs.frozen
class _Expected:
    kind: str
    amount: Decimal
    external_id: str | None
    transaction_id: str | None


@attrs.frozen
class PayOrder:
    """What to pay with: the body to send, and how the payments that it makes can be recognised."""

    body: bytes
    expected: tuple[_Expected, ...]

    @property
    def external_ids(self) -> frozenset[str]:
        return frozenset(item.external_id for item in self.expected if item.external_id is not None)

    @classmethod
    def of(cls, kinds: Mapping[str, tuple[type[Item], Iterable[Item | Mapping[str, object]]]]) -> PayOrder:
        """The order for the items of each kind. Raises ``ConfigurationError`` for one that cannot be right, or where there is none."""
        lists = {name: [_as_sent(name, kind, item) for item in _listed(name, items)] for name, (kind, items) in kinds.items()}
        expected = tuple(_expectation(name, item) for name, items in lists.items() for item in items)
        if not expected:
            raise ConfigurationError(f"There is nothing to pay with: give at least one item in {', '.join(lists)}.")
        external_ids = [item.external_id for item in expected if item.external_id is not None]
        if len(set(external_ids)) < len(external_ids):
            raise ConfigurationError("Two items have one external_id. Each payment needs its own.")
        try:
            return cls(_encode(lists), expected)
        except UnicodeEncodeError as error:
            raise ConfigurationError(f"A text to send has half of a surrogate pair, which UTF-8 cannot say: {error}.") from None


def _listed(name: str, items: Iterable[Item | Mapping[str, object]]) -> Iterable[Item | Mapping[str, object]]:
    given: object = items
    if isinstance(given, Mapping) or not isinstance(given, Iterable):
        raise ConfigurationError(f"{name} takes a list of items, not {given!r}: put one item into a list too.")
    return items


def _as_sent(name: str, kind: type[Item], item: Item | Mapping[str, object]) -> dict[str, object]:
    if isinstance(item, kind):
        return {field: value for field, value in attrs.asdict(item).items() if value is not None}
    if not isinstance(item, Mapping):
        raise ConfigurationError(f"{name} takes {kind.__name__} objects or mappings, not {item!r}.")
    amount = _exact(item.get("amount"))
    return {key: amount if key == "amount" else _sendable(f"{name}[…].{key}", value) for key, value in item.items()}


def _sendable(where: str, value: object) -> object:
    """*value*, if JSON can say it exactly."""
    if _is_mapping(value):
        return {str(key): _sendable(f"{where}.{key}", part) for key, part in value.items()}
    if _is_sequence(value):
        return [_sendable(where, part) for part in value]
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if value is None or isinstance(value, str | int | date):
        return value
    raise ConfigurationError(
        f"{where} cannot be sent exactly: {value!r}. Use str, int, bool, a finite Decimal, a date, or lists and mappings of them."
    )


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)


def _expectation(kind: str, item: Mapping[str, object]) -> _Expected:
    external_id, transaction_id = item.get("external_id"), item.get("transaction_id")
    if external_id is not None and not (isinstance(external_id, str) and 0 < len(external_id.strip()) <= _LONGEST_EXTERNAL_ID):
        raise ConfigurationError(f"external_id must be a text of 1 to {_LONGEST_EXTERNAL_ID} characters, not {external_id!r}.")
    if transaction_id == "" or isinstance(transaction_id, bool):
        raise ConfigurationError(f"transaction_id must be an id, as int or str, not {transaction_id!r}.")
    return _Expected(kind, _exact(item["amount"]), external_id, None if transaction_id is None else str(transaction_id))


def refused(error: PaysdkError, *, unanswered: bool) -> bool:
    """Whether the order was certainly not processed, by the error that ended it and by whether its last request was left *unanswered*."""
    if isinstance(error, TransportError):
        return not unanswered
    if isinstance(error, APIError):
        # A redirect may be how the API answers an order that it has processed (303 See Other).
        return 400 <= error.status < 500 and error.status != _REQUEST_TIMEOUT  # noqa: PLR2004  # HTTP's own numbers
    return not isinstance(error, MalformedResponseError)


def with_external_ids(order: PayOrder, payments: Iterable[Payment]) -> tuple[str, ...] | None:
    """The ids of the payments that the order would make, where all of them are there already under their external ids; else ``None``.

    Raises ``ConfigurationError`` where an external id is taken by another payment, or only some of the order's are there.
    """
    there = {payment.external_id: payment for payment in payments if payment.external_id in order.external_ids and not payment.is_voided}
    if not there:
        return None
    found = [there.get(item.external_id) if item.external_id else None for item in order.expected]
    same = [payment.id for payment, item in zip(found, order.expected, strict=True) if payment and payment.amount == item.amount]
    if len(same) < len(order.expected):
        taken = ", ".join(f"{name!r} (payment {payment.id}, {payment.amount})" for name, payment in there.items())
        raise ConfigurationError(f"Nothing was sent: booked already are {taken}. Leave out what is booked, or use other external_ids.")
    return tuple(same)


def booked(order: PayOrder, before: Collection[str], payments: Iterable[Payment]) -> tuple[str, ...] | None:
    """The ids of the payments that the order made, if each of its items is among the new ones; else ``None``.

    *before* are the ids that stood there when the order was sent: an equal payment among those is not the new one.
    """
    new = [payment for payment in payments if payment.id not in before]
    found: list[str] = []
    # Those that can be told apart come first, so that none of the others takes their payment.
    for item in sorted(order.expected, key=lambda item: (item.external_id is None, item.transaction_id is None)):
        match = next((payment for payment in new if _is(item, payment)), None)
        if match is None:
            return None
        new.remove(match)
        found.append(match.id)
    return tuple(found)


def _is(item: _Expected, payment: Payment) -> bool:
    """Whether *payment*, which is new, is what *item* ordered: by an id where there is one to compare, else by all that can be seen."""
    raw = payment.raw
    if payment.amount != item.amount:
        return False
    if item.external_id is not None and (payment.external_id is not None or "external_id" in raw):
        return payment.external_id == item.external_id
    if item.transaction_id is not None:
        return item.transaction_id in map(str, [raw.get("payment_transaction"), *(raw.get("payment_transactions") or ())])
    # Stripe's payments are its own, and an id that somebody gave is not that of an item that has none.
    if payment.source == "STRIPE" or (item.external_id is None and payment.external_id is not None):
        return False
    return raw.get("payment_type") in (None, "", _PAYMENT_TYPES.get(item.kind, raw.get("payment_type")))
