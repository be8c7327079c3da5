"""Write a page to the tables: compare it with the stored payments, and write the differences."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
import sqlalchemy as sa

from paysdk.passes import PassState
from paysdk.payment import Payment
from paysdk.sync.changes import classify_change, diff_fields, is_older
from paysdk.sync.errors import TooManyVanishedError
from paysdk.sync.feed import encode_payment, insert_entries
from paysdk.sync.tables import CONTENT, content_columns, payment_changes, payments, sync_state

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.provider import Page
    from paysdk.sync.backends import Backend
    from paysdk.sync.lease import Lease
    from paysdk.sync.rows import Codec
    from paysdk.sync.vanishing import VanishLimit

__all__ = ["PageRows", "prepare_page", "read_state", "state_columns", "sweep", "write_page"]

# How many payments are turned into rows before the event loop gets a turn. It takes a few
# milliseconds.
_ROWS_PER_TURN = 1000

_COLUMNS = (*CONTENT, "provider", "account", "first_seen_at", "seen_pass")
_ID = CONTENT.index("id")

_new_ids = sa.bindparam("new_ids", type_=sa.Text)


@attrs.frozen
class PageRows:
    """A page's payments by id, each once, and their rows.

    ``left_out`` are the ids of the records that are not payments. ``whole_invoices`` are the ids of
    the invoices that have no other payments than these.
    """

    payments: dict[str, Payment]
    rows: dict[str, tuple[Any, ...]]
    left_out: Sequence[str] = ()
    whole_invoices: Sequence[str] = ()


async def prepare_page(found: Page, codec: Codec) -> PageRows:
    """Turn payments into rows. If a payment comes in several versions, the newest counts."""
    page, given = PageRows({}, {}, found.left_out, found.whole_invoices), found.payments
    for first in range(0, len(given), _ROWS_PER_TURN):
        for payment in given[first : first + _ROWS_PER_TURN]:
            row = codec.to_row(payment)
            known = page.payments.get(row[_ID])
            if known is None or not is_older(payment, known):
                page.payments[row[_ID]] = payment
                page.rows[row[_ID]] = row
        await asyncio.sleep(0)
    return page


@attrs.frozen
class _Differences:
    """How a page differs from what is stored, as rows, updates and entries of the feed."""

    created: list[tuple[Any, ...]]
    changed: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    unchanged: list[str]


async def write_page(
    connection: AsyncConnection, backend: Backend, lease: Lease, page: PageRows, state: PassState
) -> Counter[str]:
    """Write what is new or changed in the page.

    Returns the number of payments for each kind of change, and the number of unchanged ones.
    """
    of_account = _of_account(payments, lease)
    known = await _read_stored(connection, backend, of_account, list(page.rows))
    now = backend.codec.encode(datetime.now(UTC))
    differences = _compare(page, known, backend.codec, lease, state, now=now)
    created, entries = differences.created, differences.entries
    if created or entries:
        await backend.lock_feed(connection)
    if created:
        tail = (lease.provider, lease.account, now, state.number)
        await backend.insert(connection, payments, _COLUMNS, [row + tail for row in created])
        entry = insert_entries(
            "created", lease.provider, lease.account, backend.ids_as_rows(_new_ids), now
        )
        ids = {"new_ids": _encode_ids([row[_ID] for row in created])}
        await connection.execute(entry, ids)
    if entries:
        await connection.execute(_update_rows(lease, state.number), differences.changed)
        await connection.execute(payment_changes.insert(), entries)
    if state.kind == "full" and differences.unchanged:
        seen = payments.update().where(
            of_account,
            backend.in_ids(payments.c.id, _new_ids),
            payments.c.seen_pass != state.number,
        )
        ids = {"new_ids": _encode_ids(differences.unchanged)}
        await connection.execute(seen.values(seen_pass=state.number), ids)
    counts = Counter(created=len(created), unchanged=len(differences.unchanged))
    counts.update(entry["kind"] for entry in entries)
    if state.kind == "incremental":
        # A full pass marks at its end which payments have vanished.
        counts["vanished"] += await _mark_vanished(connection, backend, lease, page, now=now)
    return counts


async def _mark_vanished(
    connection: AsyncConnection, backend: Backend, lease: Lease, page: PageRows, *, now: object
) -> int:
    """Mark the live payments that *page* says are gone as vanished, and return how many there are.

    The rows of the page are written by now, so a payment that moved to another invoice stays live.
    """
    of_account = _of_account(payments, lease)
    gone: set[str] = set()
    for column, values in (
        (payments.c.id, page.left_out),
        (payments.c.invoice_id, page.whole_invoices),
    ):
        if values:
            named = backend.in_ids(column, _new_ids)
            live = sa.select(payments.c.id).where(
                of_account, named, payments.c.vanished_at.is_(None)
            )
            found = await connection.execute(live, {"new_ids": _encode_ids(values)})
            gone |= {row.id for row in found} - page.rows.keys()
    if not gone:
        return 0
    ids = {"new_ids": _encode_ids(sorted(gone))}
    marked = payments.update().where(of_account, backend.in_ids(payments.c.id, _new_ids))
    await connection.execute(marked.values(vanished_at=now), ids)
    await backend.lock_feed(connection)
    entry = insert_entries(
        "vanished", lease.provider, lease.account, backend.ids_as_rows(_new_ids), now
    )
    await connection.execute(entry, ids)
    return len(gone)


def _compare(
    page: PageRows,
    known: dict[str, tuple[tuple[Any, ...], object, int]],
    codec: Codec,
    lease: Lease,
    state: PassState,
    *,
    now: object,
) -> _Differences:
    """Compare the rows of a page with the stored rows, by id."""
    created = [row for payment_id, row in page.rows.items() if payment_id not in known]
    differences = _Differences(created, [], [], [])
    for payment_id, (stored, vanished_at, seen_pass) in known.items():
        row = page.rows[payment_id]
        had_vanished = vanished_at is not None
        if stored == row and not had_vanished:
            differences.unchanged.append(payment_id)
            continue
        before, payment = (codec.to_payment(lease.provider, values) for values in (stored, row))
        # An earlier pass read its payments before this full pass began. So what this pass finds is
        # current, even if the provider's clock was ahead before. An incremental pass cannot
        # distinguish that from an old version that arrives late.
        stale = (state.kind == "incremental" or seen_pass == state.number) and is_older(
            payment, before
        )
        after = before if stale else payment
        fields = () if stale else diff_fields(before, after)
        if not fields and not had_vanished:
            differences.unchanged.append(payment_id)
            continue
        values = zip(CONTENT, stored if stale else row, strict=True)
        differences.changed.append({f"new_{name}": value for name, value in values})
        differences.entries.append(
            {
                "kind": classify_change(before, after, had_vanished=had_vanished),
                "provider": lease.provider,
                "account": lease.account,
                "payment_id": payment_id,
                "noticed_at": now,
                "fields": " ".join(fields),
                "before": encode_payment(before),
                "after": encode_payment(after),
            }
        )
    return differences


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
    of_account = _of_account(payments, lease)
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
    of_account = _of_account(payments, lease)
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


async def read_state(connection: AsyncConnection, codec: Codec, lease: Lease) -> PassState:
    """Read the state of the account."""
    row = (await connection.execute(sa.select(sync_state).where(lease.key))).one()
    return PassState(
        number=row.pass_number,
        kind=row.pass_kind,
        started_at=codec.read_moment(row.pass_started_at),
        checkpoint=row.checkpoint,
        latest=codec.read_moment(row.latest_modified),
        malformed=row.malformed,
        watermark=codec.read_moment(row.watermark),
        since=codec.read_moment(row.pass_since),
        oldest_malformed=codec.read_moment(row.oldest_malformed),
        waiting_since=codec.read_moment(row.waiting_since),
    )


def state_columns(state: PassState, codec: Codec, *, complete: bool) -> dict[str, Any]:
    """Return the values of the columns of `sync_state`.

    If the pass is *complete*, they include the current time, for people who read the table.
    """
    return {
        **({"completed_at": codec.encode(datetime.now(UTC))} if complete else {}),
        "pass_number": state.number,
        "pass_kind": state.kind,
        "pass_started_at": codec.encode(state.started_at),
        "checkpoint": state.checkpoint,
        "latest_modified": codec.encode(state.latest),
        "malformed": state.malformed,
        "watermark": codec.encode(state.watermark),
        "pass_since": codec.encode(state.since),
        "oldest_malformed": codec.encode(state.oldest_malformed),
        "waiting_since": codec.encode(state.waiting_since),
    }


def _of_account(table: sa.Table, lease: Lease) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.provider == lease.provider, table.c.account == lease.account)


def _encode_ids(ids: Sequence[str]) -> str:
    return msgspec.json.encode(ids).decode()


async def _read_stored(
    connection: AsyncConnection,
    backend: Backend,
    of_account: sa.ColumnElement[bool],
    ids: list[str],
) -> dict[str, tuple[tuple[Any, ...], object, int]]:
    """Return what is stored by id: the row, when it vanished, and the last pass that saw it."""
    if not ids:
        return {}
    select = sa.select(*content_columns, payments.c.vanished_at, payments.c.seen_pass).where(
        of_account, backend.in_ids(payments.c.id, _new_ids)
    )
    rows: list[tuple[Any, ...]] = [
        tuple(row) for row in await connection.execute(select, {"new_ids": _encode_ids(ids)})
    ]
    return {row[_ID]: (row[:-2], row[-2], row[-1]) for row in rows}


def _update_rows(lease: Lease, number: int) -> sa.Update:
    values = {
        name: sa.bindparam(f"new_{name}", type_=payments.c[name].type)
        for name in CONTENT
        if name != "id"
    }
    changed = payments.update().where(
        _of_account(payments, lease), payments.c.id == sa.bindparam("new_id")
    )
    return changed.values(**values, seen_pass=number, vanished_at=None)
