"""Open the providers that a command names, with keys from the environment, or in sandboxes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from paysdk.cli.config import describe_source, describe_unset, get_setting
from paysdk.cli.environment import (
    check_variables_are_unique,
    find_key_variable,
    find_parameters,
    find_token_server,
    find_unknown_variables,
    read_settings,
    variable_name,
)
from paysdk.cli.files import read_secret
from paysdk.cli.network import current_network
from paysdk.cli.output.terminal import print_message
from paysdk.cli.tokens import find_token_variables, open_tokens
from paysdk.currencies import check_currency
from paysdk.discovery import installed_providers, load_provider, open_provider
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.oauth2 import OAuth2Client
from paysdk.testing.faults import FaultPlan  # attrs reads it in an annotation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from paysdk.errors import MalformedResponseError
    from paysdk.events import Event
    from paysdk.orders import Exclusive
    from paysdk.provider import PaymentsProvider
    from paysdk.testing import Sandbox

__all__ = [
    "ProviderSelection",
    "SandboxSettings",
    "as_paysdk_error",
    "find_able_provider",
    "make_sandbox",
    "open_providers",
]


@attrs.frozen(kw_only=True)
class SandboxSettings:
    """The settings of each sandbox: its number of payments, and its delay in seconds.

    ``None`` leaves a setting to the sandbox.
    """

    payments: int
    latency: float
    seed: int | None = None
    port: int | None = None
    faults: FaultPlan | None = None


@attrs.frozen(kw_only=True)
class ProviderSelection:
    """The providers that a command names. Without ``sandbox`` they use the real APIs."""

    names: tuple[str, ...]
    sandbox: SandboxSettings | None = None
    key_files: Mapping[str, Path] = attrs.field(factory=dict[str, Path])
    currency: str | None = None


def as_paysdk_error(name: str, error: Exception) -> PaysdkError:
    """An error that names the provider. A ``PaysdkError`` is returned unchanged.

    A provider of another package may raise anything. One such failure must not stop the others.
    """
    if isinstance(error, PaysdkError):
        return error
    failure = PaysdkError(f"The provider {name!r} failed: {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


def find_able_provider(name: str | None, method: str, what: str) -> str:
    """The named provider, or the only one that has *method*. *what* says in words what it does.

    Raises ``ConfigurationError`` if the named provider cannot, or if several can and none is named.
    """
    able = [each for each in installed_providers() if _has_method(each, method)]
    if name is not None:
        load_provider(name)
    if name is None and len(able) == 1:
        return able[0]
    if name in able:
        return name
    choice = f"These providers can: {', '.join(able) or 'none'}."
    raise ConfigurationError(
        f"{name} cannot {what}. {choice}"
        if name
        else f"Use --provider to name a provider that can {what}. {choice}"
    )


def _has_method(name: str, method: str) -> bool:
    try:
        return hasattr(load_provider(name), method)
    except ConfigurationError:
        return False


def make_sandbox(name: str, settings: SandboxSettings) -> Sandbox:
    """The provider's sandbox, not yet started.

    Raises ``ConfigurationError`` if the provider has no sandbox that takes these settings.
    """
    from paysdk.testing import open_sandbox  # noqa: PLC0415  # most commands need no server

    given = attrs.asdict(settings, recurse=False, filter=lambda _, value: value is not None)
    return open_sandbox(name, **given)


@asynccontextmanager
async def open_providers(
    selection: ProviderSelection,
    failures: list[PaysdkError],
    on_event: Callable[[Event], object] | None = None,
    on_malformed: Callable[[MalformedResponseError], object] | None = None,
    exclusive: Exclusive | None = None,
    *,
    sandboxes: list[Sandbox] | None = None,
) -> AsyncGenerator[list[PaymentsProvider]]:
    """Open the providers in the order of their names, and close them when the context ends.

    A provider that raises an error of its own is left out, and the error is added to *failures*.
    Each sandbox that is started is added to *sandboxes*.
    Raises ``ConfigurationError`` for wrong input, before anything is sent.
    """
    options = {
        "currency": selection.currency,
        "on_event": on_event,
        "on_malformed": on_malformed,
        "exclusive": exclusive,
        **current_network().given,
    }
    classes = _load_classes(selection.names, failures)
    extra = {name: _select_settings(make, options) for name, make in classes.items()}
    _check_currency_is_used(selection, extra)
    async with AsyncExitStack() as stack:
        providers: list[PaymentsProvider] = []
        for name, settings in extra.items():
            try:
                provider = await _open(stack, selection, name, settings, sandboxes)
            except PaysdkError:
                raise
            except Exception as error:  # noqa: BLE001  # another package's class may raise anything
                failures.append(as_paysdk_error(name, error))
            else:
                stack.push_async_callback(_close, name, provider, failures)
                providers.append(provider)
        yield providers


def _load_classes(
    names: Iterable[str], failures: list[PaysdkError]
) -> dict[str, Callable[..., PaymentsProvider]]:
    installed = installed_providers()
    classes: dict[str, Callable[..., PaymentsProvider]] = {}
    for name in names:
        try:
            classes[name] = load_provider(name)
        except ConfigurationError as error:
            if name not in installed:  # a mistyped name is the user's error
                raise
            failures.append(PaysdkError(str(error)))
    return classes


def _select_settings(
    make: Callable[..., object], options: Mapping[str, object]
) -> dict[str, object]:
    """The options that are set and that the class accepts. The protocol does not require them."""
    known = find_parameters(make)
    return {name: value for name, value in options.items() if value is not None and name in known}


def _check_currency_is_used(
    selection: ProviderSelection, extra: Mapping[str, Mapping[str, object]]
) -> None:
    unused = not any("currency" in settings for settings in extra.values())
    if selection.currency is not None and extra and unused:
        raise ConfigurationError(
            "--currency is for providers that send no currency. "
            f"{' and '.join(extra)} {'send' if len(extra) > 1 else 'sends'} one: leave it out."
        )


async def _open(
    stack: AsyncExitStack,
    selection: ProviderSelection,
    name: str,
    extra: Mapping[str, object],
    sandboxes: list[Sandbox] | None,
) -> PaymentsProvider:
    target = (
        await _find_api(stack, name, selection.key_files.get(name))
        if selection.sandbox is None
        else await _start_sandbox(stack, name, selection.sandbox, sandboxes)
    )
    return _make_provider(name, target, extra)


async def _close(name: str, provider: PaymentsProvider, failures: list[PaysdkError]) -> None:
    try:
        await provider.aclose()
    except Exception as error:  # noqa: BLE001  # another package's class may raise anything
        failures.append(as_paysdk_error(name, error))


@attrs.frozen(kw_only=True)
class _Target:
    """A provider's key, origin and other settings, and the variables or options they come from."""

    api_key: str | OAuth2Client = attrs.field(repr=False)
    base_url: str | None
    settings: Mapping[str, object] = attrs.field(factory=dict[str, object], repr=False)
    sources: tuple[str, ...] = ()


def _make_provider(name: str, target: _Target, extra: Mapping[str, object]) -> PaymentsProvider:
    origin = {} if target.base_url is None else {"base_url": target.base_url}
    usual = _select_settings(load_provider(name), current_network().usual)
    settings = {**usual, **target.settings, **extra}
    try:
        if (currency := settings.get("currency")) is not None:
            settings["currency"] = check_currency("currency", currency)
        return open_provider(name, api_key=target.api_key, **origin, **settings)
    except ConfigurationError as error:
        sources = f" ({', '.join(target.sources)})" if target.sources else ""
        # An error for programs names the argument.
        message = str(error).replace("allow_http=True", f"{variable_name(name, 'ALLOW_HTTP')}=true")
        raise ConfigurationError(f"{name}{sources}: {message}") from None


async def _start_sandbox(
    stack: AsyncExitStack, name: str, settings: SandboxSettings, started: list[Sandbox] | None
) -> _Target:
    sandbox = await stack.enter_async_context(make_sandbox(name, settings))
    if started is not None:
        started.append(sandbox)
    return _Target(api_key=sandbox.api_key, base_url=sandbox.url, settings=sandbox.settings)


async def _find_api(stack: AsyncExitStack, name: str, key_file: Path | None) -> _Target:
    check_variables_are_unique(name)
    make = load_provider(name)
    server = None if key_file is not None else find_token_server(make)
    variables = {} if server is None else find_token_variables(name)
    api_key: str | OAuth2Client
    if server is not None and variables:
        api_key = await open_tokens(stack, name, server, variables)
        sources = [*variables.values()]
    else:
        api_key, source = _find_key(name, key_file, renews=server is not None)
        sources = [source]
    base_url = get_setting(variable_name(name, "BASE_URL"))
    found = read_settings(name, make)
    for unknown in find_unknown_variables(name, make):
        print_message(
            f"{describe_source(unknown)} is set, but {name} has no such setting, so it is not used."
        )
    origin = () if base_url is None else (describe_source(variable_name(name, "BASE_URL")),)
    return _Target(
        api_key=api_key,
        base_url=base_url,
        settings={setting: value for setting, (value, _) in found.items()},
        sources=(*sources, *origin, *(each for _, each in found.values())),
    )


def _find_key(name: str, key_file: Path | None, *, renews: bool) -> tuple[str, str]:
    """The key, and the option or variable that it comes from.

    If the provider *renews* its key with OAuth2, an error also names the variables for that.
    """
    source = find_key_variable(name)
    if key_file is not None:
        return read_secret(key_file, "key"), "--key-file"
    if source is None:
        tokens = (
            f" For keys that are renewed, set {variable_name(name, 'CLIENT_ID')}, "
            "…_CLIENT_SECRET and …_TOKEN_FILE instead."
            if renews
            else ""
        )
        if reason := describe_unset(variable_name(name, "API_KEY")):
            raise ConfigurationError(
                f"No key for {name}: {reason}. Set it, or name a file that holds the key with "
                f"--key-file {name}=PATH."
            )
        raise ConfigurationError(
            f"No key for {name}: set {variable_name(name, 'API_KEY')}, or name a file that holds "
            f"it with --key-file {name}=PATH.{tokens} With --sandbox you need no key."
        )
    value = get_setting(source) or ""
    in_file = source == variable_name(name, "API_KEY_FILE")
    return (read_secret(value, "key") if in_file else value), describe_source(source)
