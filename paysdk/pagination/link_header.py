"""The pagination whose links are in the ``Link`` header of each response (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

import attrs

from paysdk.errors import PaginationError
from paysdk.pagination.links import FollowLinks
from paysdk.pagination.queries import truncate_for_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paysdk.pagination.base import Position

__all__ = ["LinkHeader", "next_link"]

# A link of a Link header with its parameters (RFC 8288, section 3), and one parameter. Each
# character can match in only one way, so matching takes linear time.
_LINK = re.compile(r'[\s,]*<([^<>]*)>\s*((?:;[^,;"]*(?:"(?:[^"\\]|\\.)*"[^,;"]*)*)*)(?=,|\Z)')
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*)))?')
_ESCAPED = re.compile(r"\\(.)")


@attrs.frozen
class LinkHeader(FollowLinks):
    """Links in the ``Link`` header of the response (RFC 8288).

    The link to the next page has ``rel="next"``. A response without such a link is the last page.
    """

    limit: int | None = None
    limit_name: str = "limit"
    filters: Collection[str] = ()

    @property
    def header(self) -> str | None:
        return "link"

    def next_position(
        self, position: Position, link: str | None, ids: Sequence[str], records: int = 0
    ) -> Position | None:
        return super().next_position(
            position, None if link is None else next_link(link), ids, records
        )


def next_link(header: str) -> str | None:
    """The target of the ``next`` link of a ``Link`` header, or ``None`` if it has no such link.

    Raises ``PaginationError`` if the header has no such link before a part that cannot be parsed:
    that part may be the link.
    """
    place = 0
    while (found := _LINK.match(header, place)) is not None:
        place = found.end()
        parameters: dict[str, str] = {}
        for name, quoted, plain in _PARAMETER.findall(found[2]):
            # If a parameter is repeated, the first one counts.
            parameters.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) or plain)
        # A link with an anchor is a link of another resource.
        if "next" in parameters.get("rel", "").lower().split() and "anchor" not in parameters:
            return found[1]
    if header[place:].strip(" \t,"):
        raise PaginationError(
            f"The Link header cannot be parsed: {truncate_for_message(header)}. Resume from the "
            "checkpoint later, or tell the provider."
        ).quoting(truncate_for_message(header))
    return None
