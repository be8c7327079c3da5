"""Why a payment is not booked, or is not as it was booked. Pure."""

from __future__ import annotations

import attrs

__all__ = ["Problem"]


@attrs.frozen
class Problem:
    """Why a payment is not booked. ``nearest`` shows what fits best."""

    reason: str
    sentence: str
    nearest: str | None = None
