"""What a person decides once for a pair of accounts, because paysdk cannot know it."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs

from paysdk.arguments import check_int, check_not_blank
from paysdk.currencies import check_currency
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BookingPolicy"]

# A hundred years, and a year.
_MAX_DAYS, _MAX_HOURS = 36_525, 8_784


def _currency(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    if check_currency(field.name, value) != value:
        raise ConfigurationError(f"{field.name} must be in capitals, not {value!r}.")


def _id(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    check_int(field.name, value, 1)


def _days(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    check_int(field.name, value, 0, _MAX_DAYS)


def _hours(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    check_int(field.name, value, 1, _MAX_HOURS)


def _text(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    check_not_blank(field.name, value)


def _prefix(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        raise ConfigurationError(f"{field.name} must be a string, not {value!r}.")


def _day(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ConfigurationError(f"{field.name} must be a date, not {value!r}.")


def _amount(_policy: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or value <= 0:
        raise ConfigurationError(
            f"{field.name} must be a finite decimal.Decimal above 0, not {value}. In TOML, write "
            f'it as a string, such as {field.name} = "5000.00".'
        )


@attrs.frozen(kw_only=True)
class BookingPolicy:
    """The settings that a person decides once for a pair of accounts.

    - ``currency``: the currency of the source's payments, such as "EUR". Notify sends none.
    - ``entity``: the id of the target's entity. Invoices of other entities are left alone.
    - ``account_id`` and ``account_name``: the account of the target that the payments are booked
      to. Use a clearing account. Do not use the bank account: the bank feed brings the same money,
      and then it is in the books twice.
    - ``since``: payments from before this day are left alone.
    - ``max_amount``: a larger payment is for review.
    - ``waiting_days``: a payment is booked only when it is this many days old. Notify does not say
      whether a payment has settled.
    - ``strip_prefix`` and ``number_prefix``: how the source's invoice number becomes the target's.
      The first is removed from its start, and then the second is put before it. A payment whose
      number does not start with ``strip_prefix`` is for review.
    - ``match_days``: the largest number of days between counterparts.
    - ``plan_hours``: a plan that is older is not applied.
    """

    currency: str = attrs.field(validator=_currency)
    entity: int = attrs.field(validator=_id)
    account_id: int = attrs.field(validator=_id)
    account_name: str = attrs.field(validator=_text)
    since: date = attrs.field(validator=_day)
    max_amount: Decimal = attrs.field(validator=_amount)
    waiting_days: int = attrs.field(default=3, validator=_days)
    strip_prefix: str = attrs.field(default="", validator=_prefix)
    number_prefix: str = attrs.field(default="", validator=_prefix)
    match_days: int = attrs.field(default=7, validator=_days)
    plan_hours: int = attrs.field(default=24, validator=_hours)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a policy from a TOML file. Amounts are texts there, such as "5000.00".

        Raises ``ConfigurationError`` if the file cannot be read, or if a setting is missing,
        unknown or wrong.
        """
        try:
            settings = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(
                f"The policy {path} cannot be read: {error.strerror}."
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The policy {path} is not a TOML file: {error}.") from None
        try:
            return cls.from_settings(settings)
        except ConfigurationError as error:
            raise ConfigurationError(f"The policy {path}: {error}") from None

    @classmethod
    def from_settings(cls, settings: Mapping[str, object]) -> Self:
        """Make a policy from its settings, as a TOML file or the store has them."""
        fields = {field.name: field for field in attrs.fields(cls)}
        if unknown := sorted(settings.keys() - fields.keys()):
            raise ConfigurationError(
                f"It has unknown settings: {', '.join(unknown)}. The known ones are "
                f"{', '.join(fields)}."
            )
        missing = [
            name
            for name, field in fields.items()
            if field.default is attrs.NOTHING and name not in settings
        ]
        if missing:
            raise ConfigurationError(f"It needs these settings too: {', '.join(missing)}.")
        given: dict[str, Any] = dict(settings)
        amount = given["max_amount"]
        if isinstance(amount, int) and not isinstance(amount, bool):
            given["max_amount"] = Decimal(amount)
        elif isinstance(amount, str):
            given["max_amount"] = _parse_amount(amount)
        return cls(**given)

    def map_number(self, number: str | None) -> str | None:
        """Return the target's number for the source's invoice number, or ``None`` without one.

        Mapped numbers have the same order as the numbers that they come from.
        """
        if number is None or not number.startswith(self.strip_prefix):
            return None
        mapped = number.removeprefix(self.strip_prefix)
        return self.number_prefix + mapped if mapped.strip() else None


def _parse_amount(text: str) -> Decimal:
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        raise ConfigurationError(f'max_amount must be a number such as "5000.00", not {text!r}.')
    return Decimal(text)
