"""Write a page to the tables: compare it with the stored payments, and write the differences."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import sqlalchemy as sa

from paysdk.passes import PassState
from paysdk.payment import Payment
from paysdk.sync.backends import NEW_IDS, encode_ids
from paysdk.sync.changes import classify_change, diff_fields, is_older
from paysdk.sync.feed import encode_payment, insert_entries
from paysdk.sync.tables import CONTENT, content_columns, payment_changes, payments, sync_state
from paysdk.sync.vanishing import mark_vanished

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.provider import Page
    from paysdk.sync.backends import Backend
    from paysdk.sync.lease import Lease
    from paysdk.sync.rows import Codec

__all__ = ["PageRows", "prepare_page", "read_state", "state_columns", "write_page"]

# How many payments are turned into rows before the event loop gets a turn. It takes a few
# milliseconds.
_ROWS_PER_TURN = 1000

_COLUMNS = (*CONTENT, "provider", "account", "first_seen_at", "seen_pass")
_ID = CONTENT.index("id")


@attrs.frozen
class PageRows:
    """A page's payments by id, each once, and their rows.

    ``left_out`` are the ids of the records that are not payments. ``whole_invoices`` and
    ``whole_records`` are the ids of the invoices and of the records that have no other payments
    than these.
    """

    payments: dict[str, Payment]
    rows: dict[str, tuple[Any, ...]]
    left_out: Sequence[str] = ()
    whole_invoices: Sequence[str] = ()
    whole_records: Sequence[str] = ()


async def prepare_page(found: Page, codec: Codec) -> PageRows:
    """Turn payments into rows. If a payment comes in several versions, the newest counts."""
    page = PageRows({}, {}, found.left_out, found.whole_invoices, found.whole_records)
    given = found.payments
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
    of_account = lease.of_account(payments)
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
            "created", lease.provider, lease.account, backend.ids_as_rows(NEW_IDS), now
        )
        ids = {"new_ids": encode_ids([row[_ID] for row in created])}
        await connection.execute(entry, ids)
    if entries:
        await connection.execute(_update_rows(lease, state.number), differences.changed)
        await connection.execute(payment_changes.insert(), entries)
    if state.kind == "full" and differences.unchanged:
        seen = payments.update().where(
            of_account,
            backend.in_ids(payments.c.id, NEW_IDS),
            payments.c.seen_pass != state.number,
        )
        ids = {"new_ids": encode_ids(differences.unchanged)}
        await connection.execute(seen.values(seen_pass=state.number), ids)
    counts = Counter(created=len(created), unchanged=len(differences.unchanged))
    counts.update(entry["kind"] for entry in entries)
    if state.kind == "incremental":
        # A full pass marks at its end which payments have vanished.
        counts["vanished"] += await mark_vanished(connection, backend, lease, page, now=now)
    return counts


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
        of_account, backend.in_ids(payments.c.id, NEW_IDS)
    )
    rows: list[tuple[Any, ...]] = [
        tuple(row) for row in await connection.execute(select, {"new_ids": encode_ids(ids)})
    ]
    return {row[_ID]: (row[:-2], row[-2], row[-1]) for row in rows}


def _update_rows(lease: Lease, number: int) -> sa.Update:
    values = {
        name: sa.bindparam(f"new_{name}", type_=payments.c[name].type)
        for name in CONTENT
        if name != "id"
    }
    changed = payments.update().where(
        lease.of_account(payments), payments.c.id == sa.bindparam("new_id")
    )
    return changed.values(**values, seen_pass=number, vanished_at=None)
