"""The preview of a payment: what is sent to Campfire, and what its response says. Pure.

Source: the API's own schema of July 2026 (CalculatePaymentInput, CalculatePaymentOutput).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import attrs
import msgspec

from paysdk.errors import ConfigurationError
from paysdk.exact import decode_exactly, exact_amount, exact_number
from paysdk.providers.campfire.arguments import check_record_id
from paysdk.providers.campfire.paying.items import (
    CreditMemoPayment,
    ManualPayment,
    check_above_zero,
    check_exact_amount,
)
from paysdk.providers.campfire.paying.order import check_items, is_mapping, predict_shown_day
from paysdk.records.liberal import Mender, decode_liberally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["PaymentPreview", "encode_preview", "read_preview"]

_encode = msgspec.json.Encoder(decimal_format="number").encode
# The fields of each kind of item in the schema: for its id, and for its day.
_KINDS: Mapping[str, tuple[str | None, str]] = {
    "transactions": ("transaction_id", "posted_at"),
    "credit_memos": ("credit_memo_id", "posted_at"),
    "empty_transactions": (None, "payment_date"),
}
_OBJECTS: Mapping[str, type[CreditMemoPayment | ManualPayment]] = {
    "credit_memos": CreditMemoPayment,
    "empty_transactions": ManualPayment,
}
_AMOUNTS = (
    *("total_due", "applied_payments", "applied_credits", "applied_withholding"),
    *("term_discounts", "remaining_due"),
)
# A sample in the documents lacks it, although the schema requires it.
_OPTIONAL = "applied_withholding"


@attrs.frozen(kw_only=True)
class PaymentPreview:
    """What an invoice would look like after a payment. The names are the API's own.

    ``applied_payments`` and ``applied_credits`` include what was applied before. ``term_discounts``
    is a discount for early payment, which Campfire grants for a full payment only.
    ``remaining_due`` is what would still be due. Amounts are in major units of the invoice's
    currency. ``applied_withholding`` is ``None`` if the API leaves it out. ``raw`` is all that was
    sent.
    """

    total_due: Decimal
    applied_payments: Decimal
    applied_credits: Decimal
    applied_withholding: Decimal | None = None
    term_discounts: Decimal
    remaining_due: Decimal
    _raw: bytes = attrs.field(default=b"{}", alias="raw", eq=False, repr=False)

    @property
    def raw(self) -> Any:  # noqa: ANN401  # a response is any JSON value
        """The whole response, with exact numbers."""
        return decode_exactly(self._raw)


def encode_preview(
    lists: Mapping[str, Iterable[CreditMemoPayment | ManualPayment | Mapping[str, object]]],
) -> bytes:
    """Encode the request for items of each kind.

    Raises ``ConfigurationError`` if an item cannot be right.
    """
    return _encode(
        {
            name: [_convert_item(name, item) for item in check_items(name, items)]
            for name, items in lists.items()
        }
    )


def _convert_item(name: str, item: object) -> dict[str, object]:
    id_field, day_field = _KINDS[name]
    given = _as_mapping(name, item)
    sent: dict[str, object] = {
        "amount": check_above_zero(check_exact_amount(given.get("amount"))),
        day_field: _check_day(f"{name}[…].{day_field}", given.get(day_field)),
    }
    if id_field is not None:
        sent[id_field] = check_record_id(
            f"{name}[…].{id_field}", given.get(id_field), id_field.removesuffix("_id")
        )
    if given.get("withholding_amount") is not None:
        sent["withholding_amount"] = _check_withholding(given["withholding_amount"])
    return sent


def _as_mapping(name: str, item: object) -> Mapping[object, object]:
    wanted = _OBJECTS.get(name)
    if wanted is not None and isinstance(item, wanted):
        return cast("dict[object, object]", attrs.asdict(item))
    if is_mapping(item):
        return item
    objects = "" if wanted is None else f"{wanted.__name__} objects or "
    fields = ", ".join(filter(None, ("amount", *_KINDS[name])))
    raise ConfigurationError(f"{name} takes {objects}mappings with {fields}, not {item!r}.")


def _check_day(name: str, value: object) -> str:
    day = predict_shown_day(value)
    if day is None:
        raise ConfigurationError(
            f"{name} must be a datetime.date, not {value!r}. A discount depends on the day."
        )
    return day


def _check_withholding(value: object) -> Decimal:
    amount = check_exact_amount(value)
    if amount < 0:
        raise ConfigurationError(f"withholding_amount must be 0 or more, not {amount}.")
    return amount


_Record = msgspec.defstruct(
    "PreviewRecord",
    [(name, Any, None) if name == _OPTIONAL else (name, Any) for name in _AMOUNTS],
    kw_only=True,
)
_decode = msgspec.json.Decoder(_Record, float_hook=exact_number).decode
_mender = Mender(_Record)


def read_preview(body: bytes) -> PaymentPreview:
    """Read the response.

    Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``.
    """
    sent, raw = decode_liberally(_decode, _mender, body)
    amounts: dict[str, Any] = {
        name: exact_amount(value, f"$.{name}")
        for name in _AMOUNTS
        if (value := getattr(sent, name)) is not None or name != _OPTIONAL
    }
    return PaymentPreview(**amounts, raw=raw)
