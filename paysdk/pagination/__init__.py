"""The rules by which one page leads to the next: pure, and the same for every transport.

A pagination says where a listing starts and, given what a page held and the link it came with,
where the next page starts. What it takes from a link is only what identifies the page; the request
itself always goes to the provider's own endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import lazy
from paysdk.pagination.base import MORE, Pagination, Position
from paysdk.pagination.hal import HalFrom
from paysdk.pagination.links import FollowLinks, LinkHeader, next_link
from paysdk.pagination.queries import encode_query, parameters_of, same_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.pagination.by_parameter import AfterLastId, NextToken, PageNumber

__all__ = [
    "MORE",
    "AfterLastId",
    "FollowLinks",
    "HalFrom",
    "LinkHeader",
    "NextToken",
    "PageNumber",
    "Pagination",
    "Position",
    "encode_query",
    "next_link",
    "parameters_of",
    "same_request",
]

# Neither Campfire nor Notify needs these, and their classes take as long to make as the rest of this
# package.
__getattr__: Callable[[str], object]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazy.export(
    __name__, {"paysdk.pagination.by_parameter": ("AfterLastId", "NextToken", "PageNumber")}
)
