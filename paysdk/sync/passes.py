"""Which pass comes next and what it leads to: pure rules over what is remembered of an account.

A full pass lists everything, and at its end tells what has vanished. An incremental pass lists what was modified since the watermark, less
an overlap. The watermark is a time by the provider's clock, and moves only when a pass is complete.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk.payment import Payment

__all__ = ["Account", "PassKind", "after_page", "begun", "completed", "modified_since", "restarted"]

PassKind: TypeAlias = Literal["full", "incremental"]

_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)


@attrs.frozen(kw_only=True)
class Account:
    """What is remembered of an account: ``kind`` is that of the pass under way, ``None`` between passes.

    ``latest`` is the largest ``modified_at`` that the pass has seen, ``malformed`` how many records were set aside in it.
    """

    number: int = 0
    kind: PassKind | None = None
    started_at: datetime | None = None
    checkpoint: str | None = None
    latest: datetime | None = None
    malformed: int = 0
    watermark: datetime | None = None


def begun(account: Account, *, incremental: bool, full: bool, now: datetime) -> Account:
    """The pass to go on with, or the next one.

    *incremental* says whether the provider can list so, *full* whether a new full pass is asked for.
    """
    if account.kind is not None and not full and (incremental or account.kind == "full"):
        return account
    return restarted(account, "full" if full or not incremental or account.watermark is None else "incremental", now)


def restarted(account: Account, kind: PassKind | None, now: datetime) -> Account:
    """A new pass. It has a new number, so that what an unfinished one saw does not count as seen."""
    return Account(number=account.number + 1, kind=kind, started_at=now, watermark=account.watermark)


def modified_since(account: Account, overlap: float) -> datetime | None:
    """From when on the pass lists, *overlap* in seconds; ``None`` where it lists everything."""
    if account.kind == "full" or account.watermark is None:
        return None
    try:
        return account.watermark - timedelta(seconds=overlap)
    except OverflowError:
        return _FIRST_MOMENT


def after_page(account: Account, payments: Iterable[Payment]) -> Account:
    """The same pass, having seen these payments too."""
    latest = max((payment.modified_at for payment in payments if payment.modified_at is not None), default=account.latest)
    if latest is not None and account.latest is not None:
        latest = max(latest, account.latest)
    return attrs.evolve(account, latest=latest)


def completed(account: Account) -> Account:
    """No pass under way, and the watermark where this one leads it.

    It is no later than the beginning of the pass by our own clock: what changes behind a long pass, and what claims to be of the future,
    must not be taken for seen. A clock that is slow costs only that something is listed again.
    """
    seen = account.latest
    if seen is not None and account.started_at is not None:
        seen = min(seen, account.started_at)
    if account.kind == "incremental" and account.watermark is not None:
        seen = account.watermark if seen is None else max(seen, account.watermark)
    return Account(number=account.number, watermark=seen)
