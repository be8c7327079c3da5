"""What the report calls the sides and the statuses."""

from __future__ import annotations

import attrs

from paysdk.reconcile.outcome import Status, in_words

__all__ = ["Names", "status_class"]


@attrs.frozen
class Names:
    """The names of the sides and of the statuses."""

    left: str
    right: str
    statuses: dict[Status, str]

    @classmethod
    def of(cls, left: str, right: str) -> Names:
        """The names for two sides."""
        return cls(left, right, in_words(left, right))

    @property
    def sides(self) -> tuple[str, str]:
        """The names of both sides."""
        return self.left, self.right


def status_class(status: Status) -> str:
    """The CSS class of a status, such as ``left-only``."""
    return status.value.replace(" ", "-")
