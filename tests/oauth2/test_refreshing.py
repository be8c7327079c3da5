"""A refresh token is neither used twice nor lost, whatever happens in the middle of a refresh."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs
import pytest

from paysdk import (
    APIError,
    ConnectionFailedError,
    MalformedResponseError,
    OutcomeUnknownError,
    RateLimitedError,
    RetryPolicy,
    ServerError,
)
from paysdk.oauth2 import (
    AuthorizationEndedError,
    FileTokenStore,
    OAuth2Client,
    Tokens,
    TokenStoreError,
)
from paysdk.testing import TokenSandbox, hang, reset, status, truncated, wrong_body
from tests.oauth2.faults import fail_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.testing import Fault
    from tests.conftest import Until
    from tests.oauth2.conftest import MakeClient

    Expire = Callable[[], Awaitable[Tokens]]

WORKER = str(Path(__file__).parent / "refresh_worker.py")
BACK = "https://example.com/back"


def break_file(path: Path) -> None:
    """Let the file be no tokens."""
    path.write_text("broken")


def files_beside(path: Path) -> set[str]:
    """The names of all files in the folder."""
    return {file.name for file in path.parent.iterdir()}


async def stored_in(store: FileTokenStore) -> Tokens:
    """What is stored, without the time of a note."""
    stored = await store.load()
    assert stored is not None
    return attrs.evolve(stored, refresh_sent_at=None)


MAY_BE_PROCESSED = {
    "connection reset before": reset("before", processed=True),
    "connection reset in the body": reset("body", processed=True),
    "response cut off": truncated(),
    "no JSON": wrong_body(),
    "500": status(500),
    "503, processed": status(503, processed=True),
    "504": status(504),
    "a redirect": status(303),
    "no token": status(200),
}


@pytest.mark.parametrize("fault", MAY_BE_PROCESSED.values(), ids=MAY_BE_PROCESSED)
async def test_a_refresh_whose_outcome_is_unknown_is_not_repeated(
    server: TokenSandbox,
    ready: OAuth2Client,
    make_client: MakeClient,
    store: FileTokenStore,
    fault: Fault,
) -> None:
    """No client of the store sends it again until a person decides."""
    before = len(server.requests)
    fail_with(server, fault)
    with pytest.raises(
        OutcomeUnknownError, match=r"outcome is unknown: .* set grace_seconds"
    ) as raised:
        await ready()
    assert "refresh of the access token" == raised.value.operation
    assert raised.value.found
    for client in (ready, make_client(store)):
        with pytest.raises(OutcomeUnknownError, match=r"was sent at 20.* UTC, and its new tokens"):
            await client()
    assert 1 == len(server.requests) - before
    refresh_token = (await stored_in(store)).refresh_token
    assert refresh_token is not None
    assert "sandbox-refresh-2" == refresh_token.reveal()


@pytest.mark.parametrize("processed", [True, False])
async def test_a_person_can_take_the_risk(
    server: TokenSandbox, ready: OAuth2Client, *, processed: bool
) -> None:
    """If the server has processed the first refresh, it takes the second for a theft."""
    fail_with(server, reset("before", processed=processed))
    with pytest.raises(OutcomeUnknownError):
        await ready()
    if processed:
        with pytest.raises(AuthorizationEndedError):
            await ready.repeat_refresh()
    else:
        assert (await ready.repeat_refresh()).refresh_sent_at is None
        assert server.accepts(await ready())


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("fault", MAY_BE_PROCESSED.values(), ids=MAY_BE_PROCESSED)
async def test_in_the_servers_grace_a_refresh_is_repeated(
    server: TokenSandbox,
    make_client: MakeClient,
    store: FileTokenStore,
    fault: Fault,
) -> None:
    """By the retries, or by the next call if no retry can help."""
    server.grace_seconds = 1800
    client = make_client(store, grace_seconds=1800)
    fail_with(server, fault)
    try:
        token = await client()
    except (APIError, MalformedResponseError):
        token = await client()
    assert server.accepts(token)


@pytest.mark.usefixtures("ready")
async def test_after_the_grace_a_refresh_is_not_repeated(
    server: TokenSandbox,
    make_client: MakeClient,
    store: FileTokenStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither by a retry nor by a later call."""
    before = len(server.requests)
    client = make_client(store, grace_seconds=1800)
    fail_with(server, status(503, processed=True), times=9)
    monkeypatch.setattr(client._refresher, "_grace_seconds", 1e-9)
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError):
            await client()
    assert 1 == len(server.requests) - before
    monkeypatch.setattr(client._refresher, "_grace_seconds", 1800)
    with pytest.raises(ServerError):
        await client()
    assert 3 == len(server.requests) - before - 1
    stored = await store.load()
    assert stored is not None
    assert stored.refresh_sent_at is not None
    for seconds in (-1801, 1900):
        sent_at = datetime.now(UTC) + timedelta(seconds=seconds)
        await store.save(attrs.evolve(stored, refresh_sent_at=sent_at))
        with pytest.raises(OutcomeUnknownError, match="was sent at"):
            await client()


async def test_a_refresh_that_cannot_have_been_processed(
    server: TokenSandbox, ready: OAuth2Client, store: FileTokenStore
) -> None:
    """It is repeated at once after a 429, and whenever the next call comes."""
    fail_with(server, status(429))
    assert server.accepts(await ready())
    await store.save(Tokens(refresh_token="sandbox-refresh-3"))
    ready._tokens = None
    fail_with(server, status(429), times=3)
    with pytest.raises(RateLimitedError):
        await ready()
    await server.close()
    with pytest.raises(ConnectionFailedError):
        await ready()
    stored = await store.load()
    assert Tokens(refresh_token="sandbox-refresh-3") == stored


async def test_a_refresh_token_that_was_revoked(server: TokenSandbox, ready: OAuth2Client) -> None:
    """The server is not asked again until a person authorises again."""
    server.revoke_all()
    before = len(server.requests)
    for _ in range(3):
        with pytest.raises(
            AuthorizationEndedError,
            match=r"invalid_grant: This refresh token is not valid\. It has expired",
        ) as raised:
            await ready()
        assert 400 == raised.value.status
        assert server.token_url == raised.value.url
    assert 1 == len(server.requests) - before
    await ready.exchange_code(server.authorise(), BACK, "a-code-verifier")
    assert b"code_verifier=a-code-verifier" in server.requests[-1].body
    assert server.accepts(await ready())


async def test_tokens_without_a_refresh_token(
    make_client: MakeClient, store: FileTokenStore
) -> None:
    """They are used until they end."""
    await store.save(Tokens(access_token="an-access-token"))
    client = make_client(store)
    assert "an-access-token" == await client()
    client.refused("an-access-token")
    with pytest.raises(AuthorizationEndedError, match="no refresh token is stored"):
        await client()


@attrs.define
class FailingStore:
    """A store whose disk fails at some of its saves, before or after it has written."""

    inner: FileTokenStore
    fails_at: set[int] = attrs.field(factory=set[int])
    after: bool = False
    saves: int = 0

    def lock(self) -> _Locked:
        """The other store's lock, which yields this one."""
        return _Locked(self, self.inner.lock())


@attrs.define
class _Locked:
    store: FailingStore
    context: Any
    locked: Any = None

    async def __aenter__(self) -> Self:
        self.locked = await self.context.__aenter__()
        return self

    async def __aexit__(self, *given: object) -> None:
        await self.context.__aexit__(*given)

    async def load(self) -> Tokens | None:
        """What is stored."""
        loaded: Tokens | None = await self.locked.load()
        return loaded

    async def save(self, tokens: Tokens) -> None:
        """Save, or fail."""
        self.store.saves += 1
        fails = self.store.saves in self.store.fails_at
        if not fails or self.store.after:
            await self.locked.save(tokens)
        if fails:
            raise TokenStoreError("the disk failed")


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("after", [False, True])
async def test_new_tokens_that_cannot_be_saved(
    server: TokenSandbox,
    make_client: MakeClient,
    store: FileTokenStore,
    *,
    after: bool,
) -> None:
    """They are kept but not given out, and the next call saves them."""
    failing = FailingStore(store, {2, 3}, after)
    client = make_client(failing)
    with pytest.raises(TokenStoreError) as raised:
        await client()
    assert ["The tokens that could not be saved are kept in memory. The next call saves them."] == (
        raised.value.__notes__
    )
    if not after:
        with pytest.raises(TokenStoreError):
            await client()
    assert "sandbox-access-3" == await client()
    assert "sandbox-access-3" == await make_client(store)()
    assert 1 == server.refreshes


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("after", [False, True])
async def test_a_note_that_cannot_be_saved(
    server: TokenSandbox,
    make_client: MakeClient,
    store: FileTokenStore,
    *,
    after: bool,
) -> None:
    """Nothing is sent, and the next call tries again, even if the note was written all the same."""
    client = make_client(FailingStore(store, {1}, after))
    with pytest.raises(TokenStoreError):
        await client()
    assert 0 == server.refreshes
    assert "sandbox-access-3" == await client()


async def test_unsaved_tokens_do_not_replace_newer_ones(
    server: TokenSandbox, ready: OAuth2Client, make_client: MakeClient, store: FileTokenStore
) -> None:
    """Somebody has authorised again meanwhile."""
    client = make_client(FailingStore(store, {2}))
    with pytest.raises(TokenStoreError):
        await client()
    newer = await ready.exchange_code(server.authorise(), BACK)
    assert newer.access_token is not None
    assert newer.access_token.reveal() == await client()


async def test_the_tokens_of_a_code_that_cannot_be_saved(
    server: TokenSandbox, make_client: MakeClient, store: FileTokenStore, path: Path
) -> None:
    """A file that cannot be read is no reason to lose them, so they are kept too."""
    client = make_client(FailingStore(store, {1}))
    with pytest.raises(TokenStoreError):
        await client.exchange_code(server.authorise(), BACK)
    assert server.accepts(await client())
    break_file(path)
    await client.exchange_code(server.authorise(), BACK)
    assert server.accepts(await make_client(store)())


async def test_a_cancelled_exchange_saves_its_tokens(
    server: TokenSandbox, make_client: MakeClient, store: FileTokenStore, until: Until
) -> None:
    """A code can be used once."""
    object.__setattr__(server, "latency", 0.1)
    client = make_client(store)
    exchanging = asyncio.create_task(client.exchange_code(server.authorise(), BACK))
    await until(lambda: server.requests)
    exchanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await exchanging
    assert server.accepts(await make_client(store)())


async def test_a_failure_that_is_not_paysdks(
    ready: OAuth2Client, store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised unchanged, and nothing is noted because nothing was sent."""

    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(ready._endpoint, "send", fail)
        with pytest.raises(ZeroDivisionError):
            await ready()
    stored = await store.load()
    assert stored is not None
    assert stored.refresh_sent_at is None
    await ready()


@pytest.mark.usefixtures("ready")
async def test_a_late_response_is_an_unknown_outcome(
    server: TokenSandbox, make_client: MakeClient, store: FileTokenStore
) -> None:
    """The server may have processed the request."""
    fail_with(server, hang())
    client = make_client(store, timeout=0.05, retry=RetryPolicy(attempts=5, wait_initial=0))
    with pytest.raises(OutcomeUnknownError, match="No complete response within the timeout"):
        await client()


async def run_worker(step: str, store: FileTokenStore, server: TokenSandbox) -> Any:  # noqa: ANN401  # a process
    """A process that refreshes up to a step."""
    return await asyncio.create_subprocess_exec(
        sys.executable, WORKER, str(store._path), server.token_url, step, stdout=PIPE
    )


STEPS = [
    ("before the note", False, False),
    ("before renaming the note", False, False),
    ("after renaming the note", True, False),
    ("before sending", True, False),
    ("while it is sent", True, True),
    ("after the response", True, True),
    ("before renaming the new tokens", True, True),
    ("after renaming the new tokens", False, True),
]


@pytest.mark.usefixtures("ready")
@pytest.mark.slow
@pytest.mark.parametrize("grace_seconds", [None, 1800.0], ids=["strict", "grace"])
@pytest.mark.parametrize(("step", "unknown", "processed"), STEPS)
async def test_a_process_that_is_killed(
    server: TokenSandbox,
    make_client: MakeClient,
    store: FileTokenStore,
    until: Until,
    *,
    step: str,
    unknown: bool,
    processed: bool,
    grace_seconds: float | None,
) -> None:
    """After a crash at any step, the next process knows whether the refresh token may be used."""
    server.grace_seconds = grace_seconds or 0.0
    if step == "while it is sent":
        object.__setattr__(server, "latency", 0.5)
    process = await run_worker(step, store, server)
    if step == "while it is sent":
        await until(lambda: server.refreshes)
    else:
        assert f"{step}\n".encode() == await process.stdout.readline()
    process.kill()
    await process.communicate()
    object.__setattr__(server, "latency", 0.0)
    assert processed == (server.refreshes == 1)

    client = make_client(store, grace_seconds=grace_seconds)
    async with asyncio.timeout(60):
        if unknown and grace_seconds is None:
            with pytest.raises(OutcomeUnknownError):
                await client()
            if processed:
                with pytest.raises(AuthorizationEndedError):
                    await client.repeat_refresh()
            else:
                await client.repeat_refresh()
                assert server.accepts(await client())
        else:
            assert server.accepts(await client())
            expected = 2 if processed and unknown else 1
            assert expected == server.refreshes
    assert {"tokens.json", "tokens.json.lock"} == files_beside(store._path)


@pytest.mark.slow
async def test_processes_share_one_refresh(
    server: TokenSandbox, ready: OAuth2Client, store: FileTokenStore
) -> None:
    """Each of them, and this one, gets the same new token."""
    processes = [await run_worker("none", store, server) for _ in range(3)]
    tokens = {await ready()}
    for process in processes:
        told, _ = await process.communicate()
        assert 0 == process.returncode
        tokens.add(told.decode().strip())
    assert {"sandbox-access-3"} == tokens
    assert 1 == server.refreshes
