"""What happened to a payment between two looks at it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from paysdk.payment import CustomerRef, InvoiceRef, Payment

__all__ = ["Change", "ChangeKind", "differing_fields", "is_older", "kind_of"]

ChangeKind: TypeAlias = Literal["created", "changed", "voided", "vanished", "returned"]

_PLAIN = tuple(
    field.name
    for field in attrs.fields(Payment)
    if field.name not in {"provider", "id", "invoice", "customer", "_raw"}
)
_NOBODY = CustomerRef()


@attrs.frozen(kw_only=True)
class Change:
    """One entry of the feed.

    ``sequence`` grows from entry to entry, with gaps. ``kind`` is "created" when a payment was seen
    for the first time, "voided" when it got its ``voided_date``, "vanished" when a complete full
    pass did not find it any more, "returned" when one that had vanished was seen again, and
    "changed" for everything else. ``before`` is ``None`` for one that was created, ``after`` for
    one that vanished. ``fields`` names what differs between the two: a field of ``Payment``,
    ``invoice.balance`` and the like for a part of it, ``raw`` where what differs is only something
    that paysdk has no field for. ``noticed_at`` is when this was written, by the clock of whoever
    wrote it.
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


def differing_fields(before: Payment, after: Payment) -> tuple[str, ...]:
    """The names of what differs, as a ``Change`` has them.

    Numbers differ by their value, and JSON by what it says.
    """
    changed = [name for name in _PLAIN if getattr(before, name) != getattr(after, name)]
    changed += _parts("invoice", before.invoice, after.invoice)
    if (before.customer is None) != (after.customer is None):
        changed.append("customer")
    else:
        changed += _parts("customer", before.customer or _NOBODY, after.customer or _NOBODY)
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


def kind_of(before: Payment, after: Payment, *, had_vanished: bool) -> ChangeKind:
    """What has happened to a payment that was known, and differs or had vanished."""
    if had_vanished:
        return "returned"
    return "voided" if after.is_voided and not before.is_voided else "changed"


def is_older(payment: Payment, known: Payment) -> bool:
    """Whether *payment* is a version from before the *known* one.

    Without both times of modification there is no telling.
    """
    return (
        payment.modified_at is not None
        and known.modified_at is not None
        and payment.modified_at < known.modified_at
    )
