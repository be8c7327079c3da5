"""Reconciles two streams of payments: groups the payments by key, and applies the rules to each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Sequence
from contextlib import aclosing
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from paysdk.arguments import check_int
from paysdk.currencies import normalise_currency
from paysdk.errors import ConfigurationError
from paysdk.paid import PaidRange, check_paid_range
from paysdk.payment import Payment
from paysdk.reconcile.items import Tolerances
from paysdk.reconcile.outcome import Outcome, Vanished
from paysdk.reconcile.rules import decide

if TYPE_CHECKING:
    from datetime import date

__all__ = ["Payments", "invoice_number", "reconcile"]

Payments: TypeAlias = Iterable[Payment | Vanished] | AsyncIterable[Payment | Vanished]
_Key: TypeAlias = Callable[[Payment], str | None]
_Entries: TypeAlias = AsyncGenerator[Payment | Vanished]
_Group: TypeAlias = tuple[str | None, Sequence[Payment | Vanished]]

# An ordinary iterable never waits, so the event loop gets a turn after this many payments.
_ENTRIES_PER_TURN = 500
# The group of a side that has no more.
_NO_GROUP: _Group = (None, ())


def invoice_number(payment: Payment) -> str | None:
    """The invoice number exactly as the provider sent it, or ``None`` if it is missing or blank."""
    number = payment.invoice.number
    return number if number and not number.isspace() else None


def reconcile(
    left: Payments,
    right: Payments,
    *,
    days: int = 7,
    tolerance: Decimal = Decimal(0),
    key: Callable[[Payment], str | None] = invoice_number,
    ordered: bool = False,
    paid_since: date | None = None,
    paid_until: date | None = None,
) -> AsyncGenerator[Outcome]:
    """Match the payments of *left* with those of *right*. Yields outcomes sorted by key.

    A side can be a list, a listing, a store's payments, or any other iterable or async iterable.
    Counterparts have the same *key*. Their amounts differ by at most *tolerance*, in major currency
    units, and their dates by at most *days*. Each payment is in exactly one outcome. If the rules
    cannot decide, the outcome is ambiguous. The order of the payments makes no difference.

    By default, both sides are read completely before the first outcome. If a payment occurs twice,
    the last one counts. Two different payments of one side must not have the same provider and id,
    as payments of two accounts can. Two payments with one id are different if they were made at
    different times. They are also different if the invoice, amount, currency or date differs and
    neither was modified after the other.

    With *ordered*, both sides are read in parallel, and only the payments of one key are in memory.
    Each payment must then occur once, and each side must be sorted by key, as Python compares text.
    Payments without a key can be anywhere.

    With *paid_since* or *paid_until*, only outcomes with a payment that was made from the one day
    to the other are yielded, both days included. They are the same outcomes as without these
    bounds. So a payment on the last day of a month is matched with one on the first day of the
    next. Give all payments of both sides, or at least those of *days* days before and after: the
    bounds choose outcomes, not payments.

    Raises ``ConfigurationError`` at the call for an invalid setting. While iterating,
    raises it if a side of *ordered* is not sorted, or if two different payments have one id. Errors
    from reading a side are passed on.
    """
    tolerances = _check_tolerances(days, tolerance)
    paid = check_paid_range(paid_since, paid_until)
    sides: dict[str, object] = {"left": left, "right": right}
    for name, side in sides.items():
        if not isinstance(side, Iterable | AsyncIterable):
            raise ConfigurationError(
                f"{name} must be payments to iterate over, such as a list or a listing, not "
                f"{side!r}."
            )
    ours, theirs = _read_entries(left), _read_entries(right)
    if not ordered:
        ours, theirs = _sort_entries("left", ours, key), _sort_entries("right", theirs, key)
    return _reconcile(
        _group_by_key("left", ours, key), _group_by_key("right", theirs, key), tolerances, paid
    )


def _check_tolerances(days: object, tolerance: object) -> Tolerances:
    whole_days = check_int("days", days, 0)
    if not isinstance(tolerance, Decimal) or not tolerance.is_finite() or tolerance < 0:
        raise ConfigurationError(
            f"tolerance must be a finite decimal.Decimal from 0, not {tolerance!r}."
        )
    return Tolerances(days=whole_days, tolerance=tolerance)


async def _reconcile(
    left: AsyncGenerator[_Group],
    right: AsyncGenerator[_Group],
    tolerances: Tolerances,
    paid: PaidRange,
) -> AsyncGenerator[Outcome]:
    async with aclosing(left), aclosing(right):
        ours, theirs = await _next(left), await _next(right)
        while ours[1] or theirs[1]:
            from_left, from_right = _is_next(ours, theirs), _is_next(theirs, ours)
            key = ours[0] if from_left else theirs[0]
            for outcome in decide(
                key, ours[1] if from_left else (), theirs[1] if from_right else (), tolerances
            ):
                if any(map(paid.includes, chain(outcome.left, outcome.right))):
                    yield outcome
            if from_left:
                ours = await _next(left)
            if from_right:
                theirs = await _next(right)


async def _next(groups: AsyncGenerator[_Group]) -> _Group:
    # Python 3.11 takes no tuple as the default of anext().
    return await anext(groups, None) or _NO_GROUP


def _is_next(group: _Group, other: _Group) -> bool:
    """Whether a group comes before the other one, or together with it.

    A group without a key comes first.
    """
    (key, entries), (other_key, others) = group, other
    return bool(entries) and (
        not others or key is None or (other_key is not None and key <= other_key)
    )


async def _group_by_key(name: str, entries: _Entries, key: _Key) -> AsyncGenerator[_Group]:
    """Group sorted payments by key. Each payment without a key is a group of its own."""
    latest: str | None = None
    group: list[Payment | Vanished] = []
    async with aclosing(entries):
        async for entry in entries:
            found = key(_payment(entry))
            if found is None:
                yield None, [entry]
                continue
            if latest is not None and found < latest:
                raise ConfigurationError(_disorder_message(name, latest, found))
            if found != latest and group:
                yield latest, group
                group = []
            latest = found
            group.append(entry)
        if group:
            yield latest, group


def _disorder_message(name: str, latest: str, found: str) -> str:
    return (
        f"The {name} payments are not in the order of their keys: {found!r} comes after "
        f"{latest!r}. "
        "Leave out ordered, or sort the payments by key as Python compares text: by code points."
    )


def _payment(entry: Payment | Vanished) -> Payment:
    return entry.payment if isinstance(entry, Vanished) else entry


async def _sort_entries(name: str, entries: _Entries, key: _Key) -> _Entries:
    """Sort the payments of a side by key, each once.

    A listing yields a payment again if it changed in the meantime.
    """
    latest: dict[tuple[str, str], Payment | Vanished] = {}
    async with aclosing(entries):
        async for entry in entries:
            payment = _payment(entry)
            identity = payment.provider, payment.id
            if identity in latest:
                before = _payment(latest[identity])
                if _is_another(payment, before):
                    raise ConfigurationError(_same_id_message(name, payment, before))
            latest[identity] = entry
    for _, _, entry in sorted(
        (key(_payment(entry)) or "", identity, entry) for identity, entry in latest.items()
    ):
        yield entry


def _is_another(payment: Payment, before: Payment) -> bool:
    """Whether two records with one id are two payments, not one payment that was modified."""
    if payment.created_at and before.created_at and payment.created_at != before.created_at:
        return True
    is_later = (
        payment.modified_at and before.modified_at and payment.modified_at > before.modified_at
    )
    return not is_later and _content(payment) != _content(before)


def _content(payment: Payment) -> tuple[object, ...]:
    """The fields of a payment that only a modification changes."""
    return (
        payment.invoice.id,
        payment.invoice.number,
        payment.amount,
        normalise_currency(payment.currency),
        payment.payment_date,
    )


def _same_id_message(name: str, payment: Payment, before: Payment) -> str:
    amounts = " and ".join(
        f"{each.amount} for invoice {invoice_number(each) or each.invoice.id}"
        for each in (before, payment)
    )
    return (
        f"Two {name} payments of {payment.provider} have the id {payment.id!r}: {amounts}. "
        "Ids are unique within an account only: reconcile one account at a time, or give those "
        "of the other a provider name of their own."
    )


async def _read_entries(side: Payments) -> _Entries:
    """Read the payments of a side in their own order."""
    if isinstance(side, AsyncIterable):
        walk = aiter(side)
        try:
            async for entry in walk:
                yield entry
        finally:
            # Closing a listing returns its connection immediately.
            if isinstance(walk, AsyncGenerator):
                await walk.aclose()
        return
    for number, entry in enumerate(side):
        if number % _ENTRIES_PER_TURN == 0:
            await asyncio.sleep(0)
        yield entry
