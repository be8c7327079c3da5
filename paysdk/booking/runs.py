"""Plans and policies in the store: a plan that was approved is a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from paysdk.booking.booking import Approval
from paysdk.booking.errors import PlanRefusedError
from paysdk.booking.lines import PlanLines
from paysdk.booking.pair import Pair
from paysdk.booking.plan import BookingPlan
from paysdk.booking.policy import BookingPolicy
from paysdk.booking.rows import encode_approval, read_approval
from paysdk.sync.booking_tables import booking_policies, booking_runs
from paysdk.sync.store import get_database

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.sync.store import SQLPaymentStore

__all__ = ["BookingRuns", "Run"]


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
        self._lines = PlanLines(self._database)

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

    async def read_latest(self, pair: Pair) -> Run | None:
        """Return the latest plan of a pair, or ``None`` if there is none."""
        select = (
            sa.select(booking_runs.c.digest)
            .where(_of_pair(booking_runs, pair))
            .order_by(booking_runs.c.made_at.desc(), booking_runs.c.digest)
            .limit(1)
        )

        async def work(connection: AsyncConnection) -> str | None:
            return (await connection.execute(select)).scalar_one_or_none()

        digest = await self._database.read(work)
        return None if digest is None else await self.read(digest)

    async def propose(self, plan: BookingPlan, by: str) -> None:
        """Store a plan and its policy, and propose its lines.

        A line whose booking another worker has begun meanwhile is left as it is. It does not
        belong to this plan then, and is not applied with it.
        """

        async def work(connection: AsyncConnection) -> None:
            await self._write_plan(connection, plan)
            await self._lines.propose(connection, plan, by)

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
            return await self._lines.decide(connection, digest, approval)

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
