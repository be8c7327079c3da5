"""The bookings in the store: each step is one transaction, fenced, with its entry in the history.

A worker takes a booking by compare-and-set, which gives it a new fence. Only the worker with the
current fence can write a step, so a worker that stalled cannot write over its successor. Each step
is a short transaction, and nothing is kept on the server between two steps, so this works behind a
pooler.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
import sqlalchemy as sa

from paysdk.booking.errors import BookingTakenError
from paysdk.booking.rows import (
    BOOKING,
    HISTORY,
    encode_details,
    key_values,
    of_key,
    read_booking,
    read_entry,
)
from paysdk.booking.states import MAY_BE_BOOKED, State, check_step
from paysdk.sync.booking_tables import booking_history, bookings
from paysdk.sync.lease import has_died, make_holder
from paysdk.sync.store import get_database

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.booking.booking import Booking, BookingKey, HistoryEntry
    from paysdk.booking.pair import Pair
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["BookingJournal"]

_BATCH_PAYMENTS = 500


class BookingJournal:
    """The bookings of a store. A booking that was taken is held for *lease* seconds."""

    def __init__(self, store: SQLPaymentStore, lease: float = 120.0) -> None:
        self._database = get_database(store)
        self._codec = self._database.backend.codec
        self._lease = lease

    async def read(self, key: BookingKey) -> Booking | None:
        """Return one booking, or ``None`` if there is none."""
        found = await self._select(sa.select(*BOOKING).where(of_key(bookings, key)))
        return found[0] if found else None

    async def read_run(self, run: str, states: Collection[State] | None = None) -> list[Booking]:
        """Return the bookings of a run, or those in some *states*, in the order of their ids."""
        select = sa.select(*BOOKING).where(bookings.c.run == run)
        if states is not None:
            select = select.where(bookings.c.state.in_(sorted(states)))
        return await self._select(select.order_by(bookings.c.payment_id, bookings.c.generation))

    async def count(self, pair: Pair, state: State) -> int:
        """Return how many bookings of a pair of accounts are in a state."""
        select = sa.select(sa.func.count()).where(
            *(bookings.c[name] == value for name, value in attrs.asdict(pair).items()),
            bookings.c.state == state.value,
        )

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(select)).scalar_one()

        return await self._database.read(work)

    async def read_batch(
        self, source: str, source_account: str, after: str | None
    ) -> list[Booking]:
        """Return all bookings of a few hundred payments of an account, sorted by payment.

        They are those after the payment *after*. The list is empty at the end.
        """
        of_account = [bookings.c.source == source, bookings.c.source_account == source_account]
        ids = sa.select(bookings.c.payment_id).where(*of_account).distinct()
        if after is not None:
            ids = ids.where(bookings.c.payment_id > after)
        ids = ids.order_by(bookings.c.payment_id).limit(_BATCH_PAYMENTS)
        select = sa.select(*BOOKING).where(*of_account, bookings.c.payment_id.in_(ids))
        return await self._select(select.order_by(bookings.c.payment_id, bookings.c.generation))

    async def find(
        self, source: str, source_account: str, payment_ids: Collection[str]
    ) -> dict[str, Booking]:
        """Return the latest booking of each of these payments that has one."""
        ids = sa.bindparam("ids", json.dumps(sorted(payment_ids)), type_=sa.Text)
        select = (
            sa.select(*BOOKING)
            .where(
                bookings.c.source == source,
                bookings.c.source_account == source_account,
                self._database.backend.in_ids(bookings.c.payment_id, ids),
            )
            .order_by(bookings.c.generation)
        )
        return {found.key.payment_id: found for found in await self._select(select)}

    async def read_open(self, target: str, target_account: str) -> list[Booking]:
        """Return the bookings of a target's account that were sent and have no known outcome."""
        select = sa.select(*BOOKING).where(
            bookings.c.target == target,
            bookings.c.target_account == target_account,
            bookings.c.state.in_(sorted(MAY_BE_BOOKED)),
        )
        return await self._select(select)

    async def history(self, key: BookingKey) -> list[HistoryEntry]:
        """Return the history of a booking, oldest first."""
        select = (
            sa.select(*HISTORY).where(of_key(booking_history, key)).order_by(booking_history.c.step)
        )

        async def work(connection: AsyncConnection) -> list[HistoryEntry]:
            return [read_entry(self._codec, row) for row in await connection.execute(select)]

        return await self._database.read(work)

    async def take(
        self, booking: Booking, to: State | None = None, details: Mapping[str, object] | None = None
    ) -> Booking | None:
        """Take a booking, and move it to another state if *to* is given.

        Returns ``None`` if another worker holds it, or has changed it meanwhile.
        """

        async def work(connection: AsyncConnection) -> Booking | None:
            return await self._take(connection, booking, to, details or {})

        return await self._database.in_transaction(work, durable=True)

    async def free(self, booking: Booking) -> None:
        """Let others take a booking that was taken, and change nothing else about it."""
        freed = (
            bookings.update()
            .where(of_key(bookings, booking.key), bookings.c.fence == booking.fence)
            .values(**_FREE)
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(freed)

        await self._database.in_transaction(work)

    async def move(
        self,
        booking: Booking,
        to: State,
        details: Mapping[str, object] | None = None,
        *,
        payment_ids: Sequence[str] | None = None,
        keep: bool = False,
    ) -> Booking:
        """Write a step of a booking that was taken. It is durable when this returns.

        The booking is then free for others, unless *keep* is true. Raises ``BookingTakenError`` if
        another worker has taken it.
        """
        moved = attrs.evolve(
            booking,
            state=to,
            step=booking.step + 1,
            payment_ids=booking.payment_ids if payment_ids is None else tuple(payment_ids),
            details=details or {},
            since=datetime.now(UTC),
        )

        async def work(connection: AsyncConnection) -> None:
            now = self._database.backend.now()
            lease = {"leased_until": now + self._lease} if keep else _FREE
            await self._write(connection, booking, moved, lease)

        await self._database.in_transaction(work, durable=True)
        return moved

    async def _take(
        self,
        connection: AsyncConnection,
        booking: Booking,
        to: State | None,
        details: Mapping[str, object],
    ) -> Booking | None:
        now = self._database.backend.now()
        this = sa.and_(of_key(bookings, booking.key), bookings.c.fence == booking.fence)
        columns = (
            bookings.c.holder,
            bookings.c.state,
            (bookings.c.leased_until - now).label("rest"),
        )
        found = (await connection.execute(sa.select(*columns).where(this))).one_or_none()
        if found is None or found.state != booking.state:
            return None
        if found.holder is not None and found.rest > 0 and not has_died(found.holder):
            return None
        # The fence is compared again, because another worker may have been faster.
        taken = attrs.evolve(booking, fence=booking.fence + 1)
        values = {
            "fence": taken.fence,
            "holder": make_holder(),
            "leased_until": now + self._lease,
        }
        update = bookings.update().where(this, bookings.c.step == booking.step).values(**values)
        if (await connection.execute(update)).rowcount != 1:
            return None
        if to is None:
            return taken
        moved = attrs.evolve(
            taken, state=to, step=taken.step + 1, details=details, since=datetime.now(UTC)
        )
        await self._write(connection, taken, moved, {})
        return moved

    async def _write(
        self,
        connection: AsyncConnection,
        before: Booking,
        after: Booking,
        lease: Mapping[str, object],
    ) -> None:
        check_step(before.state, after.state)
        since = self._codec.encode(after.since)
        details = encode_details(after.details)
        values = {
            "run": after.run,
            "state": after.state.value,
            "step": after.step,
            "payment_ids": json.dumps(after.payment_ids),
            "details": details,
            "since": since,
            **lease,
        }
        written = (
            bookings.update()
            .where(
                of_key(bookings, before.key),
                bookings.c.fence == before.fence,
                bookings.c.step == before.step,
            )
            .values(**values)
        )
        if (await connection.execute(written)).rowcount != 1:
            raise BookingTakenError(
                f"Another worker has taken over the booking of payment {before.key.payment_id}, "
                f"because this one stalled for longer than its lease of {self._lease:g} seconds. "
                "This worker has written nothing since then."
            )
        entry = {
            **key_values(after.key),
            "step": after.step,
            "before": before.state.value,
            "after": after.state.value,
            "run": after.run,
            "at": since,
            "details": details,
        }
        await connection.execute(booking_history.insert().values(entry))

    async def _select(self, select: sa.Select[tuple[object, ...]]) -> list[Booking]:
        async def work(connection: AsyncConnection) -> list[Booking]:
            return [read_booking(self._codec, row) for row in await connection.execute(select)]

        return await self._database.read(work)


_FREE: Mapping[str, object] = {"holder": None, "leased_until": 0.0}
