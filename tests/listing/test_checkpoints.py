"""Checkpoints: from each one exactly the rest is listed, and a wrong one is refused."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import NotifyProvider
from paysdk.checkpoint import Checkpoint
from paysdk.errors import ConfigurationError
from paysdk.listing.checkpoints import path_of, read_checkpoint
from paysdk.pagination import FollowLinks, PageNumber, Position
from paysdk.providers.campfire.normalise import READER
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.rest import RestProvider
from paysdk.testing import Request, Response, open_sandbox
from tests.listing.model_server import ModelServer, Paging, provider_of, times
from tests.listing.sandboxes import (
    FAMILIES,
    LIST,
    PAID,
    Server,
    campfire,
    checkpoint_of,
    ids,
    notify,
    open_at,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.listing.listing import PagedListing
    from paysdk.payment import Payment
    from paysdk.provider import Capabilities, Listing


@FAMILIES
@pytest.mark.parametrize("page_size", [1, 3])
async def test_every_checkpoint_leads_to_exactly_the_rest(
    make: Callable[..., Any], arguments: dict[str, Any], page_size: int
) -> None:
    """From each checkpoint or its text, with any page size, exactly the rest is listed."""
    async with make(payments=7) as sandbox, open_at(sandbox) as provider:
        given: list[str] = []
        async for page in provider.list_payments(page_size=page_size, **arguments).pages():
            given += ids(page.payments)
            rest = truth(sandbox)[len(given) :]
            if page.checkpoint is None:
                assert [] == rest
                continue
            forms: list[Checkpoint | str] = [page.checkpoint, str(page.checkpoint)]
            for resume, size in itertools.product(forms, (None, 1, 2, 5)):
                assert rest == ids(
                    await provider.list_payments(
                        resume=resume, page_size=size, **arguments
                    ).collect()
                )
        assert truth(sandbox) == given


@pytest.mark.parametrize(
    ("resume", "message"),
    [
        ("", "This is not a checkpoint"),
        ("paysdk1.", "This is not a checkpoint"),
        ("nonsense", "This is not a checkpoint"),
        (str(Checkpoint("campfire", "", "nonsense")), "This is not a checkpoint"),
        (Checkpoint("campfire", "", "{}"), "This is not a checkpoint: Expected `array`, got `obj"),
        (Checkpoint("campfire", "", ""), "This is not a checkpoint"),
        (Checkpoint("campfire", "", '[["cursor=a b"]]'), "This is not a checkpoint"),
        (
            Checkpoint("campfire", "", '[["cursor=a HTTP/1.1\\r\\nX: y"]]'),
            "This is not a checkpoint",
        ),
        (Checkpoint("campfire", "", '[["cursor=a\\n"]]'), "This is not a checkpoint"),
        (Checkpoint("campfire", "", '[["cursor=\u00e9"]]'), "This is not a checkpoint"),
        (
            Checkpoint("campfire", "", '[["cursor=",[],"2026-01-01T00:00:00"]]'),
            "This is not a checkpoint",
        ),
        (
            Checkpoint("campfire", "", '[["cursor=",[],null,"2026-01-01T00:00:00"]]'),
            "This is not a checkpoint",
        ),
        (
            Checkpoint("campfire", "", '[["cursor=",[],null,null,' + "[" * 100_000),
            "This is not a checkpoint",
        ),
        (7, "resume must be a Checkpoint"),
        (b"paysdk1.", "resume must be a Checkpoint"),
    ],
    ids=range(15),
)
def test_anything_else_is_refused(resume: object, message: str) -> None:
    """A value that is not a checkpoint is refused when it is passed."""
    with pytest.raises(ConfigurationError, match=message):
        CampfireProvider("sandbox-key").list_payments(
            resume=resume,  # type: ignore[arg-type]  # what is refused
        )


async def test_checkpoint_of_another_provider_is_refused() -> None:
    """A checkpoint of Campfire cannot be used with Notify, nor the other way round."""
    async with (
        CampfireSandbox() as one,
        NotifySandbox() as other,
        campfire(one) as first,
        notify(other) as second,
    ):
        with pytest.raises(
            ConfigurationError, match="This checkpoint belongs to 'campfire', not to 'notify'"
        ):
            second.list_payments(resume=await checkpoint_of(first))
        with pytest.raises(
            ConfigurationError, match="This checkpoint belongs to 'notify', not to 'campfire'"
        ):
            first.list_payments(resume=str(await checkpoint_of(second)))


async def test_checkpoint_with_other_filters_is_refused() -> None:
    """A checkpoint has its own filters; a call may repeat them, and other ones are refused."""
    async with CampfireSandbox(payments=200) as sandbox, campfire(sandbox) as provider:
        checkpoint = await checkpoint_of(provider, voided=False, modified_since=date(2025, 1, 1))
        for wrong in (
            {"voided": True},
            {"voided": False},
            {"invoice_id": 47864},
            {"modified_since": date(2025, 1, 2), "voided": False},
        ):
            with pytest.raises(
                ConfigurationError, match="This checkpoint belongs to a listing with other filters"
            ):
                provider.list_payments(resume=checkpoint, **cast("dict[str, Any]", wrong))
        with pytest.raises(
            ConfigurationError,
            match=(
                r"other filters \(none, not voided=true\)\. "
                r"Leave your filters out to resume with those of the checkpoint\.$"
            ),
        ):
            provider.list_payments(resume=await checkpoint_of(provider), voided=True)
        expected = [str(row["id"]) for row in sandbox.payments if row["voided_date"] is None][2:]
        assert expected == ids(await provider.list_payments(resume=checkpoint).collect())
        assert expected == ids(
            await provider.list_payments(
                resume=checkpoint, voided=False, modified_since=date(2025, 1, 1)
            ).collect()
        )


async def test_checkpoint_has_no_key() -> None:
    """Neither a checkpoint nor its text contains the API key."""
    async with CampfireSandbox() as sandbox, campfire(sandbox) as provider:
        checkpoint = await checkpoint_of(provider)
        assert "sandbox-key" not in f"{checkpoint!r} {checkpoint} {checkpoint.position}"
        assert checkpoint == Checkpoint.parse(str(checkpoint))


def test_checkpoint_works_in_another_event_loop() -> None:
    """The text of a checkpoint can be used by another event loop."""
    sandbox = CampfireSandbox(payments=5)

    async def first() -> str:
        async with sandbox, campfire(sandbox) as provider:
            return str(await checkpoint_of(provider))

    async def second(text: str) -> list[str]:
        async with sandbox, campfire(sandbox) as provider:
            return ids(await provider.list_payments(resume=text).collect())

    assert truth(sandbox)[2:] == asyncio.run(second(asyncio.run(first())))


def test_checkpoint_without_a_position_is_refused() -> None:
    """A checkpoint must have at least one position."""
    with pytest.raises(
        ConfigurationError,
        match=(
            r"it has no position\. "
            r"Pass a Page\.checkpoint, an error\.checkpoint, or its str\(\) unchanged\.$"
        ),
    ):
        CampfireProvider("sandbox-key").list_payments(resume=Checkpoint("campfire", "", "[]"))


def test_path_ends_before_the_query() -> None:
    """A cursor may have a question mark, which does not belong to the path."""
    checkpoint = Checkpoint("campfire", "voided=true", f'[["{LIST}?cursor=a?b"]]')
    assert (LIST, "voided=true") == path_of(checkpoint)
    assert (LIST, "voided=true") == path_of(str(checkpoint))
    rules = FollowLinks("cursor=", ("cursor",), None)
    positions, _ = read_checkpoint(checkpoint, "campfire", LIST, "", rules)
    assert [Position("cursor=a?b")] == positions


def test_checkpoint_has_every_field_of_a_position() -> None:
    """All fields of a position are the same after they were in a checkpoint."""
    start, end = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
    text = (
        f'[["{LIST}?voided=true&limit=5",["a",1],"{start}","{end}","{start}"],'
        f'["{LIST}?cursor=&voided=True"]]'
    )
    source = cast(
        "PagedListing[Payment]", CampfireProvider("sandbox-key").list_payments()
    )._endpoint
    checkpoint = Checkpoint("campfire", "voided=true", text)
    positions, filters = read_checkpoint(
        str(checkpoint), "campfire", LIST, "voided=true", source.pagination
    )
    expected = [
        Position(
            "voided=true&limit=5",
            ("a", 1),
            datetime.fromisoformat(start),
            datetime.fromisoformat(end),
            datetime.fromisoformat(start),
        ),
        Position("cursor=&voided=True"),
    ]
    assert (expected, "voided=true") == (positions, filters)
    made = attrs.evolve(source.checkpoint(expected), filters="voided=true")
    assert expected == read_checkpoint(made, "campfire", LIST, "", source.pagination)[0]


class TwoLists(RestProvider):
    """A provider with two endpoints whose records look alike."""

    name = "acme"
    capabilities: Capabilities = CampfireProvider.capabilities
    default_base_url = "https://acme.example"
    authorization_scheme = "Token"

    def at(
        self,
        path: str,
        resume: Checkpoint | str | None = None,
        *,
        numbered: bool = False,
        **filters: str,
    ) -> Listing:
        """The listing at *path*."""
        first = "&".join(f"{name}={value}" for name, value in filters.items())
        rules = (
            PageNumber(first, "page", filters={"kind"})
            if numbered
            else FollowLinks(
                first,
                ("cursor",),
                None,
                filters=("kind", "since", "until"),
                bounds=("since", "until"),
            )
        )
        return self._listing(path, rules, READER, filters=filters, resume=resume)


async def test_checkpoint_of_another_endpoint_is_refused() -> None:
    """A checkpoint can be used only with the endpoint that it comes from."""

    def reply(request: Request) -> Response:
        link = None if "cursor" in request.query else "?cursor=b"
        return Response(
            200, json.dumps({"results": json.loads(b"[%b]" % PAID), "next": link}).encode()
        )

    async with (
        Server(reply=reply) as server,
        TwoLists("sandbox-key", base_url=server.url) as provider,
    ):
        (first, _) = [page async for page in provider.at("/payments").pages()]
        assert first.checkpoint is not None
        assert 1 == len(await provider.at("/payments", first.checkpoint).collect())
        for resume in (first.checkpoint, str(first.checkpoint)):
            with pytest.raises(
                ConfigurationError, match="belongs to a listing of /payments, not of /bill-payments"
            ):
                provider.at("/bill-payments", resume)
        assert ["/payments"] * 3 == [request.path for request in server.requests]


def test_checkpoint_of_an_earlier_version_is_refused() -> None:
    """A checkpoint without an endpoint is refused with advice."""
    old = Checkpoint("campfire", "", '[["cursor=abc&limit=5"]]')
    with pytest.raises(
        ConfigurationError, match=r"earlier version of paysdk.* List again from the beginning\."
    ):
        CampfireProvider("sandbox-key").list_payments(resume=str(old))


PATH = "/coa/api/v1/invoice-payments"


SINCE, LATER, EARLIER = "2026-01-05T00:00:00Z", "2026-01-06T00:00:00.5Z", "2026-01-04T23:59:59.9Z"


@pytest.mark.parametrize(
    ("filters", "query", "wrong"),
    [
        ("invoice_id=7", "cursor=", "invoice_id"),
        ("invoice_id=7", "cursor=&invoice_id=8", "invoice_id"),
        ("", "cursor=&invoice_id=8", "invoice_id"),
        ("voided=true", "cursor=&voided=true&external_id=x", "external_id"),
        (f"last_modified_at__gte={SINCE}", "cursor=", "last_modified_at__gte"),
        (
            f"last_modified_at__gte={SINCE}",
            f"last_modified_at__gte={EARLIER}",
            "last_modified_at__gte",
        ),
        (
            f"last_modified_at__lte={SINCE}",
            f"last_modified_at__lte={LATER}",
            "last_modified_at__lte",
        ),
        (
            f"last_modified_at__lte={SINCE}",
            "last_modified_at__lte=2026-01-01",
            "last_modified_at__lte",
        ),
        ("invoice_id=7", "cursor=&invoice_id=8&invoice_id=7", "invoice_id"),
        ("", "cursor=&invoice_id=8&invoice_id=", "invoice_id"),
        (
            f"last_modified_at__gte={SINCE}",
            f"last_modified_at__gte={EARLIER}&last_modified_at__gte={LATER}",
            "last_modified_at__gte",
        ),
        ("invoice_id=7", "cursor=&invoice_id=7", None),
        ("voided=true", "cursor=&voided=True", None),
        ("voided=true", "offset=5&voided=true&external_id=", None),
        (f"last_modified_at__gte={SINCE}", f"last_modified_at__gte={SINCE}", None),
        (
            f"last_modified_at__gte={SINCE}",
            "last_modified_at__gte=2026-01-05T01:00:00%2B01:00",
            None,
        ),
        (
            f"last_modified_at__gte={SINCE}",
            f"last_modified_at__gte={LATER}",
            "last_modified_at__gte",
        ),
        ("", f"cursor=&last_modified_at__gte={LATER}", "last_modified_at__gte"),
        ("", f"cursor=&last_modified_at__lte={LATER}", "last_modified_at__lte"),
        ("", f"cursor=&last_modified_at__gt={LATER}", "last_modified_at__gt"),
        ("", "cursor=&external_id__in=a,b", "external_id__in"),
        ("", "cursor=&invoice_id[]=7", r"invoice_id\[\]"),
        ("", "cursor=a&format=json&version=2&_=17&page_token=x&lang=de&sort=id", None),
    ],
)
def test_checkpoint_that_contradicts_itself_is_refused(
    filters: str, query: str, wrong: str | None
) -> None:
    """The next request must have the filters of the checkpoint, and no others of the provider."""
    resume = Checkpoint(
        "campfire",
        filters,
        json.dumps([[f"{PATH}?{filters}" if filters else f"{PATH}?cursor="], [f"{PATH}?{query}"]]),
    )
    provider = CampfireProvider("sandbox-key")
    if wrong is None:
        provider.list_payments(resume=resume)
    else:
        message = f"its filters are {filters or 'none'}, but its .* has another {wrong}\\."
        with pytest.raises(ConfigurationError, match=f"contradicts itself: {message}"):
            provider.list_payments(resume=resume)


@pytest.mark.parametrize(
    ("filters", "since", "until", "query", "wrong"),
    [
        ("", LATER, None, f"last_modified_at__gte={LATER}", None),
        ("", LATER, None, "last_modified_at__gte=2026-01-06T01:00:00.500%2B01:00", None),
        (
            "",
            EARLIER,
            LATER,
            f"last_modified_at__gte={EARLIER}&last_modified_at__lte={LATER}",
            None,
        ),
        (f"last_modified_at__gte={SINCE}", LATER, None, f"last_modified_at__gte={LATER}", None),
        (f"last_modified_at__lte={SINCE}", None, EARLIER, f"last_modified_at__lte={EARLIER}", None),
        # The first window keeps the query that the listing began with.
        ("", None, LATER, "cursor=x", None),
        ("", LATER, None, f"last_modified_at__gte={SINCE}", "last_modified_at__gte"),
        ("", SINCE, None, f"last_modified_at__lte={SINCE}", "last_modified_at__lte"),
        ("", None, LATER, f"last_modified_at__gte={LATER}", "last_modified_at__gte"),
        ("", LATER, None, f"last_modified_at__gte={LATER}&voided=true", "voided"),
        (
            f"last_modified_at__gte={SINCE}",
            EARLIER,
            None,
            f"last_modified_at__gte={EARLIER}",
            "last_modified_at__gte",
        ),
        (
            "last_modified_at__gte=2026",
            LATER,
            None,
            f"last_modified_at__gte={LATER}",
            "last_modified_at__gte",
        ),
    ],
)
def test_window_may_narrow_the_times_to_its_own_ends(
    filters: str, since: str | None, until: str | None, query: str, wrong: str | None
) -> None:
    """A position in a window of time has the window's ends as bounds, within the listing's."""
    position: list[object] = [f"{PATH}?{query}", [], None, until, since]
    resume = Checkpoint("campfire", filters, json.dumps([position]))
    provider = CampfireProvider("sandbox-key")
    if wrong is None:
        provider.list_payments(resume=resume)
    else:
        with pytest.raises(ConfigurationError, match=f"has another {wrong}\\."):
            provider.list_payments(resume=resume)


def test_checkpoint_whose_filters_would_not_be_sent_is_refused() -> None:
    """A position must not contain ``#``, because the text after it would not be sent."""
    resume = Checkpoint("campfire", "invoice_id=7", json.dumps([[f"{PATH}?cursor=#&invoice_id=7"]]))
    with pytest.raises(ConfigurationError, match="This is not a checkpoint"):
        CampfireProvider("sandbox-key").list_payments(resume=resume)


def test_every_pagination_checks_filters() -> None:
    """Checkpoints of page numbers and of ids must have their filters in the query, too."""
    provider = TwoLists("sandbox-key")
    good = Checkpoint("acme", "kind=paid", '[["/payments?kind=paid&page=2"]]')
    provider.at("/payments", good, numbered=True, kind="paid")
    for query in ("page=2", "kind=open&page=2"):
        with pytest.raises(ConfigurationError, match=r"another kind\."):
            provider.at(
                "/payments", attrs.evolve(good, position=f'[["/payments?{query}"]]'), numbered=True
            )
    unfiltered = Checkpoint("acme", "", '[["/payments?page=2&kind=paid"]]')
    with pytest.raises(ConfigurationError, match=r"are none, but its .* another kind\."):
        provider.at("/payments", unfiltered, numbered=True)
    with pytest.raises(ConfigurationError, match=r"are none, but its .* another status\."):
        NotifyProvider("test_key").list_payments(
            resume=Checkpoint("notify", "", '[["/v2/payments?from=a&limit=5&status=paid"]]')
        )
    with pytest.raises(ConfigurationError, match=r"another x\."):
        NotifyProvider("test_key").list_payments(
            resume=Checkpoint("notify", "x=1", '[["/v2/payments?from=a"]]')
        )


async def test_every_position_of_a_checkpoint_is_read() -> None:
    """A checkpoint may have several positions that are in no window of time."""
    async with CampfireSandbox(payments=5) as sandbox, campfire(sandbox) as provider:
        targets = [[f"{LIST}?offset={offset}&limit=2"] for offset in (3, 4)]
        resume = Checkpoint("campfire", "", json.dumps(targets))
        found = ids(await provider.list_payments(resume=resume).collect())
        assert sorted([*truth(sandbox)[3:], *truth(sandbox)[4:]]) == sorted(found)


def test_filter_in_a_header_is_not_compared() -> None:
    """A filter that is sent as a header may be in the query of a position."""
    name = "If-Modified-Since"
    query = f"page=2&{name}=yesterday"
    checkpoint = Checkpoint("acme", f"{name}=yesterday", json.dumps([[f"/payments?{query}"]]))
    rules = PageNumber("", "page", filters=(name,))
    positions, filters = read_checkpoint(
        checkpoint, "acme", "/payments", "", rules, header_parameters={name}
    )
    assert ([Position(query)], checkpoint.filters) == (positions, filters)


@pytest.mark.parametrize("pagination", ["cursor", "offset"])
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_no_checkpoint_of_a_filtered_listing_contradicts_itself(
    pagination: Literal["cursor", "offset"], concurrency: int
) -> None:
    """Every checkpoint of a listing with filters is accepted, also with windows."""
    async with (
        open_sandbox("campfire", payments=60) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider,
    ):
        earliest = (await provider.list_payments().collect())[3].modified_at
        listing = provider.list_payments(
            page_size=5,
            concurrency=concurrency,
            pagination=pagination,
            modified_since=earliest,
            voided=False,
        )
        places = [page.checkpoint async for page in listing.pages()]
        whole = {payment.id for payment in await listing.collect()}
        for place in places[:-1]:
            assert place is not None
            rest = await provider.list_payments(
                resume=str(place), voided=False, modified_since=earliest
            ).collect()
            assert whole >= {payment.id for payment in rest}


@given(
    times=times,
    page_size=st.integers(1, 9),
    concurrency=st.integers(1, 6),
    pagination=st.sampled_from(["cursor", "offset"]),
    stop=st.integers(0, 20),
)
def test_page_and_checkpoint_lose_and_repeat_nothing(
    times: list[int], page_size: int, concurrency: int, pagination: Paging, stop: int
) -> None:
    """The payments up to a checkpoint and those after it are all payments, each once."""

    async def walk() -> list[str]:
        provider = provider_of(server)
        got: list[str] = []
        listing = provider.list_payments(
            page_size=page_size, concurrency=concurrency, pagination=pagination
        )
        number = 0
        async for page in listing.pages():
            got += [payment.id for payment in page.payments]
            if number == stop and page.checkpoint is not None:
                got += [
                    payment.id
                    for payment in await provider.list_payments(
                        resume=str(page.checkpoint), concurrency=concurrency
                    ).collect()
                ]
                break
            number += 1
        return got

    server = ModelServer(times)
    assert sorted(str(number) for number in server.rows) == sorted(asyncio.run(walk()))
