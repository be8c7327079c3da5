"""The days on which payments were made, as a range."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import attrs

from paysdk.arguments import check_day
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from paysdk.payment import Payment

__all__ = ["EVERY_DAY", "PaidRange", "check_paid_range"]


@attrs.frozen(kw_only=True)
class PaidRange:
    """The days from ``since`` to ``until``, both included. ``None`` means no bound."""

    since: date | None = None
    until: date | None = None

    def includes(self, payment: Payment) -> bool:
        """Whether the payment was made on one of these days.

        A payment without a date is only in the range without bounds.
        """
        if self.since is None and self.until is None:
            return True
        day = payment.payment_date
        return (
            day is not None
            and (self.since is None or self.since <= day)
            and (self.until is None or day <= self.until)
        )


EVERY_DAY = PaidRange()


def check_paid_range(since: object, until: object) -> PaidRange:
    """Return the range of ``paid_since`` and ``paid_until``.

    Raises ``ConfigurationError`` if one of them is not a date, or if they are in the wrong order.
    """
    paid = PaidRange(
        since=None if since is None else check_day("paid_since", since),
        until=None if until is None else check_day("paid_until", until),
    )
    if paid.since is not None and paid.until is not None and paid.until < paid.since:
        raise ConfigurationError(
            f"paid_since ({paid.since}) is after paid_until ({paid.until}), so no payment can be "
            "between them."
        )
    return paid
