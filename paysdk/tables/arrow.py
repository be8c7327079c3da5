"""Payments as Arrow tables, without rounding an amount. It needs the extra ``arrow``."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.distribution import describe_missing

if find_spec("pyarrow") is None:
    raise ModuleNotFoundError(
        describe_missing("An Arrow table", "pyarrow", "arrow"), name="pyarrow"
    )

import pyarrow as untyped_pyarrow  # noqa: ICN001  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.compute as untyped_compute  # pyright: ignore[reportMissingTypeStubs]

from paysdk.errors import ConfigurationError
from paysdk.tables.batches import check_payments, read_batches
from paysdk.tables.columns import AMOUNTS, COLUMNS, DAYS, MOMENTS, WORDS, split_into_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paysdk.payment import Payment
    from paysdk.tables.batches import Payments

__all__ = ["ArrowBatches", "to_arrow"]

# pyarrow ships no types.
pa: Any = untyped_pyarrow
pc: Any = untyped_compute

# https://arrow.apache.org/docs/format/Columnar.html: a decimal of 128 bits has up to 38 digits, and
# one of 256 bits up to 76.
_DIGITS_128, _DIGITS_256 = 38, 76
_MOMENT = pa.timestamp("us", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Arrow's texts are UTF-8, which cannot encode these.
_SURROGATES = re.compile("[\ud800-\udfff]")


async def to_arrow(payments: Payments) -> Any:  # noqa: ANN401  # pyarrow ships no types
    """Return a ``pyarrow.Table`` of the payments, with exact amounts.

    *payments* can be a list, a listing, a store's payments, or any other iterable or async
    iterable. They are read in batches, so the objects of only one batch are in memory.

    The columns are those of ``paysdk list --format csv``. Amounts are ``decimal128`` with as many
    digits after the point as the column needs, or ``decimal256`` if it needs more than 38 digits.
    Days are ``date32``, times are ``timestamp[us, tz=UTC]``, ``voided`` is a Boolean, and all
    others are texts. ``provider``, ``currency`` and ``source`` are dictionary-encoded.

    Raises ``ConfigurationError`` if *payments* cannot be iterated over, or if the amounts of a
    column need more than 76 digits. Errors from reading the payments are passed on.
    """
    check_payments(payments)
    batches = ArrowBatches()
    tables = [batches.convert(batch) async for batch in read_batches(payments)]
    schema = batches.schema
    if not tables:
        return schema.empty_table()
    return pa.concat_tables([table.cast(schema) for table in tables]).unify_dictionaries()


_ZERO = Decimal(0)


@attrs.frozen
class _Digits:
    """How many digits the amounts of a column need: before the point, and after it."""

    whole: int = 0
    scale: int = 0

    def widen(self, other: _Digits) -> _Digits:
        """The digits that hold the amounts of *self* and of *other*."""
        return _Digits(max(self.whole, other.whole), max(self.scale, other.scale))

    @property
    def arrow_type(self) -> Any:  # noqa: ANN401  # as above
        """The smaller one of Arrow's decimals that holds them, or ``None`` if neither does."""
        digits = self.whole + self.scale
        if digits > _DIGITS_256:
            return None
        return (
            pa.decimal128(_DIGITS_128, self.scale)
            if digits <= _DIGITS_128
            else pa.decimal256(_DIGITS_256, self.scale)
        )


@attrs.define
class ArrowBatches:
    """Turns batches of payments into Arrow tables, whose amounts get wider if the data needs it.

    ``schema`` holds every amount so far. A table of an earlier schema can be cast to a later one.
    """

    _digits: dict[str, _Digits] = attrs.field(
        factory=lambda: dict.fromkeys(sorted(AMOUNTS), _Digits()), init=False
    )

    @property
    def schema(self) -> Any:  # noqa: ANN401  # as above
        """The columns with their types."""
        return pa.schema(
            [
                (name, self._digits[name].arrow_type if name in AMOUNTS else _TYPES[name])
                for name in COLUMNS
            ]
        )

    def convert(self, payments: Sequence[Payment]) -> Any:  # noqa: ANN401  # as above
        """Return a table of these payments.

        Raises ``ConfigurationError`` if no decimal of Arrow holds the amounts of a column.
        """
        columns = split_into_columns(payments)
        arrays = [
            self._convert_amounts(name, columns)
            if name in AMOUNTS
            else _convert_words(values)
            if name in WORDS
            else _convert_moments(values)
            if name in MOMENTS
            else _convert(values, _TYPES[name])
            for name, values in columns.items()
        ]
        return pa.table(arrays, names=list(COLUMNS))

    def _convert_amounts(
        self,
        name: str,
        columns: Mapping[str, Sequence[Any]],
    ) -> Any:  # noqa: ANN401  # as above
        amounts = columns[name]
        known = self._digits[name]
        # Counting the digits takes three times as long, and the type of the earlier batches almost
        # always fits. pyarrow refuses an amount that it would have to round.
        if known != _Digits():
            with suppress(pa.ArrowInvalid):
                found = pa.array(amounts, known.arrow_type)
                self._digits[name] = known.widen(_Digits(_count_whole(found), known.scale))
                return found
        self._digits[name] = self._check_digits(name, known.widen(_count_digits(amounts)), columns)
        kind = self._digits[name].arrow_type
        try:
            return pa.array(amounts, kind)
        except pa.ArrowInvalid:
            # pyarrow does not read a zero with a large exponent, such as 0E+37.
            return pa.array([_ZERO if amount == 0 else amount for amount in amounts], kind)

    def _check_digits(
        self, name: str, digits: _Digits, columns: Mapping[str, Sequence[Any]]
    ) -> _Digits:
        """Return the digits of a column, if a decimal of Arrow has them."""
        if digits.arrow_type is not None:
            return digits
        place = _find_longest(columns[name])
        amount: Decimal = columns[name][place]
        raise ConfigurationError(
            f"Payment {columns['id'][place]!r} of {columns['provider'][place]} has {name} "
            f"{amount:.5E}. With it, the column needs {digits.whole} digits before the point and "
            f"{digits.scale} after it, but Arrow's decimals have {_DIGITS_256} at most. Write "
            "JSON lines or CSV instead, which take any amount."
        )


def _count_digits(amounts: Sequence[Decimal | None]) -> _Digits:
    digits = _Digits()
    for amount in amounts:
        if amount is not None:
            digits = digits.widen(_digits_of(amount))
    return digits


def _digits_of(amount: Decimal) -> _Digits:
    exponent = amount.as_tuple().exponent
    # An amount is finite, so its exponent is a number.
    scale = max(0, -exponent) if isinstance(exponent, int) else 0
    return _Digits(max(0, amount.adjusted() + 1) if amount else 0, scale)


def _find_longest(amounts: Sequence[Decimal | None]) -> int:
    def length(place: int) -> int:
        amount = amounts[place]
        digits = _Digits() if amount is None else _digits_of(amount)
        return digits.whole + digits.scale

    return max(range(len(amounts)), key=length)


def _count_whole(amounts: Any) -> int:  # noqa: ANN401  # as above
    """How many digits the largest amount of an Arrow array has before the point."""
    bounds = pc.min_max(amounts).as_py()
    return _count_digits([bounds["min"], bounds["max"]]).whole


def _convert(values: Sequence[Any], kind: Any) -> Any:  # noqa: ANN401  # as above
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([None if each is None else _escape(each) for each in values], kind)


def _convert_words(values: Sequence[str | None]) -> Any:  # noqa: ANN401  # as above
    return _convert(values, pa.string()).dictionary_encode()


def _convert_moments(values: Sequence[datetime | None]) -> Any:  # noqa: ANN401  # as above
    # For each time, pyarrow asks Python for its offset from UTC. Subtracting takes a fifth as long.
    try:
        since = [None if moment is None else moment - _EPOCH for moment in values]
    except TypeError:  # a time without an offset, which pyarrow reads as one in UTC
        return pa.array(values, _MOMENT)
    return pa.array(since, pa.duration("us")).view(_MOMENT)


def _escape(text: str) -> str:
    return _SURROGATES.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


_TYPES: dict[str, Any] = {
    **dict.fromkeys(COLUMNS, pa.string()),
    **dict.fromkeys(DAYS, pa.date32()),
    **dict.fromkeys(MOMENTS, _MOMENT),
    **dict.fromkeys(WORDS, pa.dictionary(pa.int32(), pa.string())),
    "voided": pa.bool_(),
}
