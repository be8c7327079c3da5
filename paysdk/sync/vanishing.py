"""How many payments may vanish in one pass."""

from __future__ import annotations

import attrs

from paysdk.arguments import check_int, check_share

__all__ = ["VanishLimit"]


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
