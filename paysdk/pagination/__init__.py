"""The rules by which one page leads to the next: pure, and the same for every transport.

A pagination says where a listing starts and, given what a page held and the link it came with, where the next page starts. What it takes
from a link is only what identifies the page; the request itself always goes to the provider's own endpoint.
"""

from __future__ import annotations

from paysdk.pagination.by_parameter import AfterLastId, NextToken, PageNumber
from paysdk.pagination.hal import HalFrom
from paysdk.pagination.links import FollowLinks, LinkHeader, next_link
from paysdk.pagination.rules import MORE, PagesGiven, Pagination, Position, RequestsMade, encode_query, repeats, same_request

__all__ = [
    "MORE",
    "AfterLastId",
    "FollowLinks",
    "HalFrom",
    "LinkHeader",
    "NextToken",
    "PageNumber",
    "PagesGiven",
    "Pagination",
    "Position",
    "RequestsMade",
    "encode_query",
    "next_link",
    "repeats",
    "same_request",
]
