"""Pay requests in Campfire's sandbox: which it accepts, and how it may treat them. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias
from unicodedata import normalize

import msgspec

from paysdk.testing import drf
from paysdk.testing.drf.fields import (
    Field,
    check_item,
    check_items,
    decode,
    parse_day,
    parse_integer,
    parse_number,
    parse_text,
)
from paysdk.testing.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paysdk.testing.exchange import Request
    from paysdk.testing.records import Row

__all__ = [
    "NAME_FORMS",
    "PAYMENT_TYPES",
    "NameForm",
    "find_closed",
    "find_without_department",
    "read_pay_request",
    "read_preview_request",
    "read_void_request",
    "split_in_two",
]

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
        "department_id": Field(parse_integer),
    },
}
_AMOUNTS = {
    "amount": Field(parse_number, required=True),
    "withholding_amount": Field(parse_number),
}
# The lists of a preview (the schema's CalculatePaymentInput).
_PREVIEWED: Mapping[str, Mapping[str, Field]] = {
    "transactions": {
        **_AMOUNTS,
        "transaction_id": Field(parse_integer, required=True),
        "posted_at": Field(parse_day, required=True),
    },
    "credit_memos": {**_MEMO, "credit_memo_id": Field(parse_integer, required=True)},
    "empty_transactions": {**_AMOUNTS, "payment_date": Field(parse_day, required=True)},
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


def find_closed(order: list[tuple[str, Row]], closed_until: str) -> bool:
    """Whether an item is of a day in the closed periods."""
    days = (values.get("payment_date") or values.get("posted_at") for _, values in order)
    return any(day is not None and day <= closed_until for day in days)


def find_without_department(order: list[tuple[str, Row]]) -> bool:
    """Whether a manual payment has no department."""
    return any(
        name == "empty_transactions" and values.get("department_id") is None
        for name, values in order
    )


def read_pay_request(request: Request, *, requires_all: bool) -> list[tuple[str, Row]] | Response:
    """The items of a request, each with the name of its list, or the response that refuses it.

    *requires_all* requires what the later schema requires, and not only amounts.
    """
    kinds = _PAYABLES
    if not requires_all:
        kinds = {name: _only_amount(fields) for name, fields in kinds.items()}
    read = _read_lists(request, kinds)
    return read if read != [] else _refuse("At least one payment is required.")


def read_preview_request(request: Request) -> list[tuple[str, Row]] | Response:
    """The items of a preview, each with the name of its list, or the response that refuses it."""
    return _read_lists(request, _PREVIEWED)


def read_void_request(request: Request) -> str | Response | None:
    """The day of a void, ``None`` for today, or the response that refuses the request."""
    body = _read_object(request)
    if isinstance(body, Response):
        return body
    values, errors = check_item(body, {"void_date": Field(parse_day)})
    return drf.json_response(400, errors) if errors else values["void_date"]


def _read_lists(
    request: Request, kinds: Mapping[str, Mapping[str, Field]]
) -> list[tuple[str, Row]] | Response:
    lists = _read_object(request)
    if isinstance(lists, Response):
        return lists
    checked = {name: check_items(lists.get(name), fields) for name, fields in kinds.items()}
    if errors := {name: wrong for name, (_, wrong) in checked.items() if wrong}:
        return drf.json_response(400, errors)
    return [(name, values) for name, (members, _) in checked.items() for values in members]


def _read_object(request: Request) -> Mapping[str, object] | Response:
    media_type = request.headers.get("Content-Type", "")
    if not media_type.startswith("application/json"):
        return drf.detail_response(415, f'Unsupported media type "{media_type}" in request.')
    try:
        return msgspec.convert(decode(request.body), dict[str, object])
    except msgspec.ValidationError:
        return _refuse("Invalid data. Expected a dictionary.")
    except msgspec.DecodeError as error:
        return drf.detail_response(400, f"JSON parse error - {error}")


def _only_amount(fields: Mapping[str, Field]) -> Mapping[str, Field]:
    return {name: Field(field.read, required=name == "amount") for name, field in fields.items()}


def _refuse(message: str) -> Response:
    return drf.json_response(400, {"non_field_errors": [message]})
