"""Sandboxes and providers for the tests of listings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
import msgspec
import pytest

from paysdk.errors import PaysdkError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import FaultPlan, Request, Response, Sandbox
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from paysdk.checkpoint import Checkpoint
    from paysdk.payment import Payment
    from paysdk.provider import Listing, Page

QUICK = RetryPolicy(attempts=3, wait_initial=0)


ONCE = RetryPolicy(attempts=1)


LIST = "/coa/api/v1/invoice-payments"


def campfire(sandbox: Sandbox, **settings: object) -> CampfireProvider:
    """A Campfire provider for this sandbox. It retries without waiting."""
    given: dict[str, Any] = {"retry": QUICK, **settings}
    return CampfireProvider(sandbox.api_key, base_url=sandbox.url, **given)


def notify(sandbox: Sandbox, **settings: object) -> NotifyProvider:
    """A Notify provider for this sandbox. It retries without waiting."""
    given: dict[str, Any] = {"retry": QUICK, **settings}
    return NotifyProvider(sandbox.api_key, base_url=sandbox.url, **given)


def open_at(sandbox: Sandbox, **settings: object) -> CampfireProvider | NotifyProvider:
    """A provider for this sandbox."""
    return (
        notify(sandbox, **settings)
        if isinstance(sandbox, NotifySandbox)
        else campfire(sandbox, **settings)
    )


def truth(sandbox: CampfireSandbox | NotifySandbox) -> list[str]:
    """The ids of all payments, in the order of the API."""
    return [str(row["id"]) for row in sandbox.payments]


def ids(payments: Sequence[Payment]) -> list[str]:
    """The ids of *payments*."""
    return [payment.id for payment in payments]


async def pages_of(listing: Listing) -> list[Page]:
    """All pages of *listing*."""
    return [page async for page in listing.pages()]


async def list_until_error(listing: Listing) -> tuple[list[str], PaysdkError | None]:
    """The ids that *listing* yielded, and the error that ended it, if there was one."""
    given: list[str] = []
    try:
        async for payment in listing:
            given.append(payment.id)  # noqa: PERF401  # what came before the error counts
    except PaysdkError as error:
        return given, error
    return given, None


async def checkpoint_of(
    provider: CampfireProvider | NotifyProvider, **arguments: object
) -> Checkpoint:
    """The checkpoint after the first two payments."""
    given: dict[str, Any] = {"page_size": 2, **arguments}
    async with contextlib.aclosing(
        cast("AsyncGenerator[Page]", provider.list_payments(**given).pages())
    ) as pages:
        page = await anext(pages)
    assert page.checkpoint is not None
    return page.checkpoint


def arrived(sandbox: Sandbox, count: int) -> bool:
    """Whether at least *count* requests have arrived."""
    return len(sandbox.requests) >= count


def set_faults(sandbox: Sandbox, plan: FaultPlan) -> None:
    """Give a running sandbox another plan of faults, which counts requests from now on."""
    object.__setattr__(sandbox, "faults", plan)
    object.__setattr__(sandbox, "_counts", ())


@attrs.define(kw_only=True, eq=False)
class Scripted(Sandbox):
    """A server that returns a given page for each query: the ids on it and its link."""

    scheme: ClassVar[str] = "Token"

    api_key: str = attrs.field(default="sandbox-key", repr=False)
    pages: Mapping[str, tuple[Sequence[object], object]]
    count: object = 7

    def respond(self, request: Request) -> Response:
        """The page for this query."""
        query = request.target.partition("?")[2]
        if query not in self.pages:
            return Response(404, b'{"detail": "Not found."}')
        members, link = self.pages[query]
        results = [
            member if isinstance(member, msgspec.Raw) else msgspec.Raw(row(member))
            for member in members
        ]
        body = {"count": self.count, "results": results} | ({} if link is ... else {"next": link})
        return Response(200, msgspec.json.encode(body))


def row(member: object) -> bytes:
    """A record with this id, or with this id and time of modification."""
    number, modified = member if isinstance(member, tuple) else (member, "2026-01-31T00:00:00Z")
    return b'{"id": %d, "invoice_id": 1, "amount": 1.50, "last_modified_at": "%b"}' % (
        number,
        modified.encode(),
    )


FAMILIES = pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (CampfireSandbox, {}),
        (CampfireSandbox, {"pagination": "offset"}),
        (NotifySandbox, {}),
        (lambda **given: NotifySandbox(links="last-of-page", **given), {}),
        (lambda **given: NotifySandbox(links="first-of-page", **given), {}),
    ],
    ids=[
        "campfire cursor",
        "campfire offset",
        "notify next-page",
        "notify last-of-page",
        "notify first-of-page",
    ],
)


@attrs.define(kw_only=True, eq=False)
class Server(Sandbox):
    """A server that returns what *reply* returns."""

    scheme: ClassVar[str] = "Token"

    api_key: str = attrs.field(default="sandbox-key", repr=False)
    reply: Callable[[Request], Response]

    def respond(self, request: Request) -> Response:
        """What the test says."""
        return self.reply(request)


PAID = b'{"id": 1, "invoice_id": 2, "amount": 12.50}'
