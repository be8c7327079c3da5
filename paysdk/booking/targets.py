"""Finds the target that books in a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.booking.source import read_origin
from paysdk.errors import ConfigurationError
from paysdk.sync.origin import check_origin, get_origin
from paysdk.target import BooksPayments, HasBookingTarget

if TYPE_CHECKING:
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["as_target", "check_place"]


def as_target(given: object) -> BooksPayments:
    """Return the target of a provider, or *given* if it is a target itself.

    Raises ``ConfigurationError`` if the provider cannot book payments.
    """
    if isinstance(given, BooksPayments):
        return given
    if isinstance(given, HasBookingTarget):
        return given.booking_target()
    name = getattr(given, "name", None) or type(given).__name__
    raise ConfigurationError(
        f"{name} cannot book payments: it has no booking_target(). Nothing was sent. Choose "
        "another target, such as campfire."
    )


async def check_place(
    store: SQLPaymentStore, given: object, target: BooksPayments, account: str
) -> None:
    """Raise ``ConfigurationError`` if the target is not where the account was synced from.

    *given* is the provider or the target that the caller has. An order in a copy of the books, such
    as a staging system, would be recorded as booked in the real ones.
    """
    origin = get_origin(given) or get_origin(target)
    check_origin(target.name, account, await read_origin(store, target.name, account), origin)
