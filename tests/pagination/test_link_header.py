"""The pagination by the Link header."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import PaginationError
from paysdk.pagination import LinkHeader, Position, next_link


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        (" , ,\t", None),
        ('<https://api.example.com/p?page=2>; rel="next"', "https://api.example.com/p?page=2"),
        ("<?page=2>;rel=next", "?page=2"),
        ("<?page=2> ; REL = Next ;", "?page=2"),
        ('<?a>; rel="prev", <?b>; rel="next", <?c>; rel="last"', "?b"),
        ('<?a>; rel="prev",<?b>; rel="next"', "?b"),
        (", ,<?b>; rel=next,", "?b"),
        ('<?b>; title="a, <?x>; rel=next"; rel="last next"', "?b"),
        ('<?a>; title="a \\" b, <?x>; rel=next"; rel=last', None),
        ('<?a,b;c>; rel="next"', "?a,b;c"),
        ("<>; rel=next", ""),
        ("<?a>; rel=nextpage, <?b>; rel=prev", None),
        ("<?a>; rel=prev; rel=next", None),
        ('<?a>; rel="\\n\\e\\x\\t"', "?a"),
        ('<?a>; rel="next"; anchor="#elsewhere", <?b>; rel="next"', "?b"),
        ("<?a>; rel, <?b>; rel=next", "?b"),
        ("<?a>", None),
        (
            "<?a>; rel*=UTF-8''next, <?b>; crossorigin; rel=next; title*=UTF-8'de'n%c3%a4chstes",
            "?b",
        ),
        ("<?a>; rel=next, <?b>; rel=next", "?a"),
    ],
)
def test_next_link(header: str, expected: str | None) -> None:
    """The first link of this page with the relation ``next`` counts, in any notation."""
    assert expected == next_link(header)


@pytest.mark.parametrize(
    "header",
    [
        "garbage",
        "?page=2; rel=next",
        "<?page=2; rel=next",
        '<?a>; rel="prev" x, <?b; rel=next',
        '<?a>; title="never, closed',
        "<?a> <?b>; rel=next",
        "<?a>; rel=prev, X",
    ],
)
def test_header_that_cannot_be_parsed_raises(header: str) -> None:
    """The unreadable rest of a header may have been the link, so it raises an error."""
    with pytest.raises(
        PaginationError,
        match=r"The Link header cannot be parsed: .*Resume from the checkpoint later",
    ) as raised:
        next_link(header)
    assert repr(header) in str(raised.value)


TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='<>"\\'), max_size=12
)


RELATIONS = st.lists(
    st.sampled_from(["prev", "last", "NEXT", "next", "up"]), min_size=1, max_size=3
)


PARAMETERS = st.lists(st.tuples(st.sampled_from(["title", "type", "hreflang"]), TEXTS), max_size=3)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(TEXTS, RELATIONS, PARAMETERS, st.booleans()), max_size=5),
    st.sampled_from([",", ", ", " ,\t,"]),
)
def test_next_link_is_found_among_others(
    links: list[tuple[str, list[str], list[tuple[str, str]], bool]], between: str
) -> None:
    """Among any links with any parameters, the next link is found."""
    written: list[str] = []
    for target, relations, parameters, before in links:
        rel = f'; rel="{" ".join(relations)}"'
        others = "".join(f'; {name}="{value}"' for name, value in parameters)
        written.append(f"<{target}>" + (rel + others if before else others + rel))
    expected = next(
        (
            target
            for target, relations, _, _ in links
            if "next" in " ".join(relations).lower().split()
        ),
        None,
    )
    assert expected == next_link(between.join(written))


@settings(max_examples=200)
@given(st.text(st.sampled_from('<>;,="\\ anext?1'), max_size=400) | st.text())
def test_any_header_is_parsed_or_refused(header: str) -> None:
    """Any header is parsed or raises a ``PaginationError``."""
    try:
        found = next_link(header)
    except PaginationError:
        return
    assert found is None or f"<{found}>" in header


@pytest.mark.parametrize(
    "header",
    [
        "<?a>" + "; " * 20_000 + '"',
        "<?a>;" + "x=" * 20_000 + '"',
        "<" * 20_000,
        '<?a>; x="' + "\\" * 40_001,
    ],
)
def test_long_bad_header_is_refused_at_once(header: str) -> None:
    """A very long header that cannot be parsed takes linear time."""
    with pytest.raises(PaginationError):
        next_link(header)


def test_pages_follow_the_header() -> None:
    """The query of the next link is sent unchanged, and a page without a link is the last."""
    pagination = LinkHeader("per_page=2", ("page", "cursor"))
    assert ("link", False) == (pagination.header, pagination.needs_ids)
    following = pagination.next_position(
        pagination.start(), '<http://elsewhere.example.com/?page=2&per_page=2>; rel="next"', []
    )
    assert Position("page=2&per_page=2") == following
    assert pagination.next_position(pagination.start(), '<?page=1>; rel="prev"', ["a"]) is None
    assert pagination.next_position(pagination.start(), None, ["a"]) is None
    with pytest.raises(PaginationError, match="has no page or cursor"):
        pagination.next_position(pagination.start(), '<?per_page=2>; rel="next"', ["a"])


def test_links_that_count_pages_keep_their_page_size() -> None:
    """Links that count pages keep their page size when a listing is resumed; cursors need not."""
    position = Position("page=3&per_page=50")
    assert position == LinkHeader("per_page=100", ("page",)).resume_from(position)
    assert Position("cursor=a&per_page=100") == LinkHeader(
        "", ("cursor",), 100, "per_page"
    ).resume_from(Position("cursor=a&per_page=50"))


def test_header_links_are_predicted_only_from_offsets() -> None:
    """Pages behind links with page numbers or cursors cannot be predicted."""
    assert [] == LinkHeader("page=1&limit=2", ("page",)).predict_next(Position("page=1&limit=2"), 2)
    assert [] == LinkHeader("", ("offset", "after")).predict_next(Position("after=x&limit=2"), 2)
    offsets = LinkHeader("size=2", ("offset",), limit_name="size")
    assert [Position("size=2&offset=2")] == offsets.predict_next(offsets.start(), 1)


def test_pages_by_link_do_not_overlap() -> None:
    """No record of the next page is a repeat of the page before."""
    assert [] == LinkHeader("", ()).overlap(Position(""), ["1"])
