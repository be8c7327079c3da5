"""Tests of what a follower remembers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import InvoiceRef, Payment, PaysdkError
from paysdk.follow.known import KnownPayments, PackedPayments

NOW = datetime(2026, 1, 31, tzinfo=UTC)
OLDER, NEWER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
PAYMENT = Payment(provider="acme", id="7", amount=Decimal(1), invoice=InvoiceRef("1"))
CHANGED, VOIDED = attrs.evolve(PAYMENT, amount=Decimal(2)), attrs.evolve(PAYMENT, voided=True)


@pytest.mark.parametrize(
    ("payment", "created", "kind"),
    [
        (PAYMENT, None, "created"),
        (PAYMENT, NOW, "created"),
        (PAYMENT, OLDER, "changed"),
        (VOIDED, OLDER, "voided"),
        (VOIDED, NOW, "created"),
    ],
)
def test_kind_of_an_unknown_payment(payment: Payment, created: datetime | None, kind: str) -> None:
    """It was created, if it was created since the time from which each payment is known."""
    known = KnownPayments(10)

    assert kind == known.note(attrs.evolve(payment, created_at=created), NEWER, NOW)


def test_every_payment_is_known() -> None:
    """If each payment is known, one that is not known is new."""
    assert "created" == KnownPayments(10).note(attrs.evolve(PAYMENT, created_at=OLDER), None, None)


def test_kinds_of_a_known_payment() -> None:
    """A known payment may change, be voided, change further, and come to life again."""
    known = KnownPayments(10)
    versions = [
        PAYMENT,
        PAYMENT,
        CHANGED,
        VOIDED,
        attrs.evolve(VOIDED, amount=Decimal(3)),
        CHANGED,
        CHANGED,
    ]

    assert ["created", None, "changed", "voided", "changed", "changed", None] == [
        known.note(each, NOW, NOW) for each in versions
    ]


def test_older_version() -> None:
    """A version is no change if its time is earlier, and is one if its time is equal or unknown."""
    known = KnownPayments(10)

    assert ["created", None, "changed", "voided"] == [
        known.note(payment, time, NOW)
        for payment, time in ((PAYMENT, NOW), (CHANGED, OLDER), (CHANGED, NOW), (VOIDED, None))
    ]


def test_limit() -> None:
    """Beyond the limit, nothing more is remembered, and known payments still are."""
    known = KnownPayments(1)
    known.note(PAYMENT, None, None)
    with pytest.raises(PaysdkError, match=r"acme has more than 1 payments to compare"):
        known.note(attrs.evolve(PAYMENT, id="8"), None, None)

    assert "changed" == known.note(CHANGED, None, None)
    assert 1 == len(known)


def test_forgets_what_no_pass_lists_again() -> None:
    """Payments from before a time are forgotten, and payments without a time are kept."""
    known = KnownPayments(10)
    for payment_id, time in (("1", OLDER), ("2", NOW), ("3", None)):
        known.note(attrs.evolve(PAYMENT, id=payment_id), time, OLDER)

    assert [True, False] == [known.forget_before(NOW), known.forget_before(NOW)]
    assert 2 == len(known)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.booleans())))
def test_packs_and_unpacks(notes: list[tuple[int, int, bool]]) -> None:
    """What was packed is as before, also about payments that it has not seen yet."""
    known = KnownPayments(10)
    for payment_id, amount, timed in notes:
        payment = attrs.evolve(PAYMENT, id=str(payment_id), amount=Decimal(amount))
        known.note(payment, NOW + timedelta(hours=amount) if timed else None, NOW)
    again = KnownPayments.unpack(known.pack(), 10)

    assert (known._marks, known._times) == (again._marks, again._times)


@pytest.mark.parametrize(
    "packed",
    [
        PackedPayments(untimed=b"1234567"),
        PackedPayments(untimed=b"12345678"),
        PackedPayments(timed=b"12345678" * 2),
        PackedPayments(times=b"12345678"),
    ],
)
def test_broken_pack(packed: PackedPayments) -> None:
    """What was not packed here cannot be unpacked."""
    with pytest.raises(ValueError, match=r"."):
        KnownPayments.unpack(packed, 10)
