"""Reconciling two streams of payments: what has the same key is brought together, and decided by the rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import TypeAlias

from paysdk.arguments import check_int
from paysdk.currencies import normalise_currency
from paysdk.errors import ConfigurationError
from paysdk.payment import Payment
from paysdk.reconcile.outcome import Outcome, Vanished
from paysdk.reconcile.rules import Tolerances, decide

__all__ = ["Payments", "invoice_number", "reconcile"]

Payments: TypeAlias = Iterable[Payment | Vanished] | AsyncIterable[Payment | Vanished]
_Key: TypeAlias = Callable[[Payment], str | None]
_Entries: TypeAlias = AsyncGenerator[Payment | Vanished]
_Group: TypeAlias = tuple[str | None, Sequence[Payment | Vanished]]

# So many payments of what never waits are read before the event loop has a turn.
_ENTRIES_PER_TURN = 500
# In the place of a group where there are no more.
_NOTHING: _Group = (None, ())


def invoice_number(payment: Payment) -> str | None:
    """The number of the payment's invoice exactly as it was sent; ``None`` where there is none, or nothing but spaces."""
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
) -> AsyncGenerator[Outcome]:
    """Which payments of *left* have their counterpart in *right*, outcome by outcome, in the order of their keys.

    Either side is a list, a listing, a store's payments, or anything else that can be iterated,
    with ``async for`` or without. Counterparts have the same *key*, amounts that are at most
    *tolerance* apart (in major currency units) and dates that are at most *days* apart. Each
    payment stands in exactly one outcome, and what cannot be decided is ambiguous: nothing is
    guessed, and the order in which payments come makes no difference.

    Both sides are read whole before the first outcome, and a payment that comes twice counts as it
    came last. Two different payments of one side must not have the same provider and id, as those
    of two accounts may: two are different where they were made at different times, or where nothing
    says that one was modified later and the invoice, amount, currency or date is another. With
    *ordered* both sides are read side by side, and only the payments of one key are held at a time,
    however many there are: then each payment must come once, and both sides in the order of their
    keys, as Python compares texts. Payments without a key may stand anywhere.

    Raises ``ConfigurationError`` at the call for a setting that cannot be right, and while
    iterating where *ordered* is not so or two different payments have one id. What reading a side
    raises comes through.
    """
    tolerances = _check_tolerances(days, tolerance)
    sides: dict[str, object] = {"left": left, "right": right}
    for name, side in sides.items():
        if not isinstance(side, Iterable | AsyncIterable):
            raise ConfigurationError(
                f"{name} must be payments to iterate over, such as a list or a listing, not "
                f"{side!r}."
            )
    arranged = _entries if ordered else _sorted_entries
    return _reconcile(
        _groups("left", arranged("left", left, key), key),
        _groups("right", arranged("right", right, key), key),
        tolerances,
    )


def _check_tolerances(days: object, tolerance: object) -> Tolerances:
    whole_days = check_int("days", days, 0)
    if not isinstance(tolerance, Decimal) or not tolerance.is_finite() or tolerance < 0:
        raise ConfigurationError(
            f"tolerance must be a finite decimal.Decimal from 0, not {tolerance!r}."
        )
    return Tolerances(days=whole_days, tolerance=tolerance)


async def _reconcile(
    left: AsyncGenerator[_Group], right: AsyncGenerator[_Group], tolerances: Tolerances
) -> AsyncGenerator[Outcome]:
    async with aclosing(left), aclosing(right):
        ours, theirs = await _next(left), await _next(right)
        while ours[1] or theirs[1]:
            from_left, from_right = _is_next(ours, theirs), _is_next(theirs, ours)
            key = ours[0] if from_left else theirs[0]
            for outcome in decide(
                key, ours[1] if from_left else (), theirs[1] if from_right else (), tolerances
            ):
                yield outcome
            if from_left:
                ours = await _next(left)
            if from_right:
                theirs = await _next(right)


async def _next(groups: AsyncGenerator[_Group]) -> _Group:
    # Python 3.11 takes no tuple as the default of anext().
    return await anext(groups, None) or _NOTHING


def _is_next(group: _Group, other: _Group) -> bool:
    """Whether a group comes before another one, or together with it.

    What has no key comes at once.
    """
    (key, entries), (other_key, others) = group, other
    return bool(entries) and (
        not others or key is None or (other_key is not None and key <= other_key)
    )


async def _groups(name: str, entries: _Entries, key: _Key) -> AsyncGenerator[_Group]:
    """The payments of each key together, which must come in order; each without a key by itself."""
    latest: str | None = None
    group: list[Payment | Vanished] = []
    async with aclosing(entries):
        async for entry in entries:
            found = key(_payment(entry))
            if found is None:
                yield None, [entry]
                continue
            if latest is not None and found < latest:
                raise ConfigurationError(_disorder(name, latest, found))
            if found != latest and group:
                yield latest, group
                group = []
            latest = found
            group.append(entry)
        if group:
            yield latest, group


def _disorder(name: str, latest: str, found: str) -> str:
    return (
        f"The {name} payments are not in the order of their keys: {found!r} comes after "
        f"{latest!r}. "
        "Leave ordered out, or sort them as Python compares texts, which is by code points."
    )


def _payment(entry: Payment | Vanished) -> Payment:
    return entry.payment if isinstance(entry, Vanished) else entry


async def _sorted_entries(name: str, side: Payments, key: _Key) -> _Entries:
    """The payments of a side that comes in any order, by their keys, each once: a listing gives one that changed meanwhile again."""
    latest: dict[tuple[str, str], Payment | Vanished] = {}
    async for entry in _entries(name, side, key):
        payment = _payment(entry)
        identity = payment.provider, payment.id
        if identity in latest and _is_another(payment, _payment(latest[identity])):
            raise ConfigurationError(_same_id(name, payment, _payment(latest[identity])))
        latest[identity] = entry
    for _, _, entry in sorted(
        (key(_payment(entry)) or "", identity, entry) for identity, entry in latest.items()
    ):
        yield entry


def _is_another(payment: Payment, before: Payment) -> bool:
    """Whether two of one provider and id are two payments, and not one that was changed."""
    if payment.created_at and before.created_at and payment.created_at != before.created_at:
        return True
    is_later = (
        payment.modified_at and before.modified_at and payment.modified_at > before.modified_at
    )
    return not is_later and _said_of(payment) != _said_of(before)


def _said_of(payment: Payment) -> tuple[object, ...]:
    """What of a payment only a modification changes."""
    return (
        payment.invoice.id,
        payment.invoice.number,
        payment.amount,
        normalise_currency(payment.currency),
        payment.payment_date,
    )


def _same_id(name: str, payment: Payment, before: Payment) -> str:
    amounts = " and ".join(
        f"{each.amount} for invoice {invoice_number(each) or each.invoice.id}"
        for each in (before, payment)
    )
    return (
        f"Two {name} payments of {payment.provider} have the id {payment.id!r}: {amounts}. "
        "Ids are unique within an account only: reconcile one account at a time, or give those "
        "of the other a provider name of their own."
    )


async def _entries(_name: str, side: Payments, _key: _Key) -> _Entries:
    """The payments of a side as they come."""
    if isinstance(side, AsyncIterable):
        walk = aiter(side)
        try:
            async for entry in walk:
                yield entry
        finally:
            # A listing that is left gives back its connection at once.
            if isinstance(walk, AsyncGenerator):
                await walk.aclose()
        return
    for number, entry in enumerate(side):
        if number % _ENTRIES_PER_TURN == 0:
            await asyncio.sleep(0)
        yield entry
