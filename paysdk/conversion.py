"""Payments and invoices to and from dicts and JSON, for users."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.msgspec import MsgspecJsonConverter
from cattrs.preconf.msgspec import make_converter as make_msgspec_converter

__all__ = ["make_converter"]


def make_converter() -> MsgspecJsonConverter:
    """A new cattrs converter for everything that paysdk gives: payments, invoices, outcomes, reports.

    ``converter.unstructure(payment)`` is a dict of JSON's own types and ``converter.dumps(payment)`` is JSON; ``structure`` and ``loads`` are the
    way back, and give an equal object. Amounts are texts with exactly their digits, since most readers of JSON make floats of numbers; dates
    and times are ISO 8601. ``raw`` is the text of the JSON that was sent, so that its numbers stay exact too.

    ``structure`` raises cattrs' own errors, which name the field. The converter is yours alone: hooks that you add change nothing elsewhere.
    """
    converter = make_msgspec_converter()
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_structure_hook(datetime | date | None, lambda text, _: text and _date_or_time(text))
    converter.register_unstructure_hook(datetime | date | None, lambda value: value and value.isoformat())
    converter.register_structure_hook(str | int | None, lambda value, _: value)
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    converter.register_unstructure_hook_factory(_has_raw, lambda kind: _raw_as_text(kind, converter))
    converter.register_structure_hook_factory(_has_raw, lambda kind: _raw_from_text(kind, converter))
    return converter


def _decimal(value: object, _: type[Decimal]) -> Decimal:
    if isinstance(value, float):
        raise ValueError(f"{value!r} is a float, which has lost its digits: give a text")  # noqa: TRY004  # cattrs gathers these with their path
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no decimal number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not finite")
    return number


def _date_or_time(text: str) -> date:
    return date.fromisoformat(text) if len(text) == len("2025-07-25") else datetime.fromisoformat(text)


def _has_raw(kind: Any) -> bool:
    return attrs.has(kind) and any(field.name == "_raw" for field in attrs.fields(kind))


def _raw_as_text(kind: Any, converter: MsgspecJsonConverter) -> Callable[[Any], dict[str, Any]]:
    return make_dict_unstructure_fn(kind, converter, _raw=override(rename="raw", unstruct_hook=bytes.decode))


def _raw_from_text(kind: Any, converter: MsgspecJsonConverter) -> Callable[[Any, Any], Any]:
    return make_dict_structure_fn(kind, converter, _raw=override(rename="raw", struct_hook=lambda text, _: text.encode()))
