"""OAuth2 tokens in place of a provider's key."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import ConfigurationError, RetryPolicy
from paysdk.oauth2 import FileTokenStore, Tokens
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.sync import SQLPaymentStore, SQLTokenStore
from paysdk.testing import TokenSandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from paysdk.testing import Request, Sandbox
    from tests.conftest import Install

    from .conftest import Outcome

    Command = Callable[..., Outcome]
    Serve = Callable[[str, Sandbox], AbstractContextManager[None]]

MADE = """
from paysdk import CampfireProvider
from paysdk.oauth2 import TokenServer


class Made(CampfireProvider):
    name = "acme"
    token_server = {}
"""
SERVER = "TokenServer(token_url='https://identity.acme.example/token')"
LIST = ("list", "acme", "--format", "jsonl")


@attrs.define(kw_only=True, eq=False)
class Api(CampfireSandbox):
    """An API that accepts the access tokens of a server."""

    server: TokenSandbox

    def is_authorised(self, request: Request) -> bool:
        """Whether the token server has issued this token."""
        return self.server.accepts(request.key)


@pytest.fixture
def server(
    serve_api: Serve, install: Install, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TokenSandbox]:
    """The token server of a provider whose client is in the environment, without a place."""
    install("acme", MADE.format(SERVER))
    tokens = TokenSandbox()
    with serve_api("TOKENS", tokens), serve_api("ACME", Api(server=tokens, payments=3)):
        for name in ("ACME_API_KEY", "TOKENS_API_KEY", "TOKENS_BASE_URL"):
            monkeypatch.delenv(f"PAYSDK_{name}")
        monkeypatch.setenv("PAYSDK_ACME_CLIENT_ID", tokens.client_id)
        monkeypatch.setenv("PAYSDK_ACME_CLIENT_SECRET", tokens.client_secret)
        monkeypatch.setenv("PAYSDK_ACME_TOKEN_URL", tokens.token_url)
        yield tokens


def authorise(server: TokenSandbox) -> Tokens:
    """Return the first refresh token of an authorization."""
    response: Any = server._exchange(server.authorise())
    return Tokens(refresh_token=json.loads(response.body)["refresh_token"])


def test_tokens_in_a_file_are_renewed_and_kept(
    paysdk: Command, server: TokenSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command uses the tokens that the one before has left, and renews them if needed."""
    path = tmp_path / "tokens.json"
    monkeypatch.setenv("PAYSDK_ACME_TOKEN_FILE", str(path))
    asyncio.run(FileTokenStore(path).save(authorise(server)))
    refreshes: list[int] = []
    for command in (LIST, LIST, ("sync", "acme", "--to", str(tmp_path / "payments.db"))):
        outcome = paysdk(*command)
        assert 0 == outcome.code, outcome.err
        refreshes.append(server.refreshes)
        if len(refreshes) == 2:
            server.revoke_access_tokens()
    assert [1, 1, 2] == refreshes
    assert 3 == paysdk(*LIST).out.count("\n")


def test_tokens_in_a_database(
    paysdk: Command, server: TokenSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database that the payments are in may also have the tokens, by the provider's name."""
    database = tmp_path / "payments.db"
    monkeypatch.setenv("PAYSDK_ACME_TOKEN_STORE", str(database))

    async def save() -> None:
        async with SQLPaymentStore(database) as store:
            await SQLTokenStore(store, "acme").save(authorise(server))

    asyncio.run(save())
    outcome = paysdk("sync", "acme", "--to", str(database))
    assert (0, 1) == (outcome.code, server.refreshes), outcome.err


def test_secret_from_a_file(
    paysdk: Command, server: TokenSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret may be in a file, such as one of a container."""
    monkeypatch.delenv("PAYSDK_ACME_CLIENT_SECRET")
    (tmp_path / "secret").write_text(f"{server.client_secret}\n")
    monkeypatch.setenv("PAYSDK_ACME_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("PAYSDK_ACME_TOKEN_FILE", str(tmp_path / "tokens.json"))
    asyncio.run(FileTokenStore(tmp_path / "tokens.json").save(authorise(server)))
    assert 0 == paysdk(*LIST).code


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "one place for its tokens: set either PAYSDK_ACME_TOKEN_FILE, to the path of a file"),
        ({"TOKEN_FILE": "a", "TOKEN_STORE": "b"}, "acme needs one place for its tokens"),
        ({"TOKEN_FILE": "a", "CLIENT_ID": ""}, "needs PAYSDK_ACME_CLIENT_ID, which is not set"),
        ({"TOKEN_FILE": "a", "API_KEY": "k"}, "Unset PAYSDK_ACME_API_KEY, or unset PAYSDK_ACME_CL"),
        ({"TOKEN_FILE": "none.json"}, "There are no tokens in FileTokenStore('"),
        ({"TOKEN_FILE": "a", "TOKEN_URL": "x"}, "TOKEN_URL): token_url must be the https URL"),
        ({"TOKEN_STORE": "none.db"}, "none.db"),
    ],
)
def test_wrong_variables_are_named(
    paysdk: Command,
    server: TokenSandbox,
    monkeypatch: pytest.MonkeyPatch,
    *,
    given: dict[str, str],
    reason: str,
    tmp_path: Path,
) -> None:
    """What is missing or wrong is told before anything is sent."""
    monkeypatch.chdir(tmp_path)
    asyncio.run(FileTokenStore("a").save(authorise(server)))
    for name, value in given.items():
        monkeypatch.setenv(f"PAYSDK_ACME_{name}", value)
    outcome = paysdk(*LIST)
    assert 2 == outcome.code
    assert reason in " ".join(outcome.err.split())
    assert 0 == len(server.requests)


def test_a_secret_whose_variable_is_not_set_is_refused(
    paysdk: Command, server: TokenSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client with a secret is not taken for a client without one."""
    monkeypatch.delenv("PAYSDK_ACME_CLIENT_SECRET")
    path = tmp_path / "config.toml"
    path.write_text('[acme]\nclient_secret_variable = "ACME_SECRET"\n', encoding="utf-8")
    outcome = paysdk("--config", str(path), *LIST)

    assert 2 == outcome.code
    assert f"{path}: [acme] client_secret_variable names ACME_SECRET, which is not set" in (
        outcome.err
    )
    assert 0 == len(server.requests)


def test_the_network_is_that_of_the_command(
    paysdk: Command, server: TokenSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token server is reached with the same proxy, limits and certificates as the API."""
    given: dict[str, object] = {}

    def refuse(*_: object, **settings: object) -> None:
        given.update(settings)
        raise ConfigurationError("not today")

    monkeypatch.setattr("paysdk.oauth2.server.OAuth2Client", refuse)
    monkeypatch.setenv("PAYSDK_ACME_TOKEN_FILE", str(tmp_path / "tokens.json"))
    asyncio.run(FileTokenStore(tmp_path / "tokens.json").save(authorise(server)))
    assert "not today" in paysdk(*LIST, "--timeout", "7", "--retries", "0", "--deadline", "9").err
    assert (True, 7.0, RetryPolicy(attempts=1)) == (
        given["trust_env"],
        given["timeout"],
        given["retry"],
    )
    assert "deadline" not in given


def test_a_key_file_overrides_the_client(
    paysdk: Command, server: TokenSandbox, tmp_path: Path
) -> None:
    """An access token in a file is used as it is."""
    response: Any = server._exchange(server.authorise())
    (tmp_path / "key").write_text(json.loads(response.body)["access_token"])
    outcome = paysdk(*LIST, "--key-file", f"acme={tmp_path / 'key'}")
    assert (0, 3) == (outcome.code, outcome.out.count("\n"))


def test_a_missing_key_names_both_ways(paysdk: Command, install: Install) -> None:
    """Without a key, the error also names the variables of a client."""
    install("acme", MADE.format(SERVER))
    outcome = paysdk(*LIST)
    assert 2 == outcome.code
    assert "set PAYSDK_ACME_CLIENT_ID, …_CLIENT_SECRET and …_TOKEN_FILE" in outcome.err


def test_a_wrong_token_server_is_refused(paysdk: Command, install: Install) -> None:
    """The class must name its server as a ``TokenServer``."""
    install("acme", MADE.format("'https://identity.acme.example/token'"))
    assert "Made.token_server must be a TokenServer, not 'https://" in paysdk(*LIST).err


def test_the_variables_are_shown(
    paysdk: Command, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``paysdk providers`` shows which variables of the client are set."""
    install("acme", MADE.format(SERVER))
    monkeypatch.setenv("PAYSDK_ACME_CLIENT_ID", "x")
    words = paysdk("providers").out.partition("campfire")[0].split()
    state = " ".join(each for each in words if "PAYSDK" in each or each in {"is", "not", "set"})
    assert "PAYSDK_ACME_CLIENT_ID is set PAYSDK_ACME_CLIENT_SECRET is not set" in state
