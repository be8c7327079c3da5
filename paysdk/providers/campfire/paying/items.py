"""What an invoice can be paid with: the items of an order. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import attrs

from paysdk.arguments import check_day, check_not_blank, is_id
from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.arguments import looks_like_uuid

__all__ = [
    "CreditMemoPayment",
    "DebitMemoPayment",
    "ManualPayment",
    "PaymentItem",
    "TransactionPayment",
    "check_above_zero",
    "check_exact_amount",
    "check_new_external_id",
    "refuse_uuid",
]

_MAX_EXTERNAL_ID_CHARS = 256


def _convert_amount(value: Decimal | int) -> Decimal:
    return check_above_zero(check_exact_amount(value))


def check_exact_amount(value: object) -> Decimal:
    """Return *value* as a number whose digits are exact."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, Decimal):
        hint = f'Decimal("{value}")' if isinstance(value, float | str) else "a decimal.Decimal"
        raise ConfigurationError(
            f"amount must be a decimal.Decimal or an int, not the {type(value).__name__} "
            f"{value!r}. Write {hint}."
        )
    if not value.is_finite():
        raise ConfigurationError(f"amount must be a finite number, not {value}.")
    return value


def check_above_zero(value: Decimal) -> Decimal:
    """Return *value* if it can be the amount of a payment."""
    if value <= 0:
        raise ConfigurationError(
            f"amount must be above zero, not {value}. A refund or a correction is not a payment."
        )
    return value


def _check_id(_item: object, field: attrs.Attribute[Any], value: object) -> None:
    if not is_id(value):
        raise ConfigurationError(f"{field.name} must be an id, as int or str, not {value!r}.")
    refuse_uuid(field.name, value)


def refuse_uuid(name: str, value: object) -> None:
    """Raise ``ConfigurationError`` if *value* is a UUID instead of an integer id."""
    if looks_like_uuid(value):
        raise ConfigurationError(
            f"{name} must be the integer that the record has as its id. {value!r} is a UUID, "
            "which this request does not take."
        )


def _check_text(_item: object, field: attrs.Attribute[Any], value: object) -> None:
    check_not_blank(field.name, value)


def check_new_external_id(value: object) -> None:
    """Raise ``ConfigurationError`` unless *value* can be the external id of a new payment."""
    # A server that trims texts, as Django REST framework does, would change an external id with
    # space around it.
    fits = (
        isinstance(value, str)
        and 0 < len(value) <= _MAX_EXTERNAL_ID_CHARS
        and value == value.strip()
        and value.isprintable()
    )
    if not fits:
        raise ConfigurationError(
            f"external_id must be a string of 1 to {_MAX_EXTERNAL_ID_CHARS} printable characters, "
            f"without space around it, not {value!r}."
        )


def _check_external_id(_item: object, _field: attrs.Attribute[Any], value: object) -> None:
    check_new_external_id(value)


def _check_day(_item: object, field: attrs.Attribute[Any], value: object) -> None:
    check_day(field.name, value)


_optional = attrs.validators.optional


@attrs.frozen
class TransactionPayment:
    """Pay from a bank transaction that Campfire knows.

    ``amount`` is in major units of the invoice's currency.
    """

    transaction_id: int | str = attrs.field(validator=_check_id)
    amount: Decimal = attrs.field(converter=_convert_amount)
    transaction_description: str | None = attrs.field(
        default=None, validator=_optional(_check_text)
    )
    account_id: int | str | None = attrs.field(default=None, validator=_optional(_check_id))
    account_name: str | None = attrs.field(default=None, validator=_optional(_check_text))


@attrs.frozen
class CreditMemoPayment:
    """Pay with a credit memo. The later schema requires ``posted_at``."""

    credit_memo_id: int | str = attrs.field(validator=_check_id)
    amount: Decimal = attrs.field(converter=_convert_amount)
    posted_at: date | None = attrs.field(default=None, validator=_optional(_check_day))
    credit_memo_number: str | None = attrs.field(default=None, validator=_optional(_check_text))


@attrs.frozen
class DebitMemoPayment:
    """Pay with a debit memo. The later schema requires ``posted_at``."""

    debit_memo_id: int | str = attrs.field(validator=_check_id)
    amount: Decimal = attrs.field(converter=_convert_amount)
    posted_at: date | None = attrs.field(default=None, validator=_optional(_check_day))


@attrs.frozen
class ManualPayment:
    """A payment that Campfire has no transaction for ("empty transaction").

    Set ``external_id`` (at most 256 characters) to a unique text of your own. Then every process
    finds a payment that has it already, before anything is sent.
    """

    amount: Decimal = attrs.field(converter=_convert_amount)
    account_id: int | str = attrs.field(validator=_check_id)
    account_name: str = attrs.field(validator=_check_text)
    payment_date: date = attrs.field(validator=_check_day)
    external_id: str | None = attrs.field(default=None, validator=_optional(_check_external_id))
    memo: str | None = attrs.field(default=None, validator=_optional(_check_text))


PaymentItem: TypeAlias = TransactionPayment | CreditMemoPayment | DebitMemoPayment | ManualPayment
