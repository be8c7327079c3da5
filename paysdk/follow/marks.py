"""A short mark of a payment's content, by which two versions of it are compared: pure."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from paysdk.payment import CustomerRef, InvoiceRef, Payment

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["mark_content", "mark_id", "mark_version"]

_BYTES = 8


def _make_getter(kind: type[attrs.AttrsInstance], *others: str) -> Callable[[object], list[object]]:
    names = [field.name for field in attrs.fields(kind) if field.name not in others]
    get = attrgetter(*names)
    return lambda record: list(get(record))


_fields_of = _make_getter(Payment, "invoice", "customer", "_raw")
_fields_of_invoice = _make_getter(InvoiceRef)
_fields_of_customer = _make_getter(CustomerRef)
_encode = msgspec.json.Encoder(order="sorted").encode


def mark_id(payment: Payment) -> int:
    """Return 64 bits for the id. Two of a million payments share them once in 37 million cases."""
    return _hash(payment.id.encode(errors="surrogatepass"))


def mark_version(payment: Payment) -> int:
    """Return a number for the exact form of the content, which is fast, and only for this process.

    If it is the same, the content is the same.
    """
    # `raw` would decode these bytes.
    return hash((payment, payment._raw))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def mark_content(payment: Payment) -> int:
    """Return 64 bits for the content. The last bit says whether the payment is voided.

    As in a sync, another order of keys, or 1.5 instead of 1.50, is not another content.
    """
    fields = [
        *_fields_of(payment),
        *_fields_of_invoice(payment.invoice),
        *([] if payment.customer is None else _fields_of_customer(payment.customer)),
    ]
    bits = _hash(_encode([_normalise(fields), _normalise(payment.raw)]))
    return bits & ~1 | payment.is_voided


def _hash(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=_BYTES).digest())


def _normalise(value: object) -> object:
    """Return the value in JSON's types, in which equal values are equal."""
    return _BY_TYPE[type(value)](value)


def _normalise_text(text: str) -> str:
    # A lone surrogate has no form in UTF-8.
    return text if text.isascii() else "\0" + text.encode(errors="surrogatepass").hex()


def _normalise_number(number: int | Decimal) -> dict[str, str]:
    sign, digits, exponent = Decimal(number).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    # A finite number has a whole exponent.
    power = int(exponent) + len(text) - len(short)
    return {"": f"{'-' * sign}{short}e{power}" if short else "0"}


def _normalise_object(members: dict[str, object]) -> dict[str, object]:
    return {_normalise_text(key): _normalise(each) for key, each in members.items()}


def _keep(value: object) -> object:
    return value


# Every type of a payment's fields and of decoded JSON.
_BY_TYPE: dict[type, Callable[[Any], object]] = {
    str: _normalise_text,
    int: _normalise_number,
    Decimal: _normalise_number,
    dict: _normalise_object,
    list: lambda elements: [_normalise(each) for each in elements],
    date: date.isoformat,
    datetime: datetime.isoformat,
    bool: _keep,
    type(None): _keep,
}
