"""Write and read the feed of changes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from paysdk.converter import make_converter
from paysdk.payment import Payment
from paysdk.sync.changes import Change, ChangeKind
from paysdk.sync.tables import CONTENT, payment_changes, payments

if TYPE_CHECKING:
    from paysdk.sync.rows import Codec

__all__ = ["BATCH_ROWS", "FEED", "MAX_SEQUENCE", "encode_payment", "insert_entries", "read_change"]

# How many rows are read at a time.
BATCH_ROWS = 1000
# The largest number that both databases take.
MAX_SEQUENCE = 2**63 - 1


# Making a converter takes a while, so it is made once, and only if it is needed.
_converter = cache(make_converter)


def encode_payment(payment: Payment) -> str:
    """Return the JSON that the feed keeps of a payment."""
    return _converter().dumps(payment).decode()


def _decode_payment(text: str) -> Payment:
    return _converter().loads(text.encode(), Payment)


def insert_entries(
    kind: ChangeKind,
    provider: str,
    account: str,
    ids: sa.Select[Any],
    now: Any,  # noqa: ANN401  # the codec's
) -> sa.Insert:
    """Return a statement that writes an entry for each id, without fetching the ids."""
    moment = sa.literal(now, payment_changes.c.noticed_at.type)
    entries = sa.select(
        sa.literal(kind), sa.literal(provider), sa.literal(account), ids.subquery().c.value, moment
    )
    columns = ["kind", "provider", "account", "payment_id", "noticed_at"]
    return payment_changes.insert().from_select(columns, entries, include_defaults=False)


def read_change(codec: Codec, row: sa.Row[Any]) -> Change:
    """Turn a row of ``FEED`` into a change."""
    values: tuple[Any, ...] = tuple(row)
    sequence, kind, provider, account, payment_id, noticed_at, fields, before, after, known = (
        values[: -len(CONTENT)]
    )
    content = values[-len(CONTENT) :]
    states: list[Payment | None] = [
        None if text is None else _decode_payment(text) for text in (before, after)
    ]
    if kind in {"created", "vanished"}:
        state = codec.to_payment(provider, content) if known is None else _decode_payment(known)
        states = [None, state] if kind == "created" else [state, None]
    return Change(
        sequence=sequence,
        kind=kind,
        provider=provider,
        account=account,
        payment_id=payment_id,
        before=states[0],
        after=states[1],
        fields=tuple((fields or "").split()),
        noticed_at=codec.read_required_moment(noticed_at),
    )


def _make_feed_query() -> sa.Select[Any]:
    change, later = payment_changes, payment_changes.alias("later")
    same = [later.c[name] == change.c[name] for name in ("provider", "account", "payment_id")]
    # Some entries have no copy of their payment. The payment is then in the `before` of its next
    # change, or in `payments` if there is no next change.
    found = (
        sa.select(later.c.before)
        .where(*same, later.c.sequence > change.c.sequence, later.c.before.is_not(None))
        .order_by(later.c.sequence)
        .limit(1)
        .scalar_subquery()
    )
    known = sa.case((change.c.kind.in_(["created", "vanished"]), found))
    mine = [
        payments.c.provider == change.c.provider,
        payments.c.account == change.c.account,
        payments.c.id == change.c.payment_id,
    ]
    columns = (
        "sequence",
        "kind",
        "provider",
        "account",
        "payment_id",
        "noticed_at",
        "fields",
        "before",
        "after",
    )
    return (
        sa.select(
            *(change.c[name] for name in columns), known, *(payments.c[name] for name in CONTENT)
        )
        .select_from(change.outerjoin(payments, sa.and_(*mine)))
        .where(change.c.sequence > sa.bindparam("after_sequence"))
        .order_by(change.c.sequence)
        .limit(BATCH_ROWS)
    )


FEED = _make_feed_query()
