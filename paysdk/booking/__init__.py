"""Book the payments that one system has and another lacks, after a person approved them.

A plan proposes, a person approves, and each line is booked exactly once, verified, and recorded.
Every booking can be undone. It needs the extra ``sync``, or ``postgres`` for PostgreSQL.
"""

from __future__ import annotations

from importlib.util import find_spec

from paysdk.distribution import describe_missing

if find_spec("sqlalchemy") is None:
    raise ModuleNotFoundError(
        describe_missing("paysdk.booking", "sqlalchemy", "sync"), name="sqlalchemy"
    )

from paysdk.booking.applying import ApplyReport, apply_bookings, read_status
from paysdk.booking.approving import approve_plan
from paysdk.booking.balances import Balance, compare_balances
from paysdk.booking.booking import Approval, Booking, BookingKey, HistoryEntry
from paysdk.booking.errors import BookingTakenError, PlanRefusedError
from paysdk.booking.following import FollowReport, follow_bookings
from paysdk.booking.journal import BookingJournal
from paysdk.booking.plan import BookingLine, BookingPlan, ReviewLine
from paysdk.booking.planning import plan_bookings, read_latest_plan
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.releasing import release_booking
from paysdk.booking.states import InvalidStepError, State, replay
from paysdk.booking.undoing import UndoReport, undo_bookings
from paysdk.target import (
    Booked,
    BookingAccount,
    BookingCapabilities,
    BookingOrder,
    BooksPayments,
    PaymentEffect,
    TargetInvoice,
)

__all__ = [
    "ApplyReport",
    "Approval",
    "Balance",
    "Booked",
    "Booking",
    "BookingAccount",
    "BookingCapabilities",
    "BookingJournal",
    "BookingKey",
    "BookingLine",
    "BookingOrder",
    "BookingPlan",
    "BookingPolicy",
    "BookingTakenError",
    "BooksPayments",
    "FollowReport",
    "HistoryEntry",
    "InvalidStepError",
    "PaymentEffect",
    "PlanRefusedError",
    "ReviewLine",
    "State",
    "TargetInvoice",
    "UndoReport",
    "apply_bookings",
    "approve_plan",
    "compare_balances",
    "follow_bookings",
    "plan_bookings",
    "read_latest_plan",
    "read_status",
    "release_booking",
    "replay",
    "undo_bookings",
]
