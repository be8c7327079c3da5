"""What a follower remembers of the payments that it has seen: pure."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import msgspec

from paysdk.errors import PaysdkError
from paysdk.follow.marks import mark_content, mark_id, mark_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paysdk.payment import Payment

__all__ = ["FollowedKind", "KnownPayments", "PackedPayments"]

FollowedKind: TypeAlias = Literal["created", "changed", "voided"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class PackedPayments(msgspec.Struct, array_like=True):
    """``KnownPayments`` in a checkpoint: ids and marks, of 64 bits each, and times."""

    untimed: bytes = b""
    timed: bytes = b""
    times: bytes = b""


@attrs.define
class KnownPayments:
    """Marks of at most *limit* payments: of each its content, and when it was modified, if known.

    A payment takes about 250 bytes.
    """

    limit: int
    _marks: dict[int, int] = attrs.field(factory=dict[int, int])
    # In microseconds since 1970.
    _times: dict[int, int] = attrs.field(factory=dict[int, int])
    # Marks of the exact form, because comparing the content takes ten times as long.
    _versions: dict[int, int] = attrs.field(factory=dict[int, int], init=False)

    def __len__(self) -> int:
        return len(self._marks)

    def note(
        self, payment: Payment, time: datetime | None, since: datetime | None
    ) -> FollowedKind | None:
        """Remember the payment, and return how it changed, or ``None`` if it did not.

        *time* is when it was modified. Each payment that was modified at *since* or later, and was
        seen, must be known. ``None`` says that each payment must.

        Raises ``PaysdkError`` if there are more payments than *limit*.
        """
        key, version = mark_id(payment), mark_version(payment)
        if self._versions.get(key) == version:
            return None
        known, mark = self._marks.get(key), mark_content(payment)
        moment = None if time is None else _to_number(time)
        if _is_before(moment, self._times.get(key)):
            return None
        if known == mark:
            self._versions[key] = version
            return None
        if known is None and len(self._marks) >= self.limit:
            raise PaysdkError(
                f"{payment.provider} has more than {self.limit:,} payments to compare, and "
                f"max_known={self.limit:,} is the most that is remembered. Raise max_known, where "
                "each payment takes about 250 bytes of memory, or follow a database: sync with "
                "sync_payments, and use store.follow."
            )
        self._marks[key], self._versions[key] = mark, version
        if moment is not None:
            self._times[key] = moment
        if known is None:
            return _classify_unknown(payment, since)
        return "voided" if payment.is_voided and not known & 1 else "changed"

    def forget_before(self, since: datetime) -> bool:
        """Forget the payments that were modified before *since*. Returns whether there were any."""
        first = _to_number(since)
        before = [key for key, moment in self._times.items() if moment < first]
        for key in before:
            del self._times[key], self._marks[key]
            self._versions.pop(key, None)
        return bool(before)

    def pack(self) -> PackedPayments:
        """Return all that is remembered, in a compact form."""
        untimed = [key for key in self._marks if key not in self._times]
        return PackedPayments(
            _pack("Q", [bits for key in untimed for bits in (key, self._marks[key])]),
            _pack("Q", [bits for key in self._times for bits in (key, self._marks[key])]),
            _pack("q", list(self._times.values())),
        )

    @classmethod
    def unpack(cls, packed: PackedPayments, limit: int) -> KnownPayments:
        """Return what ``pack`` packed. Raises ``ValueError`` if that is not what it is."""
        untimed, timed = (_unpack("Q", each) for each in (packed.untimed, packed.timed))
        times = _unpack("q", packed.times)
        return cls(
            limit,
            dict(zip(untimed[::2], untimed[1::2], strict=True))
            | dict(zip(timed[::2], timed[1::2], strict=True)),
            dict(zip(timed[::2], times, strict=True)),
        )


def _pack(kind: Literal["Q", "q"], numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}{kind}", *numbers)


def _unpack(kind: Literal["Q", "q"], packed: bytes) -> tuple[int, ...]:
    try:
        return struct.unpack(f"<{len(packed) // 8}{kind}", packed)
    except struct.error as error:
        raise ValueError(str(error)) from None


def _to_number(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def _is_before(moment: int | None, known: int | None) -> bool:
    return moment is not None and known is not None and moment < known


def _classify_unknown(payment: Payment, since: datetime | None) -> FollowedKind:
    if since is None or payment.created_at is None or payment.created_at >= since:
        return "created"
    # It was created before the time from which each payment is known, so its creation was seen
    # then, or before this follower began.
    return "voided" if payment.is_voided else "changed"
