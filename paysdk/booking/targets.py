"""Finds the target that books in a provider."""

from __future__ import annotations

from paysdk.errors import ConfigurationError
from paysdk.target import BooksPayments, HasBookingTarget

__all__ = ["as_target"]


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
