"""How many functions are between the consumer of a listing and the socket."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

import paysdk
from paysdk import CampfireProvider, NotifyProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.sandbox import NotifySandbox

if TYPE_CHECKING:
    from paysdk.provider import Listing
    from paysdk.testing import Sandbox

MOST_FRAMES = 10
PACKAGE = str(Path(paysdk.__file__).parent)


def functions_awaited_by(task: asyncio.Task[Any]) -> list[CodeType]:
    """The functions that *task* is waiting in, the outermost first."""
    found: list[CodeType] = []
    awaited: object = task.get_coro()
    while awaited is not None and not isinstance(awaited, asyncio.Future):
        if isinstance(awaited, CoroutineType):
            found.append(awaited.cr_code)
            awaited = awaited.cr_await
        elif isinstance(awaited, AsyncGeneratorType):
            found.append(awaited.ag_code)
            awaited = awaited.ag_await
        else:  # "async for" awaits an object that has no attribute for its generator
            awaited = next(filter(is_awaited, gc.get_referents(awaited)), None)
    return found


def is_awaited(candidate: object) -> bool:
    """Whether a task may wait in it."""
    return isinstance(candidate, CoroutineType | AsyncGeneratorType | asyncio.Future)


def functions_calling() -> list[CodeType]:
    """The functions that led to the call of this one, the outermost first."""
    found: list[CodeType] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found.append(frame.f_code)
        frame = frame.f_back
    return found[::-1]


@pytest.mark.parametrize(
    ("sandbox", "provider"),
    [(CampfireSandbox(), CampfireProvider), (NotifySandbox(), NotifyProvider)],
    ids=["campfire", "notify"],
)
@pytest.mark.parametrize("by_page", [False, True], ids=["payments", "pages"])
async def test_consumer_is_ten_functions_from_the_socket(
    monkeypatch: pytest.MonkeyPatch,
    sandbox: Sandbox,
    provider: type[CampfireProvider | NotifyProvider],
    by_page: bool,
) -> None:
    """At most ten functions of paysdk are between ``async for`` and the socket of a request."""
    consumer = asyncio.current_task()
    assert consumer is not None
    stacks: list[list[str]] = []
    connect = aiohttp.BaseConnector.connect

    # The connection is taken just before the request is written to its socket.
    async def record_stack(
        connector: aiohttp.BaseConnector,
        *arguments: Any,  # noqa: ANN401  # aiohttp's
        **settings: Any,  # noqa: ANN401  # aiohttp's
    ) -> Any:  # noqa: ANN401  # aiohttp's
        stacks.append(
            [
                code.co_qualname
                for code in [*functions_awaited_by(consumer), *functions_calling()]
                if code.co_filename.startswith(PACKAGE)
            ]
        )
        return await connect(connector, *arguments, **settings)

    monkeypatch.setattr(aiohttp.BaseConnector, "connect", record_stack)
    async with sandbox, provider(sandbox.api_key, base_url=sandbox.url) as opened:
        listing: Listing = opened.list_payments(page_size=7)
        async for _ in listing.pages() if by_page else listing:
            pass

    assert ("PagedListing._pages" if by_page else "PagedListing._payments") == stacks[0][0]
    assert "_LastMiddleware.__call__" == stacks[0][-1]
    assert max(map(len, stacks)) <= MOST_FRAMES, max(stacks, key=len)
