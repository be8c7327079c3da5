"""How a payment changed between two syncs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from paysdk.payment import CustomerRef, InvoiceRef, Payment

__all__ = ["Change", "ChangeKind", "classify_change", "diff_fields", "is_older"]

ChangeKind: TypeAlias = Literal["created", "changed", "voided", "vanished", "returned"]

_PLAIN = tuple(
    field.name
    for field in attrs.fields(Payment)
    if field.name not in {"provider", "id", "invoice", "customer", "_raw"}
)
_NO_CUSTOMER = CustomerRef()


@attrs.frozen(kw_only=True)
class Change:
    """One entry of the feed.

    ``sequence`` grows from entry to entry, with gaps. ``kind`` is one of these:

    - "created": the payment was seen for the first time;
    - "voided": it was voided, with or without a ``voided_date``;
    - "vanished": a complete full pass did not find it;
    - "returned": it had vanished and was seen again;
    - "changed": anything else.

    ``before`` is ``None`` for a created payment, and ``after`` for a vanished one. ``fields`` names
    what differs between the two: a field of ``Payment``, or a part of one such as
    ``invoice.balance``. If the only difference is in something that paysdk has no field for, it is
    ``raw``. ``noticed_at`` is when the entry was written, by the clock of the process that wrote
    it.
    """

    sequence: int
    kind: ChangeKind
    provider: str
    account: str
    payment_id: str
    before: Payment | None
    after: Payment | None
    fields: tuple[str, ...]
    noticed_at: datetime


def diff_fields(before: Payment, after: Payment) -> tuple[str, ...]:
    """Return the names of the fields that differ, as in ``Change.fields``.

    Numbers are compared by value, and JSON by content.
    """
    changed = [name for name in _PLAIN if getattr(before, name) != getattr(after, name)]
    changed += _parts("invoice", before.invoice, after.invoice)
    if (before.customer is None) != (after.customer is None):
        changed.append("customer")
    else:
        changed += _parts(
            "customer", before.customer or _NO_CUSTOMER, after.customer or _NO_CUSTOMER
        )
    if not changed and before.raw != after.raw:
        changed.append("raw")
    return tuple(changed)


def _parts(
    name: str, before: InvoiceRef | CustomerRef, after: InvoiceRef | CustomerRef
) -> list[str]:
    if before == after:
        return []
    return [
        f"{name}.{part.name}"
        for part in attrs.fields(type(before))
        if getattr(before, part.name) != getattr(after, part.name)
    ]


def classify_change(before: Payment, after: Payment, *, had_vanished: bool) -> ChangeKind:
    """Return the kind of change of a stored payment that differs or had vanished."""
    if had_vanished:
        return "returned"
    return "voided" if after.is_voided and not before.is_voided else "changed"


def is_older(payment: Payment, known: Payment) -> bool:
    """Whether *payment* is an older version than *known*.

    This is ``False`` unless both have a time of modification.
    """
    return (
        payment.modified_at is not None
        and known.modified_at is not None
        and payment.modified_at < known.modified_at
    )
