"""Where the payments of an account come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from paysdk import CampfireProvider, ConfigurationError, ConnectionFailedError
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.sync.origin import get_origin
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Make = Callable[..., Payment]
    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]

LIVE, OTHER, SANDBOX = "https://api.acme.example", "https://api.acme.test", "http://127.0.0.1:4711"


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        (None, None),
        (7, None),
        ("https://api.acme.example", LIVE),
        ("https://API.acme.example:443/", LIVE),
        ("https://api.acme.example:8443", "https://api.acme.example:8443"),
        ("https://api.acme.example/v2/", "https://api.acme.example/v2"),
        ("http://127.0.0.1:4711", "loopback"),
        ("http://127.8.0.1:4711", "loopback"),
        ("http://[::1]:4711", "loopback"),
        ("https://localhost", "loopback"),
        ("acme", "acme"),
        ("https://[acme", "https://[acme"),
        ("https://acme:port", "https://acme:port"),
    ],
)
def test_an_origin_has_one_name(shelf: Shelf, base_url: object, origin: str | None) -> None:
    """Different spellings give the same name, and so do all ports of this machine."""
    shelf.base_url = base_url

    assert origin == get_origin(shelf)


async def test_an_http_provider_has_an_origin() -> None:
    """It is the provider's own origin, or the one that the caller gave."""
    async with (
        CampfireProvider("sandbox-key") as live,
        CampfireProvider("sandbox-key", base_url=SANDBOX) as sandbox,
    ):
        assert ("https://api.meetcampfire.com", "loopback") == (
            get_origin(live),
            get_origin(sandbox),
        )
        assert SANDBOX == sandbox.base_url


@pytest.mark.parametrize(
    ("base_url", "expected"), [(LIVE, f"{LIVE}#books 7"), (SANDBOX, "loopback#books 7")]
)
def test_tenant_is_part_of_the_origin(shelf: Shelf, base_url: str, expected: str) -> None:
    """Two tenants at one address are two origins, also in a sandbox."""
    shelf.base_url = base_url
    shelf.origin = f"{base_url}#books 7"
    assert expected == get_origin(shelf)


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        (
            f"{SANDBOX}#a",
            f"{SANDBOX}#b",
            r"from this machine \(a sandbox\)#a, not from this machine \(a sandbox\)#b",
        ),
        (f"{LIVE}#a", f"{LIVE}#b", r"from https://api.acme.example#a, not from .*#b"),
        (
            SANDBOX,
            LIVE,
            (
                r"were listed from this machine \(a sandbox\), not from https://api.acme.example. "
                r"No request was sent, and nothing was written"
            ),
        ),
        (
            LIVE,
            SANDBOX,
            r"were listed from https://api.acme.example, not from this machine \(a sandbox\)",
        ),
        (LIVE, OTHER, "Name another database, or another account"),
    ],
)
@pytest.mark.parametrize("full", [True, False])
async def test_payments_of_two_origins_do_not_mix(
    shelf: Shelf,
    store: SQLPaymentStore,
    make: Make,
    rows: Rows,
    *,
    first: str,
    then: str,
    message: str,
    full: bool,
) -> None:
    """Another origin is refused in an incremental pass and in a full one."""
    shelf.payments, shelf.base_url = [make(1, 1)], first
    await sync_payments(shelf, store)
    before = await rows(store, "SELECT * FROM sync_state")
    asked, shelf.base_url = len(shelf.asked), then
    with pytest.raises(ConfigurationError, match=message):
        await sync_payments(shelf, store, full=full)

    assert (asked, before) == (len(shelf.asked), await rows(store, "SELECT * FROM sync_state"))
    await sync_payments(shelf, store, "other")


async def test_an_interrupted_pass_fixes_the_origin(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """The origin is stored with the first page."""

    async def stop(number: int) -> None:
        if number:
            raise ConnectionFailedError("cut")

    shelf.payments, shelf.base_url, shelf.waiting = (
        [make(number, 1) for number in range(4)],
        SANDBOX,
        stop,
    )
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.base_url = LIVE
    with pytest.raises(ConfigurationError, match="were listed from this machine"):
        await sync_payments(shelf, store)


async def test_an_origin_without_a_page_is_not_stored(
    shelf: Shelf, store: SQLPaymentStore, make: Make
) -> None:
    """So a wrong address can be corrected."""

    async def stop(_number: int) -> None:
        raise ConnectionFailedError("no such host")

    shelf.payments, shelf.base_url, shelf.waiting = [make(1, 1)], OTHER, stop
    with pytest.raises(ConnectionFailedError):
        await sync_payments(shelf, store)
    shelf.base_url, shelf.waiting = LIVE, None

    assert 1 == (await sync_payments(shelf, store)).created


async def test_a_provider_without_an_origin_is_accepted(
    shelf: Shelf, store: SQLPaymentStore, make: Make, rows: Rows
) -> None:
    """The stored origin stays, for the next provider that has one."""
    shelf.payments = [make(1, 1)]
    remembered: list[tuple[Any, ...]] = []
    for base_url in (None, LIVE, None):
        shelf.base_url = base_url
        await sync_payments(shelf, store)
        remembered += await rows(store, "SELECT origin FROM sync_state")

    assert [(None,), (LIVE,), (LIVE,)] == remembered


async def test_a_sandbox_may_have_another_port_each_time(store: SQLPaymentStore) -> None:
    """All addresses of this machine count as one origin."""
    reports = []
    for _ in range(2):
        sandbox = open_sandbox("campfire", payments=5)
        async with sandbox, CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider:
            reports.append(await sync_payments(provider, store))

    assert [5, 0] == [report.created for report in reports]
