"""Convert a ``Payment`` to the values of a row and back, exactly.

A row has the values of the columns in ``tables.CONTENT``. PostgreSQL takes and returns decimals,
dates and times. In SQLite they are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import msgspec

from paysdk.payment import CustomerRef, InvoiceRef
from paysdk.records.fields import make_payment
from paysdk.sync.errors import StoreError

if TYPE_CHECKING:
    from paysdk.payment import Payment

__all__ = ["POSTGRESQL", "SQLITE", "Codec", "escape_unstorable"]

Row: TypeAlias = tuple[Any, ...]

# PostgreSQL cannot store a NUL character in a text column, and UTF-8 cannot encode a lone
# surrogate.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def escape_unstorable(text: str) -> str:
    """Return *text* with JSON escapes for the characters that a database cannot hold.

    ``raw`` keeps these characters as they were sent.
    """
    return _UNSTORABLE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


# https://www.postgresql.org/docs/current/datatype-numeric.html
_WHOLE_DIGITS, _DECIMALS = 131_072, 16_383


def _is_numeric(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and exponent >= -_DECIMALS
        and (not amount or amount.adjusted() < _WHOLE_DIGITS)
    )


def _identity(value: Any) -> Any:  # noqa: ANN401  # whatever the driver takes and gives
    return value


def _parse_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _parse_moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise StoreError(
            f"The database has {text!r} instead of a time with a zone, in sync_state or payments. "
            "Correct it."
        )
    return moment


@attrs.frozen
class Codec:
    """How a database writes and reads values. ``None`` stays ``None``.

    ``encode_flag`` converts a bool. ``can_hold`` says which amounts the database can keep.
    """

    encode: Callable[[Any], Any]
    encode_flag: Callable[[bool], int]
    read_amount: Callable[[Any], Decimal]
    read_day: Callable[[Any], date | None]
    read_moment: Callable[[Any], datetime | None]
    can_hold: Callable[[Decimal], bool] | None = None

    def read_required_moment(
        self,
        value: Any,  # noqa: ANN401  # as the driver gives it
    ) -> datetime:
        """Return the time in a column that is never empty."""
        moment = self.read_moment(value)
        if moment is None:
            raise ValueError("The time is missing.")
        return moment

    def to_row(self, payment: Payment) -> Row:
        """Return the row. Raises ``StoreError`` for an amount that the database cannot keep."""
        if self.can_hold is not None:
            self._check_amounts(payment, self.can_hold)
        # Each access makes the id and the invoice again.
        payment_id, invoice, customer = payment.id, payment.invoice, payment.customer
        texts = (
            f"{payment_id}{payment.currency}{invoice.id}{invoice.number}"
            f"{payment.external_id}{payment.source}"
        )
        if customer is None:
            customer_id = customer_number = customer_name = None
        else:
            customer_id, customer_number, customer_name = (
                customer.id,
                customer.number,
                customer.name,
            )
            texts += f"{customer_id}{customer_number}{customer_name}"
        row: Row = (
            payment_id,
            payment.amount,
            payment.currency,
            payment.payment_date,
            invoice.id,
            invoice.number,
            invoice.total,
            invoice.balance,
            customer_id,
            customer_number,
            customer_name,
            payment.external_id,
            payment.source,
            payment.voided_date,
            self.encode_flag(payment.voided),
            payment.created_at,
            payment.modified_at,
            # `raw` would decode these bytes.
            payment._raw.decode(),  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        )
        if "\0" in texts or not texts.isascii():
            row = tuple(
                escape_unstorable(value) if isinstance(value, str) else value for value in row
            )
        encoded: Row = self.encode(row)
        return encoded

    def _check_amounts(self, payment: Payment, can_hold: Callable[[Decimal], bool]) -> None:
        invoice = payment.invoice
        for name, amount in (
            ("amount", payment.amount),
            ("invoice.total", invoice.total),
            ("invoice.balance", invoice.balance),
        ):
            if amount is not None and not can_hold(amount):
                raise StoreError(
                    f"Payment {payment.id!r} of {payment.provider} has {name} {amount:.5E}, "
                    f"which PostgreSQL cannot keep. Its NUMERIC has {_WHOLE_DIGITS} digits before "
                    f"the point and {_DECIMALS} after it. Nothing of the page was written. Correct "
                    "the payment at the provider, or keep this account in SQLite, which stores "
                    "amounts as text."
                )

    def to_payment(self, provider: str, content: Sequence[Any]) -> Payment:
        """Return the payment in a row.

        Raises ``StoreError`` if the row is not as paysdk writes it.
        """
        try:
            return self._to_payment(provider, content)
        except (ArithmeticError, AttributeError, TypeError, ValueError, StoreError):
            reason = (
                "an amount, a date, a time or raw in its row of the table payments is not as "
                "paysdk writes it"
            )
        raise StoreError(
            f"Payment {content[0]!r} of {provider} cannot be read: {reason}. Correct the row, or "
            "sync to another database."
        )

    def _to_payment(self, provider: str, content: Sequence[Any]) -> Payment:
        payment_id, amount, currency, paid, invoice_id, invoice_number, total, balance, *rest = (
            content
        )
        (
            customer_id,
            customer_number,
            customer_name,
            external_id,
            source,
            voided_date,
            voided,
            created,
            modified,
            raw,
        ) = rest
        invoice = InvoiceRef(
            invoice_id,
            invoice_number,
            None if total is None else self.read_amount(total),
            None if balance is None else self.read_amount(balance),
        )
        no_customer = customer_id is None and customer_number is None and customer_name is None
        # The payment was validated before it was written, so this does not validate it again.
        return make_payment(
            SimpleNamespace(
                provider=provider,
                id=payment_id,
                amount=self.read_amount(amount),
                currency=currency,
                payment_date=self.read_day(paid),
                invoice=invoice,
                customer=None
                if no_customer
                else CustomerRef(customer_id, customer_number, customer_name),
                external_id=external_id,
                source=source,
                voided_date=self.read_day(voided_date),
                voided=bool(voided),
                created_at=self.read_moment(created),
                modified_at=self.read_moment(modified),
                raw=raw.encode(),
            )
        )


def _in_utc(moment: datetime | None) -> datetime | None:
    # The driver returns times in the zone of the session.
    return None if moment is None else moment.astimezone(UTC)


# msgspec converts a whole row in one call. A value becomes text if SQLite has no type for it. The
# driver looks for an adapter for each bool, but not for an int.
SQLITE = Codec(msgspec.to_builtins, int, Decimal, _parse_day, _parse_moment)
POSTGRESQL = Codec(_identity, _identity, _identity, _identity, _in_utc, _is_numeric)
