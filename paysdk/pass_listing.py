"""The listing of a pass, and how a provider refuses its checkpoint: pure.

Syncs and ``follow_payments`` list in the same way.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from paysdk.errors import APIError, PaginationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from paysdk.passes import PassState
    from paysdk.payment import Payment
    from paysdk.provider import Capabilities, Listing, Page, PaymentsProvider

__all__ = [
    "CheckpointRefusedError",
    "choose_page_size",
    "read_first_page",
    "start_listing",
    "time_getter",
]

_MAX_PAGE_SIZE = 10_000
# With one of these statuses, the provider refuses a checkpoint for good.
_REFUSED_STATUSES = {400, 404, 410, 422}


class CheckpointRefusedError(Exception):
    """The provider refuses the checkpoint of a listing."""


def start_listing(provider: PaymentsProvider, state: PassState) -> Listing:
    """Return the listing of a pass, from its checkpoint if it has one."""
    page_size = choose_page_size(provider.capabilities)
    if state.checkpoint is None:
        return provider.list_payments(modified_since=state.since, page_size=page_size)
    return provider.list_payments(page_size=page_size, resume=state.checkpoint)


def choose_page_size(able: Capabilities) -> int:
    """Return the page size for listing many payments."""
    return able.fixed_page_size or min(able.max_page_size, _MAX_PAGE_SIZE)


def time_getter(able: Capabilities) -> Callable[[Payment], datetime | None]:
    """Return the function that gets the time of a payment by which the provider lists."""
    return attrgetter("created_at" if able.incremental_by == "created" else "modified_at")


async def read_first_page(request: Awaitable[Page | None]) -> Page:
    """Return the first page of a listing that was resumed.

    Raises ``CheckpointRefusedError`` if the provider refuses the checkpoint.
    """
    try:
        page = await request
    except (APIError, PaginationError) as error:
        if isinstance(error, PaginationError) or error.status in _REFUSED_STATUSES:
            raise CheckpointRefusedError from error
        raise
    # A checkpoint says that there is more. If it leads to nothing, the provider did not understand
    # it. This must not count as the end, or everything after it would vanish.
    if page is None or (page.checkpoint is None and not page.says_anything):
        raise CheckpointRefusedError
    return page
