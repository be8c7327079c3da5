"""The promises of every target of bookings as a test class, for authors of targets to subclass."""

from __future__ import annotations

from paysdk.testing.contract.targets.booking import OrderCases
from paysdk.testing.contract.targets.looking import LookupCases
from paysdk.testing.contract.targets.subject import TargetFailure, TargetSubject
from paysdk.testing.contract.targets.voiding import VoidCases

__all__ = ["TARGET_CASES", "TargetContract", "TargetFailure", "TargetSubject"]

TARGET_CASES = (LookupCases, OrderCases, VoidCases)


class TargetContract(LookupCases, OrderCases, VoidCases):
    """The promises of ``BooksPayments``, one test for each.

    Subclass it in a test file, with a name that pytest collects, and return from ``subject`` the
    target to test, with new books. Each call may ask that the first order or the first void fails.

    A test that fails names the promise, what it found, and where the promise is written. The tests
    are plain functions that start their own event loops, as those of ``ProviderContract``.
    """
