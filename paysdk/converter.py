"""Payments and invoices to and from dicts and JSON, for users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.msgspec import MsgspecJsonConverter
from cattrs.preconf.msgspec import make_converter as make_msgspec_converter

from paysdk.exact import exact_amount
from paysdk.payment import Payment
from paysdk.provider import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from cattrs import BaseConverter

__all__ = ["make_converter"]


def make_converter() -> MsgspecJsonConverter:
    """Return a new cattrs converter for payments, invoices, outcomes and reports.

    ``converter.unstructure(payment)`` returns a dict of JSON's types, and
    ``converter.dumps(payment)`` returns JSON. ``structure`` and ``loads`` return an equal object
    from these. Amounts are texts with exactly their digits, because most readers of JSON make
    floats of numbers. Dates and times are in ISO 8601. ``raw`` is the text of the JSON that was
    sent, so its numbers stay exact, too. In a field of the type ``object``, a number with a
    fraction comes back as the text of its digits.

    ``structure`` raises cattrs' errors, which name the field. Each call returns a converter of its
    own, so hooks that you add do not affect paysdk.
    """
    converter = make_msgspec_converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    converter.register_structure_hook(datetime, lambda text, _: _moment(text))
    converter.register_structure_hook(str, _text)
    # cattrs prefers its msgspec hook for unions to a hook that is registered by the type, but not
    # to one with a predicate.
    converter.register_structure_hook_func(
        _is_date_or_time, lambda text, _: text and _date_or_time(text)
    )
    converter.register_unstructure_hook_func(
        _is_date_or_time, lambda value: value and value.isoformat()
    )
    converter.register_structure_hook_func(_is_object, lambda value, _: value)
    converter.register_unstructure_hook_func(_is_object, converter.unstructure)
    converter.register_structure_hook_func(
        _is_payments, lambda value, _: converter.structure(value, list[Payment])
    )
    # A Page without a type parameter has payments.
    converter.register_structure_hook_func(
        _is_page, lambda value, _: converter.structure(value, Page[Payment])
    )
    converter.register_unstructure_hook_func(
        _is_page,
        make_dict_unstructure_fn(
            Page,
            converter,
            payments=override(unstruct_hook=lambda each: list(map(converter.unstructure, each))),
        ),
    )
    converter.register_unstructure_hook_factory(_has_raw, _raw_as_text)
    converter.register_structure_hook_factory(_has_raw, _raw_from_text)
    return converter


def _text(value: object, _: type[str]) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")  # noqa: TRY004  # cattrs adds the path to it
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def _decimal(value: object, _: type[Decimal]) -> Decimal:
    if isinstance(value, float):
        message = f"{value!r} is a float, which has lost its digits. Pass a string instead."
        raise ValueError(message)  # noqa: TRY004  # cattrs adds the path to it
    try:
        number = exact_amount(value, "$")
    except msgspec.ValidationError:
        raise ValueError(f"{value!r} is not a plain decimal number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not finite")
    return number


def _is_date_or_time(kind: object) -> bool:
    return kind == datetime | date | None


def _is_object(kind: object) -> bool:
    return kind is object


def _date_or_time(text: str) -> date:
    return (
        date.fromisoformat(text) if len(text) == len("2025-07-25") else datetime.fromisoformat(text)
    )


def _is_payments(kind: object) -> bool:
    return kind == Sequence[Payment]


def _is_page(kind: object) -> bool:
    return kind is Page


def _has_raw(kind: object) -> bool:
    return (
        isinstance(kind, type)
        and attrs.has(kind)
        and any(field.name == "_raw" for field in attrs.fields(kind))
    )


def _raw_as_text(kind: type[Any], converter: BaseConverter) -> Callable[[Any], dict[str, Any]]:
    return make_dict_unstructure_fn(
        kind, converter, _raw=override(rename="raw", unstruct_hook=bytes.decode)
    )


def _raw_from_text(kind: type[Any], converter: BaseConverter) -> Callable[[Any, Any], Any]:
    return make_dict_structure_fn(
        kind, converter, _raw=override(rename="raw", struct_hook=lambda text, _: text.encode())
    )
