"""The lines of a plan in the store: each becomes a booking, which is approved or skipped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from paysdk.booking.booking import BookingKey
from paysdk.booking.candidates import REPLANNABLE
from paysdk.booking.rows import encode_details, encode_line, key_values, of_key
from paysdk.booking.states import State
from paysdk.sync.booking_tables import booking_history, bookings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.booking.booking import Approval
    from paysdk.booking.plan import BookingPlan
    from paysdk.sync.database import Database

__all__ = ["PlanLines"]


class PlanLines:
    """Writes the lines of plans. Each method works in the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._codec = database.backend.codec

    async def propose(self, connection: AsyncConnection, plan: BookingPlan, by: str) -> None:
        """Propose the lines of a plan. A line whose booking has begun is left as it is."""
        known = await self._find_known(connection, plan)
        now = self._codec.encode(datetime.now(UTC))
        details, digest = encode_details({"by": by}), plan.digest
        new: list[dict[str, object]] = []
        entries: list[dict[str, object]] = []
        for line in plan.lines:
            key = BookingKey(plan.source, plan.source_account, line.payment_id, line.generation)
            found = known.get((key.payment_id, key.generation))
            values: dict[str, object] = {
                "target": plan.target,
                "target_account": plan.target_account,
                "run": digest,
                "state": State.PROPOSED.value,
                "line": encode_line(line),
                "step": 1 if found is None else found.step + 1,
                "details": details,
                "since": now,
                "external_id": line.external_id,
                "payment_ids": "[]",
            }
            if found is None:
                new.append({**key_values(key), **values, "fence": 0, "leased_until": 0.0})
            elif not await self._replace(connection, key, found, values):
                continue
            entries.append(
                {
                    **key_values(key),
                    "step": values["step"],
                    "after": State.PROPOSED.value,
                    "run": digest,
                    "before": None if found is None else found.state,
                    "at": now,
                    "details": details,
                }
            )
        if new:
            await connection.execute(bookings.insert(), new)
        if entries:
            await connection.execute(booking_history.insert(), entries)

    async def _find_known(
        self, connection: AsyncConnection, plan: BookingPlan
    ) -> dict[tuple[str, int], sa.Row[Any]]:
        ids = json.dumps([line.payment_id for line in plan.lines])
        columns = ("payment_id", "generation", "state", "step", "fence")
        select = sa.select(*(bookings.c[name] for name in columns)).where(
            bookings.c.source == plan.source,
            bookings.c.source_account == plan.source_account,
            self._database.backend.in_ids(
                bookings.c.payment_id, sa.bindparam("ids", ids, type_=sa.Text)
            ),
        )
        found = (await connection.execute(select)).all()
        return {(row.payment_id, row.generation): row for row in found}

    async def _replace(
        self,
        connection: AsyncConnection,
        key: BookingKey,
        found: sa.Row[Any],
        values: dict[str, object],
    ) -> bool:
        if State(found.state) not in REPLANNABLE:
            return False
        update = (
            bookings.update()
            .where(
                of_key(bookings, key),
                bookings.c.fence == found.fence,
                bookings.c.step == found.step,
            )
            .values(**values, fence=found.fence + 1, holder=None, leased_until=0.0)
        )
        return (await connection.execute(update)).rowcount == 1

    async def decide(self, connection: AsyncConnection, digest: str, approval: Approval) -> int:
        """Skip the proposed lines that were left out, approve the others, and count these."""
        by = {"by": approval.by}
        await self._step_all(connection, digest, approval, State.SKIPPED, by)
        return await self._step_all(connection, digest, approval, State.APPROVED, by)

    async def _step_all(
        self,
        connection: AsyncConnection,
        digest: str,
        approval: Approval,
        to: State,
        details: Mapping[str, object],
    ) -> int:
        """Move the proposed lines of a run that a person left out, or the others."""
        columns = ("source", "source_account", "payment_id", "generation", "step")
        proposed = sa.and_(bookings.c.run == digest, bookings.c.state == State.PROPOSED.value)
        if to is State.SKIPPED:
            ids = sa.bindparam("ids", json.dumps(approval.left_out), type_=sa.Text)
            proposed = sa.and_(proposed, self._database.backend.in_ids(bookings.c.payment_id, ids))
        select = sa.select(*(bookings.c[name] for name in columns)).where(proposed)
        select = select.with_for_update()
        rows: Sequence[sa.Row[Any]] = (await connection.execute(select)).all()
        now, encoded = self._codec.encode(approval.at), encode_details(details)
        update = bookings.update().where(proposed)
        values = {"state": to.value, "details": encoded, "since": now}
        await connection.execute(
            update.values(**values, step=bookings.c.step + 1, fence=bookings.c.fence + 1)
        )
        entries = [
            {
                **dict(zip(columns, row, strict=True)),
                "step": row.step + 1,
                "before": State.PROPOSED.value,
                "after": to.value,
                "run": digest,
                "at": now,
                "details": encoded,
            }
            for row in rows
        ]
        if entries:
            await connection.execute(booking_history.insert(), entries)
        return len(entries)
