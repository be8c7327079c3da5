"""The listing of a pass."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from paysdk import APIError, Capabilities, Checkpoint, Page, PaginationError
from paysdk.pass_listing import (
    CheckpointRefusedError,
    choose_page_size,
    read_first_page,
    start_listing,
    time_getter,
)
from paysdk.passes import PassState
from tests.payments import WHOLE, payment

CAPABILITIES = Capabilities(
    filters=frozenset({"modified_since"}),
    max_page_size=50_000,
    reports_voids=True,
    lists_incrementally=True,
)
MORE = Checkpoint("campfire", "", "cursor=2")


class Provider:
    """Returns the arguments of a listing in place of the listing."""

    name = "campfire"
    capabilities = CAPABILITIES

    def list_payments(self, **arguments: object) -> Any:  # noqa: ANN401  # not a listing
        """Return the arguments."""
        return arguments

    async def aclose(self) -> None:
        """Do nothing."""


async def respond(outcome: Page | Exception | None) -> Page | None:
    """Return the page of a request, or raise its error."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def test_new_pass_lists_from_its_time() -> None:
    """The pages are large, but never without a bound."""
    state = PassState(since=WHOLE["modified_at"])

    listing: object = start_listing(Provider(), state)

    assert {"modified_since": WHOLE["modified_at"], "page_size": 10_000} == listing


def test_interrupted_pass_lists_from_its_checkpoint() -> None:
    """A checkpoint includes its filters, so the time is not given again."""
    state = PassState(since=WHOLE["modified_at"], checkpoint="here")

    listing: object = start_listing(Provider(), state)

    assert {"resume": "here", "page_size": 10_000} == listing


@pytest.mark.parametrize(
    ("able", "size"),
    [
        (CAPABILITIES, 10_000),
        (attrs.evolve(CAPABILITIES, max_page_size=250), 250),
        (attrs.evolve(CAPABILITIES, fixed_page_size=20), 20),
    ],
)
def test_page_is_as_large_as_the_provider_allows(able: Capabilities, size: int) -> None:
    """A fixed size is the only one that may be requested."""
    assert size == choose_page_size(able)


def test_provider_may_list_by_the_time_of_creation() -> None:
    """Its records never change."""
    by_creation = attrs.evolve(CAPABILITIES, incremental_by="created")

    assert WHOLE["modified_at"] == time_getter(CAPABILITIES)(payment())
    assert WHOLE["created_at"] == time_getter(by_creation)(payment())


@pytest.mark.parametrize("page", [Page((), None, MORE), Page((payment(),), None, None)])
async def test_first_page_may_be_empty_or_the_last(page: Page) -> None:
    """Only a page that leads to nothing says that the checkpoint was not understood."""
    assert page == await read_first_page(respond(page))


@pytest.mark.parametrize(
    "outcome",
    [
        None,
        Page((), None, None),
        PaginationError("the same page again"),
        *(APIError("no such cursor", status=status) for status in (400, 404, 410, 422)),
    ],
)
async def test_refused_checkpoint_is_noticed(outcome: Page | Exception | None) -> None:
    """The listing must then begin again, because nothing shows where it was."""
    with pytest.raises(CheckpointRefusedError):
        await read_first_page(respond(outcome))


async def test_other_error_says_nothing_about_the_checkpoint() -> None:
    """The same checkpoint may be accepted after an outage."""
    outage = APIError("down", status=503)

    with pytest.raises(APIError) as caught:
        await read_first_page(respond(outage))

    assert outage is caught.value
