"""Fuzz links to pages: only PaginationError, or a query that is valid in a request line."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["paysdk"]):
    from paysdk import PaginationError
    from paysdk.listing.repeats import RequestsMade
    from paysdk.pagination import (
        AfterLastId,
        FollowLinks,
        HalFrom,
        LinkHeader,
        NextToken,
        PageNumber,
        Pagination,
        Position,
    )

from shaping import mutate_link

__all__ = ["PAGINATIONS", "follow"]

PAGINATIONS: list[Pagination] = [
    FollowLinks("cursor=", ("cursor", "offset"), None),
    FollowLinks("limit=2", ("cursor", "offset"), 2),
    HalFrom(None),
    HalFrom(2),
    LinkHeader("", ("cursor", "page")),
    NextToken("", "cursor"),
    PageNumber("limit=2", "page", 2),
    AfterLastId("limit=2", "starting_after", 2),
]


def test_one_input(data: bytes) -> None:
    """Follow *data* as a link twice, from pages of several lengths."""
    link = data.decode(errors="replace")
    for pagination in PAGINATIONS:
        for ids in ([], ["a"], ["a", "b", link]):
            following = follow(pagination, pagination.start(), link, ids)
            if following is not None:
                follow(pagination, following, link, ids)


def follow(
    pagination: Pagination, position: Position, link: str, ids: list[str]
) -> Position | None:
    """Return the position after *position*, if *link* leads to one."""
    try:
        following = pagination.next_position(position, link, ids)
        if following is not None:
            RequestsMade().add(following.query)
    except PaginationError:
        return None
    if following is None:
        return None
    assert following.query.isascii()
    assert following.query.isprintable()
    assert " " not in following.query
    assert following == pagination.resume_from(following) or pagination.resume_from(
        following
    ).query.endswith("limit=2")
    for guess in pagination.predict_next(following, 2):
        assert guess.query != following.query
    return following


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutate_link)
    atheris.Fuzz()
