"""Reaching the providers that were named: keys and origins from the environment, or sandboxes in this process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from paysdk.cli.environment import (
    check_own_variables,
    key_source,
    parameters,
    settings_found,
    unknown_variables,
    variable,
)
from paysdk.cli.errors import as_paysdk_error
from paysdk.cli.output.terminal import print_message
from paysdk.currencies import check_currency
from paysdk.discovery import installed_providers, load_provider, open_provider
from paysdk.errors import ConfigurationError, PaysdkError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from paysdk.errors import MalformedResponseError
    from paysdk.events import Event
    from paysdk.provider import PaymentsProvider
    from paysdk.testing import Sandbox

__all__ = ["ProviderSelection", "SandboxSettings", "make_sandbox", "open_providers"]


@attrs.frozen(kw_only=True)
class SandboxSettings:
    """What every sandbox is started with: how many payments it has, and by how many seconds it delays each answer."""

    payments: int
    latency: float


@attrs.frozen(kw_only=True)
class ProviderSelection:
    """The providers that were named, and how to reach them; without ``sandbox`` that is the real API."""

    names: tuple[str, ...]
    sandbox: SandboxSettings | None = None
    key_files: Mapping[str, Path] = attrs.field(factory=dict[str, Path])
    currency: str | None = None


def make_sandbox(name: str, settings: SandboxSettings) -> Sandbox:
    """The provider's sandbox, not yet started.

    Raises ``ConfigurationError`` where it has none that takes these settings.
    """
    from paysdk.testing import open_sandbox  # noqa: PLC0415  # a server is not loaded for those who need none

    return open_sandbox(name, **attrs.asdict(settings))


@asynccontextmanager
async def open_providers(
    chosen: ProviderSelection,
    faults: list[PaysdkError],
    on_event: Callable[[Event], object] | None = None,
    on_malformed: Callable[[MalformedResponseError], object] | None = None,
) -> AsyncGenerator[list[PaymentsProvider]]:
    """The providers, in the order in which they were named; whatever was started for them ends with the context.

    One that is broken itself is left out, and the error added to *faults*; so it is for one that
    cannot be closed. Raises ``ConfigurationError`` for whatever else is wrong with any of them,
    before anything is sent.
    """
    wanted = {"currency": chosen.currency, "on_event": on_event, "on_malformed": on_malformed}
    extra = {
        name: _known_settings(make, **wanted) for name, make in _load(chosen.names, faults).items()
    }
    if (
        chosen.currency is not None
        and extra
        and not any("currency" in settings for settings in extra.values())
    ):
        raise ConfigurationError(
            f"--currency is for providers that send none, unlike {', '.join(extra)}. Leave it out."
        )
    async with AsyncExitStack() as stack:
        providers: list[PaymentsProvider] = []
        for name, settings in extra.items():
            try:
                provider = await _open(stack, chosen, name, settings)
            except PaysdkError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
                faults.append(as_paysdk_error(name, error))
            else:
                stack.push_async_callback(_close, name, provider, faults)
                providers.append(provider)
        yield providers


def _load(
    names: Iterable[str], faults: list[PaysdkError]
) -> dict[str, Callable[..., PaymentsProvider]]:
    installed = installed_providers()
    loaded: dict[str, Callable[..., PaymentsProvider]] = {}
    for name in names:
        try:
            loaded[name] = load_provider(name)
        except ConfigurationError as error:
            if name not in installed:  # mistyped, which is not the provider's fault
                raise
            faults.append(PaysdkError(str(error)))
    return loaded


async def _open(
    stack: AsyncExitStack, chosen: ProviderSelection, name: str, extra: Mapping[str, object]
) -> PaymentsProvider:
    reached = (
        _reach_api(name, chosen.key_files.get(name))
        if chosen.sandbox is None
        else await _reach_sandbox(stack, name, chosen.sandbox)
    )
    return _provider(name, reached, {**reached.settings, **extra})


async def _close(name: str, provider: PaymentsProvider, faults: list[PaysdkError]) -> None:
    try:
        await provider.aclose()
    except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
        faults.append(as_paysdk_error(name, error))


@attrs.frozen(kw_only=True)
class _Reached:
    """A provider's key, origin and other settings, and what of the user's they came from."""

    api_key: str = attrs.field(repr=False)
    base_url: str | None
    settings: Mapping[str, object] = attrs.field(factory=dict[str, object], repr=False)
    sources: tuple[str, ...] = ()


def _known_settings(make: Callable[..., object], **settings: object) -> dict[str, object]:
    """Those of the settings that are given and that the provider knows: the protocol does not ask for them."""
    known = parameters(make)
    return {
        setting: value
        for setting, value in settings.items()
        if value is not None and setting in known
    }


def _provider(name: str, reached: _Reached, extra: Mapping[str, object]) -> PaymentsProvider:
    origin = {} if reached.base_url is None else {"base_url": reached.base_url}
    try:
        if (currency := extra.get("currency")) is not None:
            extra = {**extra, "currency": check_currency("currency", currency)}
        return open_provider(name, api_key=reached.api_key, **origin, **extra)
    except ConfigurationError as error:
        sources = f" ({', '.join(reached.sources)})" if reached.sources else ""
        raise ConfigurationError(f"{name}{sources}: {error}") from None


async def _reach_sandbox(stack: AsyncExitStack, name: str, settings: SandboxSettings) -> _Reached:
    sandbox = await stack.enter_async_context(make_sandbox(name, settings))
    return _Reached(api_key=sandbox.api_key, base_url=sandbox.url)


def _reach_api(name: str, key_file: Path | None) -> _Reached:
    check_own_variables(name)
    api_key, source = _key(name, key_file)
    base_url = os.environ.get(variable(name, "BASE_URL")) or None
    make = load_provider(name)
    found = settings_found(name, make)
    for unknown in unknown_variables(name, make):
        print_message(f"{unknown} is set, but {name} has no such setting, so it is not used.")
    origin = () if base_url is None else (variable(name, "BASE_URL"),)
    return _Reached(
        api_key=api_key,
        base_url=base_url,
        settings={setting: value for setting, (value, _) in found.items()},
        sources=(source, *origin, *(each for _, each in found.values())),
    )


def _key(name: str, key_file: Path | None) -> tuple[str, str]:
    source = key_source(name)
    if key_file is not None:
        return _key_in(key_file), "--key-file"
    if source is None:
        raise ConfigurationError(
            f"There is no key for {name}: set {variable(name, 'API_KEY')}, or name a file that "
            f"holds it with --key-file {name}=PATH. "
            "--sandbox needs none."
        )
    value = os.environ[source]
    return (_key_in(Path(value)) if source == variable(name, "API_KEY_FILE") else value), source


def _key_in(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"The key file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The key file {path} is no text.") from None
