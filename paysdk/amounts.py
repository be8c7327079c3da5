"""Amounts as people read them: grouped, and never rounded."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import attrs

from paysdk.currencies import minor_digits
from paysdk.distribution import describe_missing
from paysdk.errors import ConfigurationError

__all__ = ["ENGLISH", "NumberStyle", "load_number_style"]

# A longer amount keeps its exponent, because its many zeros would be hard to count.
_MAX_DIGITS = 40
# An amount in a sentence. Without a fraction, it could also be an id.
_AMOUNT = re.compile(r"(?<![\w.,:/-])-?\d+\.\d+(?!\w|[.,]\d)")
_DIRECTION_MARKS = "\u061c\u200e\u200f"


@attrs.frozen(kw_only=True)
class NumberStyle:
    """How the people of a country write numbers.

    ``first_group`` is the number of digits in the group before the point, and ``further_groups`` in
    each group before that one.
    """

    group: str = ","
    point: str = "."
    minus: str = "-"
    first_group: int = 3
    further_groups: int = 3

    def split(self, amount: Decimal, currency: str | None = None) -> tuple[str, str]:
        """The text of an amount up to its point, and from its point.

        It has every digit of the amount, and at least as many after the point as the currency has.
        """
        if abs(amount.adjusted()) >= _MAX_DIGITS and "E" in str(amount):
            whole, _, fraction = str(amount).replace("-", self.minus, 1).partition(".")
            return whole, fraction and self.point + fraction
        # abs() would round to the precision of Python's context.
        digits, _, fraction = f"{amount.copy_abs():f}".partition(".")
        fraction = fraction.ljust(0 if currency is None else minor_digits(currency), "0")
        sign = self.minus if amount.is_signed() and amount else ""
        return sign + self._group(digits), fraction and self.point + fraction

    def format_amount(self, amount: Decimal, currency: str | None = None) -> str:
        """The text of an amount, without the currency."""
        return "".join(self.split(amount, currency))

    def format_count(self, number: int) -> str:
        """The text of a number of things."""
        return self._group(str(number))

    def format_sentence(self, sentence: str) -> str:
        """The sentence with its amounts as ``format_amount`` writes them.

        A number without a point stays as it is, because it may be an id.
        """
        return _AMOUNT.sub(lambda found: self.format_amount(Decimal(found.group())), sentence)

    def _group(self, digits: str) -> str:
        groups = [digits[-self.first_group :]]
        digits = digits[: -self.first_group]
        while digits:
            groups.append(digits[-self.further_groups :])
            digits = digits[: -self.further_groups]
        return self.group.join(reversed(groups))


ENGLISH = NumberStyle()


def load_number_style(locale: str) -> NumberStyle:
    """Return how numbers are written in a locale, such as ``de`` or ``en_IN``.

    Raises ``ConfigurationError`` if it is unknown, and ``ModuleNotFoundError`` without Babel.
    """
    given: object = locale
    try:
        from babel import Locale, UnknownLocaleError  # noqa: PLC0415  # the extra may be missing
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            describe_missing("A locale", "babel", "report"), name="babel"
        ) from None
    try:
        found = Locale.parse(str(given).replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        raise ConfigurationError(
            f"locale must be a language and perhaps a country, such as 'de' or 'en_IN', not "
            f"{given!r}."
        ) from None
    # Babel's texts are in Western digits, and some have a mark that sets the direction of the text.
    symbols: Any = found.number_symbols["latn"]
    first, further = found.decimal_formats[None].grouping
    return NumberStyle(
        group=symbols["group"],
        point=symbols["decimal"],
        minus=symbols["minusSign"].strip(_DIRECTION_MARKS),
        first_group=first,
        further_groups=further,
    )
