"""Mark the payments that are gone as vanished, and limit how many may vanish in one pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from paysdk.arguments import check_int, check_share
from paysdk.sync.backends import NEW_IDS, encode_ids
from paysdk.sync.errors import TooManyVanishedError
from paysdk.sync.feed import insert_entries
from paysdk.sync.tables import payments

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.passes import PassState
    from paysdk.sync.backends import Backend
    from paysdk.sync.lease import Lease
    from paysdk.sync.writing import PageRows

__all__ = ["VanishLimit", "mark_vanished", "sweep"]


def _check_count(_: object, __: object, count: int) -> None:
    check_int("count", count, 0)


def _check_share(_: object, __: object, share: float) -> None:
    check_share("share", share)


@attrs.frozen(kw_only=True)
class VanishLimit:
    """How many payments may vanish in one full pass.

    The limit is *count*, or *share* of the stored payments if that is more. A pass that finds
    nothing at all exceeds every limit. Raises ``ConfigurationError`` for an impossible number.
    """

    count: int = attrs.field(default=10, validator=_check_count)
    share: float = attrs.field(default=0.2, validator=_check_share)


async def mark_vanished(
    connection: AsyncConnection, backend: Backend, lease: Lease, page: PageRows, *, now: object
) -> int:
    """Mark the live payments that *page* says are gone as vanished, and return how many there are.

    The rows of the page are written by now, so a payment that moved to another invoice stays live.
    """
    of_account = lease.of_account(payments)
    gone: set[str] = set()
    live = sa.and_(lease.of_account(payments), payments.c.vanished_at.is_(None))
    for named, values in (
        (_select_live(live, backend, payments.c.id), page.left_out),
        (_select_live(live, backend, payments.c.invoice_id), page.whole_invoices),
        (_select_live(live, backend, payments.c.id), page.whole_records),
        (_select_parts(live, backend), page.whole_records),
    ):
        if values:
            found = await connection.execute(named, {"new_ids": encode_ids(values)})
            gone |= {row.id for row in found if row.id is not None} - page.rows.keys()
    if not gone:
        return 0
    ids = {"new_ids": encode_ids(sorted(gone))}
    marked = payments.update().where(of_account, backend.in_ids(payments.c.id, NEW_IDS))
    await connection.execute(marked.values(vanished_at=now), ids)
    await backend.lock_feed(connection)
    entry = insert_entries(
        "vanished", lease.provider, lease.account, backend.ids_as_rows(NEW_IDS), now
    )
    await connection.execute(entry, ids)
    return len(gone)


def _select_live(
    live: sa.ColumnElement[bool], backend: Backend, column: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    return sa.select(payments.c.id).where(live, backend.in_ids(column, NEW_IDS))


def _select_parts(live: sa.ColumnElement[bool], backend: Backend) -> sa.Select[Any]:
    """Choose the payments whose id begins with the id of a record and a colon.

    The columns of ids are compared by their bytes, in which ``;`` follows the colon. The outer join
    makes SQLite search the index for each record. With an inner join, SQLite reads all payments. A
    record without such payments gives ``None``.
    """
    records = backend.ids_as_rows(NEW_IDS).subquery()
    first, end = records.c.value.concat(":"), records.c.value.concat(";")
    parts = sa.and_(live, payments.c.id >= first, payments.c.id < end)
    return sa.select(payments.c.id).select_from(records.outerjoin(payments, parts))


async def sweep(
    connection: AsyncConnection,
    backend: Backend,
    lease: Lease,
    state: PassState,
    limit: VanishLimit | None,
) -> int:
    """Mark the payments that a complete full pass has not seen as vanished, and return how many.

    Raises ``TooManyVanishedError`` if there are more than *limit* allows.
    """
    now = backend.codec.encode(datetime.now(UTC))
    of_account = lease.of_account(payments)
    unseen = payments.update().where(
        of_account, payments.c.seen_pass < state.number, payments.c.vanished_at.is_(None)
    )
    vanished = (await connection.execute(unseen.values(vanished_at=now))).rowcount
    if vanished and limit is not None:
        await _check_vanished(connection, backend, lease, state, limit=limit, vanished=vanished)
    if vanished:
        await backend.lock_feed(connection)
        gone = (
            sa.select(payments.c.id.label("value"))
            .where(of_account, payments.c.vanished_at == now)
            .order_by(payments.c.id)
        )
        await connection.execute(
            insert_entries("vanished", lease.provider, lease.account, gone, now)
        )
    return vanished


async def _check_vanished(
    connection: AsyncConnection,
    backend: Backend,
    lease: Lease,
    state: PassState,
    *,
    limit: VanishLimit,
    vanished: int,
) -> None:
    """Raise ``TooManyVanishedError`` if the pass found nothing, or *vanished* exceeds *limit*."""
    of_account = lease.of_account(payments)
    seen = sa.select(payments.c.id).where(of_account, payments.c.seen_pass == state.number).limit(1)
    found_nothing = (await connection.execute(seen)).first() is None
    if vanished <= limit.count and not found_nothing:
        return
    # Payments that are new in this pass do not replace the stored ones that it missed.
    still_there = sa.select(sa.func.count()).where(
        of_account,
        payments.c.first_seen_at < backend.codec.encode(state.started_at),
        payments.c.vanished_at.is_(None),
    )
    stored = vanished + (await connection.execute(still_there)).scalar_one()
    if found_nothing or vanished > limit.share * stored:
        why = "The listing is empty" if found_nothing else "That is far more than usual"
        raise TooManyVanishedError(
            f"{lease.provider} lists {stored - vanished:,} of the {stored:,} payments that are "
            f"stored for account {lease.account!r}. The other {vanished:,} would count as "
            f"vanished. {why}, so nothing was marked. Check that the provider lists everything, "
            "and sync again. If the payments are really gone, allow it: full=True, "
            "allow_vanish=True (--full --allow-vanish).",
            vanished=vanished,
            stored=stored,
        )
