"""OAuth2 tokens in the database of a store."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError
from paysdk.oauth2 import OAuth2Client, Tokens
from paysdk.sync import LeaseLostError, SQLPaymentStore, SQLTokenStore, StoreError
from paysdk.sync.booking_tables import booking_history, booking_policies, booking_runs, bookings
from paysdk.sync.tables import MIGRATIONS
from paysdk.testing import TokenSandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.conftest import Until

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]
    Start = Callable[..., Awaitable[asyncio.subprocess.Process]]

WORKER = str(Path(__file__).parent / "token_worker.py")
TOKENS = Tokens(access_token="an-access-token", refresh_token="a-refresh-token")
BACK = "https://example.com/back"


async def test_what_was_saved_is_loaded(store: SQLPaymentStore, rows: Rows) -> None:
    """Under each name there are tokens of their own."""
    tokens = SQLTokenStore(store, "xero ☃")
    assert await tokens.load() is None
    await tokens.save(TOKENS)
    await tokens.save(Tokens(refresh_token="another"))
    await SQLTokenStore(store, "moneybird").save(TOKENS)

    assert Tokens(refresh_token="another") == await SQLTokenStore(store, "xero ☃").load()
    assert TOKENS == await SQLTokenStore(store, "moneybird").load()
    assert [] == list(await rows(store, "SELECT name FROM paysdk_held_names"))
    assert repr(tokens).startswith("SQLTokenStore(SQLPaymentStore(")
    assert repr(tokens).endswith(", 'xero ☃')")


async def test_tasks_share_one_refresh(store: SQLPaymentStore) -> None:
    """Over several clients, each with a store object of its own."""
    async with TokenSandbox() as server:
        clients = [
            OAuth2Client(
                server.token_url,
                server.client_id,
                server.client_secret,
                store=SQLTokenStore(store, "xero"),
            )
            for _ in range(3)
        ]
        await clients[0].exchange_code(server.authorise(), BACK)
        old = [await client() for client in clients]
        for client in clients:
            client.refused(old[0])
        new = await asyncio.gather(*(client() for client in clients for _ in range(5)))
        for client in clients:
            await client.aclose()
        assert {"sandbox-access-3"} == set(new)
        assert 1 == server.refreshes


@pytest.mark.parametrize("stops", ["killed", "stalled"])
async def test_a_process_that_stops_in_the_middle(
    store: SQLPaymentStore, place: str, rows: Rows, start: Start, until: Until, *, stops: str
) -> None:
    """A process that lost its lock does not replace newer tokens with its own."""
    tokens = SQLTokenStore(store, "xero")
    async with TokenSandbox(latency=0.3, grace_seconds=1800) as server:
        client = OAuth2Client(
            server.token_url,
            server.client_id,
            server.client_secret,
            store=tokens,
            grace_seconds=1800,
        )
        async with client:
            await client.exchange_code(server.authorise(), BACK)
            await tokens.save(Tokens(refresh_token="sandbox-refresh-2"))
            process = await start(sys.executable, WORKER, place, server.token_url, stdout=PIPE)
            await until(lambda: server.refreshes)
            process.send_signal(signal.SIGKILL if stops == "killed" else signal.SIGSTOP)
            if stops == "killed":
                await process.wait()
            else:
                await rows(store, "UPDATE paysdk_held_names SET leased_until = 1", writes=True)
            client._tokens = None
            async with asyncio.timeout(60):
                token = await client()
            assert 2 == server.refreshes
            if stops == "stalled":
                process.send_signal(signal.SIGCONT)
                told, _ = await process.communicate()
                assert f"LeaseLostError {token}\n".encode() == told
            stored = await tokens.load()
            assert stored is not None
            assert stored.access_token is not None
            assert token == stored.access_token.reveal()


async def test_a_lock_that_another_has_taken(store: SQLPaymentStore, rows: Rows) -> None:
    """Nothing can be saved under it, and the tokens of the other one stay."""
    tokens = SQLTokenStore(store, "xero")
    async with tokens.lock() as locked:
        await rows(store, "UPDATE paysdk_held_names SET holder = 'another'", writes=True)
        with pytest.raises(LeaseLostError, match="'tokens of xero'"):
            await locked.save(TOKENS)
        assert await locked.load() is None
    await rows(store, "DELETE FROM paysdk_held_names", writes=True)


async def test_broken_tokens(
    store: SQLPaymentStore, rows: Rows, told_by: Callable[[BaseException], str]
) -> None:
    """The error says whose they are, and does not show them."""
    await rows(store, "INSERT INTO paysdk_tokens VALUES ('xero', 'an-access-token')", writes=True)
    with pytest.raises(StoreError, match=r"The tokens 'xero' in .* cannot be read") as raised:
        await SQLTokenStore(store, "xero").load()
    assert "an-access-token" not in told_by(raised.value)


async def test_a_store_that_is_not_open(tmp_path: Path) -> None:
    """It cannot be locked."""
    with pytest.raises(StoreError, match="is not open"):
        await SQLTokenStore(SQLPaymentStore(tmp_path / "payments.db"), "xero").save(TOKENS)


@pytest.mark.parametrize("name", ["", 7])
def test_what_is_no_name(tmp_path: Path, name: Any) -> None:  # noqa: ANN401  # what is refused
    """It is refused when the store is made, and so is what is no store."""
    with pytest.raises(ConfigurationError, match="name of the tokens must be a non-empty string"):
        SQLTokenStore(SQLPaymentStore(tmp_path / "payments.db"), name)
    wrong: Any = "payments.db"
    with pytest.raises(ConfigurationError, match="must be an SQLPaymentStore"):
        SQLTokenStore(wrong, "xero")


async def test_a_database_of_an_older_version_gets_the_table(place: str, rows: Rows) -> None:
    """When it is opened."""
    (before,) = [version for version, step in MIGRATIONS.items() if "paysdk_tokens" in str(step)]
    async with SQLPaymentStore(place) as store:
        later = (booking_history, bookings, booking_runs, booking_policies)
        for name in ("paysdk_tokens", *(table.name for table in later)):
            await rows(store, f"DROP TABLE {name}", writes=True)
        await rows(store, "DROP INDEX payments_by_booking", writes=True)
        update = f"UPDATE sync_schema SET version = {before}"  # noqa: S608  # a number
        await rows(store, update, writes=True)
    async with SQLPaymentStore(place) as store:
        await SQLTokenStore(store, "xero").save(TOKENS)
        assert TOKENS == await SQLTokenStore(store, "xero").load()


async def test_task_that_holds_the_lock_does_not_wait_for_itself(store: SQLPaymentStore) -> None:
    """The error says what to call instead, and other tokens have their own lock."""
    tokens = SQLTokenStore(store, "xero")
    async with tokens.lock() as locked:
        with pytest.raises(ConfigurationError, match=r"call tokens\.load\(\) and tokens\.save"):
            await SQLTokenStore(store, "xero").save(TOKENS)
        await SQLTokenStore(store, "moneybird").save(TOKENS)
        await locked.save(TOKENS)
    await tokens.save(Tokens(refresh_token="another"))
    assert Tokens(refresh_token="another") == await tokens.load()
