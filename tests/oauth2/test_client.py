"""An API key that renews itself."""

from __future__ import annotations

import asyncio
import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import AuthenticationError, CampfireProvider, ConfigurationError, RequestTimeoutError
from paysdk.oauth2 import FileTokenStore, OAuth2Client, Tokens
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import TokenSandbox
from paysdk.transport.credentials import Secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk import Payment
    from paysdk.testing import Request
    from tests.conftest import RawServers, Until
    from tests.oauth2.conftest import MakeClient

    Expire = Callable[[], Awaitable[Tokens]]

BACK = "https://example.com/back"


@attrs.define(kw_only=True, eq=False)
class TokenCampfire(CampfireSandbox):
    """Campfire, if its keys were the access tokens of a token server."""

    tokens: TokenSandbox

    def is_authorised(self, request: Request) -> bool:
        return self.tokens.accepts(request.key)


def slow_down(server: TokenSandbox, seconds: float) -> None:
    """Let the responses of a running server come later than what it does."""
    object.__setattr__(server, "latency", seconds)


async def test_the_first_tokens_come_for_a_code(
    server: TokenSandbox, client: OAuth2Client, store: FileTokenStore
) -> None:
    """They are stored, and given out without another request until they end."""
    token = await client()
    assert server.accepts(token)
    assert token == await client()
    stored = await store.load()
    assert stored is not None
    assert stored.access_token is not None
    assert token == stored.access_token.reveal()
    assert 1 == len(server.requests)
    body = (
        "grant_type=authorization_code&code=sandbox-code-1"
        "&redirect_uri=https%3A%2F%2Fexample.com%2Fback"
    )
    assert {body} == {request.body.decode() for request in server.requests}
    assert "application/x-www-form-urlencoded" == server.requests[0].headers["Content-Type"]


async def test_another_client_of_the_store_needs_no_code(
    server: TokenSandbox, client: OAuth2Client, make_client: MakeClient, store: FileTokenStore
) -> None:
    """It takes what is stored."""
    assert await client() == await make_client(store)()
    assert 1 == len(server.requests)


async def test_a_store_without_tokens(make_client: MakeClient, store: FileTokenStore) -> None:
    """The error says how to get some."""
    with pytest.raises(ConfigurationError, match=r"no tokens yet\. Call exchange_code"):
        await make_client(store)()


async def test_an_old_token_is_renewed_once_for_all_tasks(
    server: TokenSandbox,
    client: OAuth2Client,
    expire: Expire,
    make_client: MakeClient,
    store: FileTokenStore,
) -> None:
    """A hundred tasks over five clients send one request."""
    old = await client()
    await expire()
    clients = [make_client(store) for _ in range(5)]
    given = await asyncio.gather(*(clients[number % 5]() for number in range(100)))
    assert 1 == len(set(given))
    assert old not in given
    assert 1 == server.refreshes


async def test_a_token_is_renewed_before_it_ends(
    server: TokenSandbox, make_client: MakeClient, store: FileTokenStore
) -> None:
    """By the clock of this process."""
    client = make_client(store)
    await store.save(
        Tokens(
            access_token="an-old-token",
            refresh_token="sandbox-refresh-2",
            renew_at=datetime.now(UTC) + timedelta(minutes=5),
        )
    )
    server.authorise()
    server._issue()
    assert "an-old-token" == await client()
    client._tokens = attrs.evolve(client._tokens or Tokens(), renew_at=datetime.now(UTC))
    assert "an-old-token" == await client()  # another process has set another time
    stored = await store.load()
    assert stored is not None
    await store.save(attrs.evolve(stored, renew_at=datetime.now(UTC)))
    client._tokens = None
    assert "sandbox-access-3" == await client()
    assert "sandbox-access-3" == await client()
    assert 1 == server.refreshes


async def test_a_token_that_ends_at_once_is_given_all_the_same(
    server: TokenSandbox, client: OAuth2Client, expire: Expire
) -> None:
    """A server whose tokens have ended when they arrive is not asked for ever."""
    await expire()
    client._tokens = None
    server.expires_in = 0.0001
    assert "sandbox-access-3" == await client()
    assert 1 == server.refreshes


async def test_a_refused_token_is_renewed(server: TokenSandbox, client: OAuth2Client) -> None:
    """The one that was refused is renewed before its time, and the others get the new one."""
    old = await client()
    client.refused(old)
    new = await client()
    assert old != new
    client.refused(old)
    assert new == await client()
    assert 1 == server.refreshes


async def test_a_token_that_another_process_has_renewed(
    server: TokenSandbox, client: OAuth2Client, make_client: MakeClient, store: FileTokenStore
) -> None:
    """It is taken from the store."""
    other = make_client(store)
    old = await other()
    client.refused(old)
    new = await client()
    other.refused(old)
    assert new == await other()
    assert 1 == server.refreshes


async def test_a_server_that_gives_the_refused_token_again(
    raw_server: RawServers, store: FileTokenStore
) -> None:
    """It is given out, and the API decides what becomes of it."""

    async def answer(_number: int, writer: asyncio.StreamWriter) -> None:
        body = b'{"access_token": "the-same-token", "expires_in": "1800"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    server = await raw_server(answer)
    await store.save(Tokens(access_token="the-same-token", refresh_token="a-refresh-token"))
    async with OAuth2Client(server.url, "a-public-client", store=store) as client:
        client.refused("another-token")
        client.refused("the-same-token")
        assert "the-same-token" == await client()
        assert "the-same-token" == await client()
    assert 1 == len(server.requests)
    assert b"Authorization" not in server.requests[0]
    assert server.requests[0].startswith(b"POST / HTTP/1.1")
    assert server.requests[0].endswith(
        b"grant_type=refresh_token&refresh_token=a-refresh-token&client_id=a-public-client"
    )


async def test_a_token_that_is_refused_while_it_comes(
    server: TokenSandbox, client: OAuth2Client, expire: Expire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task that waited for it waits for the next one."""
    await expire()
    client._tokens = None
    use = client._use

    def refuse_the_first(tokens: Tokens) -> Tokens:
        use(tokens)
        if server.refreshes == 1:
            client.refused("sandbox-access-3")
        return tokens

    monkeypatch.setattr(client, "_use", refuse_the_first)
    assert "sandbox-access-4" == await client()


async def test_a_listing_goes_on_with_new_tokens(
    server: TokenSandbox, client: OAuth2Client
) -> None:
    """Its token ends in the middle, several times."""
    async with (
        TokenCampfire(tokens=server, api_key="unused", payments=50) as sandbox,
        CampfireProvider(client, base_url=sandbox.url) as campfire,
    ):
        payments: list[Payment] = []
        async for page in campfire.list_payments(page_size=10).pages():
            payments += page.payments
            if len(payments) in {20, 40}:
                server.revoke_access_tokens()
    assert 50 == len({payment.id for payment in payments})
    assert 2 == server.refreshes


async def test_many_tasks_whose_token_ends_send_one_refresh(
    server: TokenSandbox, client: OAuth2Client
) -> None:
    """Each of their requests fails with a 401, and is sent again with the new token."""
    async with (
        TokenCampfire(tokens=server, api_key="unused", payments=5) as sandbox,
        CampfireProvider(client, base_url=sandbox.url) as campfire,
    ):
        await client()
        server.revoke_access_tokens()
        walks = await asyncio.gather(*(campfire.list_payments().collect() for _ in range(30)))
        assert {5} == {len(payments) for payments in walks}
        assert 1 == server.refreshes


async def test_an_api_that_refuses_every_token(server: TokenSandbox, client: OAuth2Client) -> None:
    """The error comes after one refresh, and is that of the API."""
    async with (
        CampfireSandbox(api_key="another-key") as sandbox,
        CampfireProvider(client, base_url=sandbox.url) as campfire,
    ):
        with pytest.raises(AuthenticationError, match="401 Invalid token"):
            await campfire.list_payments().collect()
        assert 1 == server.refreshes
        assert 2 == len(sandbox.requests)


async def test_an_error_of_the_token_server_ends_an_operation(
    server: TokenSandbox, client: OAuth2Client, expire: Expire
) -> None:
    """It says where it happened, each listing gets its own, and the provider does not retry it."""
    await expire()
    client._tokens = None
    server.revoke_all()
    async with CampfireProvider(client, base_url="http://127.0.0.1:1") as campfire:
        errors = await asyncio.gather(
            *(campfire.list_payments().collect() for _ in range(3)), return_exceptions=True
        )
    assert 3 == len({id(error) for error in errors})
    for error in errors:
        assert isinstance(error, AuthenticationError)
        assert server.token_url == error.url
        assert "oauth2: POST" in str(error)
    assert 2 == len(server.requests)


async def test_a_deadline_ends_the_wait_and_not_the_refresh(
    server: TokenSandbox, client: OAuth2Client, expire: Expire, until: Until
) -> None:
    """The new tokens are stored although the task that wanted them has gone."""
    await expire()
    client._tokens = None
    slow_down(server, 0.3)
    async with CampfireProvider(client, base_url="http://127.0.0.1:1", deadline=0.05) as campfire:
        with pytest.raises(RequestTimeoutError, match="deadline"):
            await campfire.list_payments().collect()
    await until(lambda: client._tokens is not None)
    assert "sandbox-access-3" == await client()
    assert 1 == server.refreshes


async def test_closing_waits_for_a_refresh_that_was_sent(
    server: TokenSandbox, client: OAuth2Client, expire: Expire, until: Until, store: FileTokenStore
) -> None:
    """Its tokens are stored, and the task that waits for them learns that the client was closed."""
    await expire()
    client._tokens = None
    slow_down(server, 0.3)
    waiting = asyncio.create_task(client())
    await until(lambda: server.refreshes)
    async with client:
        pass
    with pytest.raises(ConfigurationError, match="was closed while a token was renewed"):
        await waiting
    stored = await store.load()
    assert stored is not None
    assert Secret("sandbox-access-3").reveal() == (stored.access_token or Secret("")).reveal()
    async with client:
        assert "sandbox-access-3" == await client()


async def test_closing_ends_the_wait_for_the_lock(
    server: TokenSandbox, client: OAuth2Client, store: FileTokenStore, expire: Expire
) -> None:
    """Nothing was sent, so nothing is lost."""
    await expire()
    client._tokens = None
    async with store.lock():
        waiting = asyncio.create_task(client())
        await asyncio.sleep(0.05)
        await client.aclose()
    with pytest.raises(ConfigurationError, match="was closed"):
        await waiting
    assert 0 == server.refreshes
    with pytest.raises(ConfigurationError, match="oauth2 provider is closed"):
        await client()
    async with client:
        await client()


async def test_a_waiting_task_that_is_cancelled(
    server: TokenSandbox, client: OAuth2Client, expire: Expire, until: Until
) -> None:
    """The other one gets the token."""
    await expire()
    client._tokens = None
    slow_down(server, 0.1)
    first, second = asyncio.create_task(client()), asyncio.create_task(client())
    await until(lambda: server.refreshes)
    first.cancel()
    assert "sandbox-access-3" == await second
    assert first.cancelled()


def test_a_second_event_loop(store: FileTokenStore) -> None:
    """One object works in one loop after another."""

    async def use() -> str:
        async with TokenSandbox(port=port) as server:
            server.authorise()
            server._issue()
            async with client:
                client._tokens = None
                await store.save(Tokens(refresh_token="sandbox-refresh-2"))
                return await client()

    async def find_port() -> int:
        async with TokenSandbox() as server:
            return int(server.url.rpartition(":")[2])

    port = asyncio.run(find_port())
    client = OAuth2Client(
        f"http://127.0.0.1:{port}/connect/token",
        "sandbox-client",
        "sandbox-client-words",
        store=store,
    )
    assert ["sandbox-access-3"] * 2 == [asyncio.run(use()) for _ in range(2)]


def test_a_client_cannot_be_pickled_and_shows_no_secret(store: FileTokenStore) -> None:
    """Its repr has the URL alone."""
    client = OAuth2Client(
        "https://id.example.com/token?v=2", "a-client", "words-of-the-client", store=store
    )
    client.refused("a-refused-token")
    assert "OAuth2Client('https://id.example.com/token')" == repr(client)
    assert "words" not in repr(vars(client))
    assert "a-refused-token" not in repr(vars(client))
    with pytest.raises(TypeError, match="make another one in the other process"):
        pickle.dumps(client)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"store": "tokens.json"}, "store must be a token store, such as FileTokenStore"),
        ({"grace_seconds": 0}, "grace_seconds must be a finite number"),
        ({"timeout": 0}, "timeout must be"),
        ({"client_id": ""}, "client_id must be a non-empty string"),
        ({"client_secret": ""}, "client_secret must be a non-empty string"),
        ({"client_secret": 7}, "client_secret must be a non-empty string"),
        ({"authentication": "none"}, "authentication must be one of client_secret_basic"),
    ],
)
def test_a_wrong_argument(
    store: FileTokenStore,
    wrong: dict[str, Any],
    message: str,
    told_by: Callable[[BaseException], str],
) -> None:
    """It is refused when the client is made, with an error that shows no secret."""
    arguments = {
        "token_url": "https://id.example.com/token",
        "client_id": "a-client",
        "client_secret": "words-of-the-client",
        "store": store,
        **wrong,
    }
    with pytest.raises(ConfigurationError, match=message) as raised:
        OAuth2Client(**arguments)
    assert "words-of-the-client" not in told_by(raised.value)
