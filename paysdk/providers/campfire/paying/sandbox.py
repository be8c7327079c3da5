"""Pay requests in Campfire's sandbox: which it accepts, and how it may treat them. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias
from unicodedata import normalize

import msgspec

from paysdk.testing import drf
from paysdk.testing.drf.fields import (
    Field,
    check_items,
    decode,
    parse_day,
    parse_integer,
    parse_number,
    parse_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paysdk.testing.exchange import Request, Response
    from paysdk.testing.records import Row

__all__ = ["NAME_FORMS", "PAYMENT_TYPES", "NameForm", "read_pay_request", "split_in_two"]

NameForm: TypeAlias = Literal["exact", "cut", "lower", "NFC", "NFD", "trimmed", "dropped"]

_CUT_CHARS = 50

# In which form a server keeps an external_id. No document rules any of them out.
NAME_FORMS: Mapping[NameForm, Callable[[str], str | None]] = {
    "exact": lambda external_id: external_id,
    "cut": lambda external_id: external_id[:_CUT_CHARS],
    "lower": str.lower,
    "NFC": lambda external_id: normalize("NFC", external_id),
    "NFD": lambda external_id: normalize("NFD", external_id),
    "trimmed": lambda external_id: " ".join(external_id.split()),
    "dropped": lambda _: None,
}

# The lists of a pay request, and what the provider's later schema requires of their fields. The
# document requires none.
_MEMO = {"posted_at": Field(parse_day, required=True), "amount": Field(parse_number, required=True)}
_PAYABLES: Mapping[str, Mapping[str, Field]] = {
    "transactions": {
        "transaction_id": Field(parse_integer),
        "account_id": Field(parse_integer),
        "amount": Field(parse_number, required=True),
    },
    "credit_memos": {
        **_MEMO,
        "credit_memo_id": Field(parse_integer, required=True),
        "credit_memo_number": Field(parse_text),
    },
    "debit_memos": {**_MEMO, "debit_memo_id": Field(parse_integer, required=True)},
    "empty_transactions": {
        "account_id": Field(parse_integer, required=True),
        "account_name": Field(parse_text, required=True),
        "amount": Field(parse_number, required=True),
        "payment_date": Field(parse_day, required=True),
        "external_id": Field(parse_text),
        "memo": Field(parse_text),
    },
}
# The schema's payment_type has no word for a debit memo.
PAYMENT_TYPES = {
    "transactions": "BANK_TRANSACTION",
    "credit_memos": "CREDIT_MEMO",
    "empty_transactions": "MANUAL_TRANSACTION",
}


def split_in_two(amount: Decimal) -> tuple[Decimal, ...]:
    """The amounts of two lines that add up to *amount*, or *amount* alone if it is too small."""
    cent = Decimal("0.01")
    return (amount,) if amount <= cent else (amount - cent, cent)


def read_pay_request(request: Request, *, requires_all: bool) -> list[tuple[str, Row]] | Response:
    """The items of a request, each with the name of its list, or the response that refuses it.

    *requires_all* requires what the later schema requires, and not only amounts.
    """
    media_type = request.headers.get("Content-Type", "")
    if not media_type.startswith("application/json"):
        return drf.detail_response(415, f'Unsupported media type "{media_type}" in request.')
    try:
        lists = msgspec.convert(decode(request.body), dict[str, object])
    except msgspec.ValidationError:
        return _refuse("Invalid data. Expected a dictionary.")
    except msgspec.DecodeError as error:
        return drf.detail_response(400, f"JSON parse error - {error}")
    return _check_lists(lists, requires_all=requires_all)


def _check_lists(
    lists: Mapping[str, object], *, requires_all: bool
) -> list[tuple[str, Row]] | Response:
    checked = {
        name: check_items(lists.get(name), fields if requires_all else _only_amount(fields))
        for name, fields in _PAYABLES.items()
    }
    if errors := {name: wrong for name, (_, wrong) in checked.items() if wrong}:
        return drf.json_response(400, errors)
    items = [(name, values) for name, (members, _) in checked.items() for values in members]
    return items or _refuse("At least one payment is required.")


def _only_amount(fields: Mapping[str, Field]) -> Mapping[str, Field]:
    return {name: Field(field.read, required=name == "amount") for name, field in fields.items()}


def _refuse(message: str) -> Response:
    return drf.json_response(400, {"non_field_errors": [message]})
