"""OAuth2 tokens in place of a provider's key, with settings from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from paysdk.cli.config import describe_unset, get_setting
from paysdk.cli.environment import TOKEN_VARIABLES, find_key_variable, variable_name
from paysdk.cli.files import read_secret
from paysdk.cli.network import current_network
from paysdk.errors import ConfigurationError
from paysdk.oauth2 import FileTokenStore
from paysdk.oauth2.server import RequestSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AsyncExitStack

    from paysdk.oauth2 import OAuth2Client, TokenServer
    from paysdk.sync import SQLTokenStore

__all__ = ["find_token_variables", "open_tokens"]

_OF_REQUESTS = frozenset(RequestSettings.__annotations__)


def find_token_variables(provider: str) -> dict[str, str]:
    """The variables about tokens that are set, by what they are, such as ``CLIENT_ID``."""
    named = {what: variable_name(provider, what) for what in TOKEN_VARIABLES}
    return {what: name for what, name in named.items() if get_setting(name)}


async def open_tokens(
    stack: AsyncExitStack, provider: str, server: TokenServer, variables: Mapping[str, str]
) -> OAuth2Client:
    """Open the client that gives the provider's access tokens, until *stack* is closed.

    Raises ``ConfigurationError`` if a variable is missing or wrong, or if the place has no tokens.
    """
    _check_variables(provider, variables)
    try:
        client = await _open_client(stack, provider, server, variables)
    except ConfigurationError as error:
        raise ConfigurationError(f"{provider} ({', '.join(variables.values())}): {error}") from None
    return await stack.enter_async_context(client)


async def _open_client(
    stack: AsyncExitStack, provider: str, server: TokenServer, variables: Mapping[str, str]
) -> OAuth2Client:
    values = {what: get_setting(name) or "" for what, name in variables.items()}
    store = await _open_store(stack, provider, values)
    if await store.load() is None:
        raise ConfigurationError(
            f"There are no tokens in {store!r} yet. Save the refresh token that your application "
            "got when a person authorised it, with save(Tokens(refresh_token=...))."
        )
    chosen = attrs.evolve(server, token_url=values.get("TOKEN_URL", server.token_url))
    network = {**current_network().usual, **current_network().given}
    settings = {name: value for name, value in network.items() if name in _OF_REQUESTS}
    return chosen.client(
        values["CLIENT_ID"],
        _find_secret(values),
        store=store,
        **cast("RequestSettings", settings),
    )


def _check_variables(provider: str, variables: Mapping[str, str]) -> None:
    if (key := find_key_variable(provider)) is not None:
        raise ConfigurationError(
            f"{provider} takes a key or a client of OAuth2, and both are given. Unset {key}, or "
            f"unset {' and '.join(variables.values())}."
        )
    file, store = (variable_name(provider, what) for what in ("TOKEN_FILE", "TOKEN_STORE"))
    if reason := describe_unset(variable_name(provider, "CLIENT_SECRET")):
        raise ConfigurationError(f"No client secret for {provider}: {reason}.")
    if "CLIENT_ID" not in variables:
        raise ConfigurationError(
            f"{', '.join(variables.values())} needs {variable_name(provider, 'CLIENT_ID')}, which "
            "is not set."
        )
    if ("TOKEN_FILE" in variables) is ("TOKEN_STORE" in variables):
        raise ConfigurationError(
            f"{provider} needs one place for its tokens: set either {file}, to the path of a file, "
            f"or {store}, to a database."
        )


async def _open_store(
    stack: AsyncExitStack, provider: str, values: Mapping[str, str]
) -> FileTokenStore | SQLTokenStore:
    if "TOKEN_FILE" in values:
        return FileTokenStore(values["TOKEN_FILE"])
    from paysdk.cli.stores import to_user_error  # noqa: PLC0415  # an extra
    from paysdk.sync import SQLPaymentStore, SQLTokenStore, StoreError  # noqa: PLC0415  # likewise

    database = SQLPaymentStore(values["TOKEN_STORE"], create=False)
    try:
        await stack.enter_async_context(database)
    except StoreError as error:
        raise to_user_error(error) from None
    return SQLTokenStore(database, provider)


def _find_secret(values: Mapping[str, str]) -> str | None:
    if "CLIENT_SECRET" in values or "CLIENT_SECRET_FILE" not in values:
        return values.get("CLIENT_SECRET")
    return read_secret(values["CLIENT_SECRET_FILE"], "secret")
