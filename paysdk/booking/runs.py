"""Plans and policies in the store: a plan that was approved is a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from paysdk.booking.booking import Approval, BookingKey
from paysdk.booking.errors import PlanRefusedError
from paysdk.booking.plan import BookingPlan
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.rows import (
    encode_approval,
    encode_details,
    encode_line,
    key_values,
    of_key,
    read_approval,
)
from paysdk.booking.states import State
from paysdk.sync.booking_tables import booking_history, booking_policies, booking_runs, bookings
from paysdk.sync.store import get_database

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.booking.plan import BookingLine
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["REPLANNABLE", "BookingRuns", "Pair", "Run", "check_age", "check_sum", "find_missing"]

# A new plan may propose a booking again that is in one of these states.
REPLANNABLE = frozenset({State.PROPOSED, State.APPROVED, State.REFUSED, State.SKIPPED})


@attrs.frozen
class Pair:
    """An account of the source, and the account of the target that it is booked in."""

    source: str
    source_account: str
    target: str
    target_account: str

    @classmethod
    def of(cls, plan: BookingPlan) -> Pair:
        """Return the pair of a plan."""
        return cls(plan.source, plan.source_account, plan.target, plan.target_account)


@attrs.frozen(kw_only=True)
class Run:
    """A stored plan, and its approval if it has one."""

    digest: str
    plan: BookingPlan
    approval: Approval | None


class BookingRuns:
    """The plans, approvals and policies of a store."""

    def __init__(self, store: SQLPaymentStore) -> None:
        self._database = get_database(store)
        self._codec = self._database.backend.codec

    async def read_policy(self, pair: Pair) -> BookingPolicy | None:
        """Return the policy that the last plan of a pair was made with."""
        select = sa.select(booking_policies.c.content).where(_of_pair(booking_policies, pair))

        async def work(connection: AsyncConnection) -> str | None:
            return (await connection.execute(select)).scalar_one_or_none()

        content = await self._database.read(work)
        return None if content is None else _decode_policy(content)

    async def read(self, digest: str) -> Run:
        """Return a run. Raises ``PlanRefusedError`` if the store does not have it."""
        columns = (booking_runs.c.content, booking_runs.c.approval)
        select = sa.select(*columns).where(booking_runs.c.digest == digest)

        async def work(connection: AsyncConnection) -> Any:  # noqa: ANN401  # a row or None
            return (await connection.execute(select)).one_or_none()

        found = await self._database.read(work)
        if found is None:
            raise PlanRefusedError(
                f"The store has no plan {digest[:12]}. Make the plan with this store, and name it "
                "by its file."
            )
        plan = BookingPlan.from_json(found.content)
        return Run(digest=digest, plan=plan, approval=read_approval(found.approval))

    async def propose(self, plan: BookingPlan, by: str) -> None:
        """Store a plan and its policy, and propose its lines.

        A line whose booking another worker has begun meanwhile is left as it is. It does not
        belong to this plan then, and is not applied with it.
        """

        async def work(connection: AsyncConnection) -> None:
            await self._write_plan(connection, plan)
            await self._write_lines(connection, plan, by)

        await self._database.in_transaction(work, durable=True)

    async def approve(self, digest: str, approval: Approval) -> int:
        """Approve a plan, and return how many lines were approved.

        Raises ``PlanRefusedError`` if it was approved before.
        """
        written = (
            booking_runs.update()
            .where(booking_runs.c.digest == digest, booking_runs.c.approval.is_(None))
            .values(approval=encode_approval(approval))
        )

        async def work(connection: AsyncConnection) -> int:
            if (await connection.execute(written)).rowcount != 1:
                raise PlanRefusedError(
                    f"The plan {digest[:12]} was approved before. Make a new plan to approve "
                    "another sum or other lines."
                )
            by = {"by": approval.by}
            await self._step_all(connection, digest, approval, State.SKIPPED, by)
            return await self._step_all(connection, digest, approval, State.APPROVED, by)

        return await self._database.in_transaction(work, durable=True)

    async def _write_plan(self, connection: AsyncConnection, plan: BookingPlan) -> None:
        now, pair = self._codec.encode(datetime.now(UTC)), Pair.of(plan)
        values: dict[str, object] = {
            **attrs.asdict(pair),
            "content": _encode_policy(plan),
            "written_at": now,
        }
        # Two plans of one pair wait for each other here.
        await connection.execute(self._database.backend.add_if_new(booking_policies, values))
        await connection.execute(
            booking_policies.update().where(_of_pair(booking_policies, pair)).values(**values)
        )
        run: dict[str, object] = {
            "digest": plan.digest,
            **attrs.asdict(pair),
            "made_at": self._codec.encode(plan.made_at),
            "content": plan.to_json(),
        }
        await connection.execute(self._database.backend.add_if_new(booking_runs, run))

    async def _write_lines(self, connection: AsyncConnection, plan: BookingPlan, by: str) -> None:
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


def find_missing(plan: BookingPlan, payment_ids: Collection[str]) -> list[str]:
    """The ids that no line of the plan has."""
    return sorted(set(payment_ids) - {line.payment_id for line in plan.lines})


def check_sum(lines: Sequence[BookingLine], approval: Approval) -> None:
    """Raise ``PlanRefusedError`` if the lines add up to more than was approved."""
    total = sum((line.amount for line in lines), Decimal(0))
    if total > approval.limit:
        raise PlanRefusedError(
            f"The plan's lines add up to {total:f}, and {approval.by} approved {approval.limit:f}. "
            "Leave lines out, or approve the whole sum."
        )


def check_age(run: Run) -> None:
    """Raise ``PlanRefusedError`` if the plan is too old."""
    hours = run.plan.policy.plan_hours
    if datetime.now(UTC) - run.plan.made_at > timedelta(hours=hours):
        raise PlanRefusedError(
            f"The plan {run.digest[:12]} was made at {run.plan.made_at:%Y-%m-%d %H:%M} UTC, and a "
            f"plan is valid for {hours} hours. Sync both accounts and make a new plan. Nothing was "
            "sent."
        )


def _of_pair(table: sa.Table, pair: Pair) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in attrs.asdict(pair).items()))


def _encode_policy(plan: BookingPlan) -> str:
    settings = {
        name: value if isinstance(value, str | int) else str(value)
        for name, value in attrs.asdict(plan.policy).items()
    }
    return json.dumps(settings)


def _decode_policy(content: str) -> BookingPolicy:
    settings: dict[str, Any] = json.loads(content)
    settings["since"] = datetime.fromisoformat(settings["since"]).date()
    return BookingPolicy.from_settings(settings)
