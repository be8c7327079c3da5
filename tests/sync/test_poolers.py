"""A store behind a transaction pooler, which may give each transaction another session."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from paysdk import CampfireProvider
from paysdk.sync import SQLPaymentStore, StoreError, sync_payments
from paysdk.testing import open_sandbox

from .poolers import StrictPooler, executables, pgbouncer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from paysdk import Payment

    from .conftest import Shelf

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

SHARED = "&connect_timeout=5&sslmode=prefer&application_name=books&target_session_attrs=read-write"


@pytest.fixture(params=["strict", *executables()])
async def pooler(request: pytest.FixtureRequest, schema: str) -> AsyncIterator[str]:
    """The URL of a new schema behind each pooler."""
    options = parse_qs(urlsplit(schema).query)
    sockets, name = options["host"][0], options["options"][0].partition("=")[2]
    if request.param == "strict":
        strict = StrictPooler(sockets)
        async with strict.serving() as url:
            yield f"{url}?schema={name}"
        assert [] == strict.wrong
        assert strict.transactions or strict.refused
    else:
        with pgbouncer(request.param, sockets) as url:
            yield f"{url}?schema={name}"


async def test_four_accounts_are_synced_at_once(pooler: str) -> None:
    """Four stores sync one account each to the end, and the payments and the feed can be read."""

    async def synced(provider: CampfireProvider, account: str) -> tuple[int, int]:
        async with SQLPaymentStore(pooler) as store:
            report = await sync_payments(provider, store, account)
            return report.created, len(
                [payment async for payment in store.payments(provider="campfire", account=account)]
            )

    async with (
        open_sandbox("campfire", payments=300) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider,
    ):
        assert [(300, 300)] * 4 == await asyncio.gather(
            *(synced(provider, f"account {number}") for number in range(4))
        )
    async with SQLPaymentStore(pooler) as store:
        assert 1200 == len([change async for change in store.changes()])


@pytest.mark.slow
async def test_names_are_held(pooler: str, tmp_path: Path, start: Start) -> None:
    """Two processes hold a name in turn, and no count is lost."""
    (file := tmp_path / "counter").write_text("0")
    async with SQLPaymentStore(pooler):
        pass
    command = [
        sys.executable,
        str(Path(__file__).parent / "name_holder.py"),
        pooler,
        "count",
        str(file),
        "3",
        "3",
    ]
    processes = [await start(*command) for _ in range(2)]

    assert [0, 0] == [await process.wait() for process in processes]
    assert "18" == file.read_text()


@pytest.mark.parametrize("threshold", ["0", "5", "None"])
async def test_options_of_the_connection_are_accepted(
    pooler: str, shelf: Shelf, make: Callable[..., Payment], threshold: str
) -> None:
    """No statement is prepared, whatever the URL says."""
    shelf.payments = [make(number, number) for number in range(20)]
    async with SQLPaymentStore(f"{pooler}&prepare_threshold={threshold}{SHARED}") as store:
        assert 20 == (await sync_payments(shelf, store)).created
        for _ in range(8):
            assert 20 == len([payment async for payment in store.payments(provider="acme")])


async def test_waiting_for_a_lock_has_an_end(
    pooler: str, schema: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound holds even if the server is not told at the start of a session."""
    monkeypatch.setattr("paysdk.sync.postgresql.LOCK_TIMEOUT", 1)
    async with SQLPaymentStore(pooler) as store:
        await sync_payments(shelf, store)
        with psycopg.connect(schema) as other:
            other.execute("SELECT * FROM sync_state FOR UPDATE")
            with pytest.raises(
                StoreError, match=r"lock timeout. Another program has locked its rows"
            ):
                await sync_payments(shelf, store)


async def test_settings_hold_for_one_transaction(pooler: str, rows: Rows) -> None:
    """Another program in the same session finds its settings unchanged."""
    shown = (
        "SELECT current_setting('lock_timeout'), "
        "current_setting('idle_in_transaction_session_timeout')"
    )
    async with SQLPaymentStore(pooler) as store:
        assert [("10s", "1min")] == list(await rows(store, shown))
        async with store._database.engine.connect() as connection:
            assert ("0", "0") == tuple((await connection.exec_driver_sql(shown)).one())


async def test_a_refused_parameter_has_its_own_advice(pooler: str) -> None:
    """The message says what to do about it."""
    with pytest.raises(
        StoreError,
        match=r"unsupported startup parameter.* A pooler refuses this parameter. Leave it out",
    ):
        await SQLPaymentStore(f"{pooler}&options=-cwork_mem%3D7MB").__aenter__()


async def test_a_search_path_is_no_startup_option(
    pooler: str, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """It is set in each transaction."""
    url, _, name = pooler.partition("?schema=")
    shelf.payments = [make(1, 1)]
    async with SQLPaymentStore(f"{url}?options=-c%20search_path%3D{name},public") as store:
        assert 1 == (await sync_payments(shelf, store)).created
    async with SQLPaymentStore(pooler) as store:
        assert ["1"] == [payment.id async for payment in store.payments(provider="acme")]


async def test_a_follower_looks_for_changes(
    pooler: str, shelf: Shelf, make: Callable[..., Payment]
) -> None:
    """A pooler cannot tell of changes, and no session listens behind it."""
    async with SQLPaymentStore(pooler) as store:
        changes = store.follow(every=0.01)
        following = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0.05)
        shelf.payments = [make(1, 1)]
        await sync_payments(shelf, store)
        assert "1" == (await following).payment_id
        await changes.aclose()
