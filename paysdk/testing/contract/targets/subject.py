"""The target that the contract tests, and the books behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal, TypeAlias

import attrs

from paysdk.target import BooksPayments, HasBookingTarget
from paysdk.testing.server import Sandbox

__all__ = ["TargetFailure", "TargetSubject"]

# "lost": it is done, and the response is lost. "dropped": it is not done, and the response is lost.
# "refused": it is not done, and the response says so.
TargetFailure: TypeAlias = Literal["lost", "dropped", "refused"]


@attrs.frozen(kw_only=True)
class TargetSubject:
    """A target to test, and the books behind it.

    ``open_target`` opens the target, or a provider that has one. Each call is another process that
    works with the same books. If the books are a ``sandbox``, the contract runs it meanwhile.

    ``invoice_id`` and ``number`` are those of an open invoice in ``currency``. At least 100.00 is
    due on it, and it has no payments. ``missing_id`` is the id of an invoice or a payment that does
    not exist. ``account_id`` and ``account_name`` are the account that orders name.

    ``pay`` books a payment of an invoice in the books, as a person does there, and returns its id.
    ``live_amounts`` returns the amounts of an invoice's live payments. It must ask the books and
    not the target.
    """

    open_target: Callable[[], BooksPayments | HasBookingTarget]
    invoice_id: str
    number: str
    currency: str
    pay: Callable[[str, Decimal], str]
    live_amounts: Callable[[str], Iterable[Decimal]]
    account_id: int = 1
    account_name: str = "1"
    missing_id: str = "999999999"
    sandbox: Sandbox | None = None
