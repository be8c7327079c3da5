"""Campfire's lists, and what holds for every request, over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.errors import (
    APIError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.provider import PaymentsProvider
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import Fault, FaultPlan, hang, redirect, reset, status, truncated, wrong_body
from tests.providers.campfire.paying.orders import (
    INVOICE_PATH,
    LIST_PATH,
    MANUAL,
    PAY_PATH,
    TRANSACTION,
    asked,
    named,
    open_at,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Literal


def test_keeps_the_protocol() -> None:
    """The provider keeps the protocol, and says what it can do."""
    made = CampfireProvider("sandbox-key")
    assert isinstance(made, PaymentsProvider)
    assert "campfire" == made.name
    assert (10_000, True, True) == (
        made.capabilities.max_page_size,
        made.capabilities.reports_voids,
        made.capabilities.lists_incrementally,
    )
    assert {
        "modified_since",
        "modified_until",
        "voided",
        "invoice_id",
        "external_id",
    } == made.capabilities.filters


async def _list(provider: CampfireProvider) -> object:
    return await provider.list_payments().collect()


async def _retrieve(provider: CampfireProvider) -> object:
    return await provider.retrieve_invoice(58700)


async def _look_before_paying(provider: CampfireProvider) -> object:
    return await provider.mark_invoice_paid(58700, transactions=[TRANSACTION])


async def _look_for_external_ids(provider: CampfireProvider) -> object:
    return await provider.mark_invoice_paid(58700, empty_transactions=[MANUAL])


GETS = pytest.mark.parametrize(
    ("operation", "path"),
    [
        (_list, LIST_PATH),
        (_retrieve, INVOICE_PATH),
        (_look_before_paying, INVOICE_PATH),
        (_look_for_external_ids, LIST_PATH),
    ],
    ids=["list", "retrieve", "before paying", "external ids"],
)


@GETS
@pytest.mark.parametrize(
    "fault",
    [
        *(status(code) for code in (408, 425, 429, 500, 502, 503, 504)),
        *(reset("before"), reset("headers"), reset("body"), truncated()),
        *(wrong_body(), wrong_body(b""), wrong_body(b'{"results": [')),
    ],
    ids=named,
)
async def test_get_is_tried_again(
    operation: Callable[[CampfireProvider], Awaitable[object]], path: str, fault: Fault
) -> None:
    """Each GET of each operation is retried after a failure that may pass."""
    async with CampfireSandbox(
        payments=3, faults=FaultPlan().first(2, fault, method="GET", path=path)
    ) as sandbox:
        async with open_at(sandbox) as campfire:
            assert await operation(campfire)
        # An order with an external id is looked for once more after it was paid.
        assert 3 + (operation is _look_for_external_ids) == asked(sandbox).count(("GET", path))


@GETS
@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 422, 501])
async def test_get_is_refused(
    operation: Callable[[CampfireProvider], Awaitable[object]], path: str, code: int
) -> None:
    """A refused GET is not retried, in each operation, and nothing is paid."""
    async with CampfireSandbox(
        payments=3, faults=FaultPlan().first(1, status(code), method="GET", path=path)
    ) as sandbox:
        async with open_at(sandbox) as campfire:
            with pytest.raises(APIError) as raised:
                await operation(campfire)
        assert 1 == asked(sandbox).count(("GET", path))
        assert ("POST", PAY_PATH) not in asked(sandbox)
        assert (code, "campfire", "GET") == (
            raised.value.status,
            raised.value.provider,
            raised.value.method,
        )
        assert raised.value.url is not None
        assert raised.value.url.startswith(sandbox.url + path)


@GETS
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"results": ['], ids=["empty", "html", "broken"]
)
async def test_get_stays_broken(
    operation: Callable[[CampfireProvider], Awaitable[object]], path: str, body: bytes
) -> None:
    """A body that is not JSON in any attempt raises MalformedResponseError."""
    async with CampfireSandbox(
        faults=FaultPlan().always(wrong_body(body), method="GET", path=path)
    ) as sandbox:
        async with open_at(sandbox) as campfire:
            message = "The response is not JSON" if body else "a success status but an empty body"
            with pytest.raises(MalformedResponseError, match=message):
                await operation(campfire)
        assert 3 == asked(sandbox).count(("GET", path))
        assert ("POST", PAY_PATH) not in asked(sandbox)


@GETS
async def test_get_meets_the_deadline(
    operation: Callable[[CampfireProvider], Awaitable[object]],
    path: str,
    told_by: Callable[[BaseException], str],
) -> None:
    """The deadline ends each operation before it sends a payment, and the error names the call."""
    async with CampfireSandbox(
        payments=3, faults=FaultPlan().always(hang(), method="GET", path=path)
    ) as sandbox:
        async with open_at(sandbox, deadline=0.1) as campfire:
            with pytest.raises(RequestTimeoutError, match=r"The deadline of 0\.1 s") as raised:
                await operation(campfire)
        assert ("POST", PAY_PATH) not in asked(sandbox)
        assert raised.value.url is not None
        assert raised.value.url.startswith(sandbox.url + path)
    assert "sandbox-key" not in told_by(raised.value)


async def test_trap_on_another_origin_is_never_called() -> None:
    """A redirect or a link never makes it send the key to another server."""
    async with CampfireSandbox() as trap:
        faults = FaultPlan().on(1, redirect(f"{trap.url}{LIST_PATH}?cursor="))
        async with (
            CampfireSandbox(payments=3, faults=faults) as sandbox,
            open_at(sandbox) as campfire,
        ):
            with pytest.raises(APIError, match="302 a redirect to"):
                await campfire.list_payments().collect()
            link = b'{"results": [], "next": "%b/elsewhere?cursor=x"}' % trap.url.encode()
            object.__setattr__(
                sandbox,
                "faults",
                FaultPlan().on(1, wrong_body(link, content_type="application/json")),
            )
            object.__setattr__(sandbox, "_counts", ())
            with pytest.raises(NotFoundError, match="Invalid cursor"):
                await campfire.list_payments().collect()
            assert f"{LIST_PATH}?cursor=x" == sandbox.requests[-1].target
        assert 0 == len(trap.requests)


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, "cursor="),
        ({"pagination": "offset"}, ""),
        ({"page_size": 10_000}, "cursor=&limit=10000"),
        ({"pagination": "offset", "page_size": 1}, "limit=1"),
        ({"skip_count": True}, "cursor=&skip_count=true"),
        ({"skip_count": False}, "cursor="),
        ({"voided": True}, "cursor=&voided=true"),
        ({"voided": False}, "cursor=&voided=false"),
        ({"invoice_id": 47864}, "cursor=&invoice_id=47864"),
        ({"external_id": "a+b &c=é"}, "cursor=&external_id=a%2Bb+%26c%3D%C3%A9"),
        (
            {"modified_since": date(2026, 1, 31)},
            "cursor=&last_modified_at__gte=2026-01-31T00:00:00Z",
        ),
        (
            {"modified_until": date(2026, 1, 31)},
            "cursor=&last_modified_at__lte=2026-01-31T23:59:59.999999Z",
        ),
        (
            {"modified_since": datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)},
            "cursor=&last_modified_at__gte=2026-01-31T12:00:00.000005Z",
        ),
        (
            {"modified_until": datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2)))},
            "cursor=&last_modified_at__lte=2026-01-30T23:00:00Z",
        ),
        (
            {"modified_since": date(2026, 1, 31), "modified_until": date(2026, 1, 31)},
            (
                "cursor=&last_modified_at__gte=2026-01-31T00:00:00Z"
                "&last_modified_at__lte=2026-01-31T23:59:59.999999Z"
            ),
        ),
    ],
)
async def test_arguments_on_the_wire(arguments: dict[str, Any], query: str) -> None:
    """Each argument of list_payments is sent as the documented parameter, without others."""
    async with CampfireSandbox(payments=0) as sandbox:
        async with open_at(sandbox) as campfire:
            assert [] == await campfire.list_payments(**arguments).collect()
        (request,) = sandbox.requests
    assert LIST_PATH + ("?" + query if query else "") == request.target


@pytest.mark.parametrize(
    ("pagination", "query"), [("cursor", "cursor=&limit=100"), ("offset", "limit=100")]
)
async def test_page_size_with_concurrency(
    pagination: Literal["cursor", "offset"], query: str
) -> None:
    """Requests for several pages at the same time always have the page size."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        assert [] == await campfire.list_payments(pagination=pagination, concurrency=2).collect()
        assert query in {request.target.partition("?")[2] for request in sandbox.requests}


async def test_errors_by_kind() -> None:
    """The class of an error follows its status, and the error has the API's words."""
    for code, kind in ((403, PermissionDeniedError), (500, ServerError)):
        faults = FaultPlan().always(status(code, body=b'{"detail": "In words."}'))
        async with CampfireSandbox(faults=faults) as sandbox, open_at(sandbox) as campfire:
            with pytest.raises(kind, match=f"{code} In words") as raised:
                await campfire.retrieve_invoice(58700)
            assert "In words." == raised.value.detail
