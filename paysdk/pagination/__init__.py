"""The rules by which one page leads to the next. They do no I/O.

A pagination says where a listing starts. From the ids on a page and the link of the page, it says
where the next page starts. From a link to a URL it uses at most the query: the request always goes
to the provider's own endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import lazy
from paysdk.pagination.base import MORE, Pagination, Position
from paysdk.pagination.hal import HalFrom
from paysdk.pagination.links import FollowLinks
from paysdk.pagination.queries import encode_query, parameters_of, same_request, without_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.pagination.by_parameter import AfterLastId, NextToken, PageNumber
    from paysdk.pagination.link_header import LinkHeader, next_link

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
    "without_parameters",
]

# Campfire and Notify do not need these, and importing them takes as long as the rest of this
# package.
__getattr__: Callable[[str], object]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazy.export(
    __name__,
    {
        "paysdk.pagination.by_parameter": ("AfterLastId", "NextToken", "PageNumber"),
        "paysdk.pagination.link_header": ("LinkHeader", "next_link"),
    },
)
