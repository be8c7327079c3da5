"""Finding installed providers by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.provider import PaymentsProvider

__all__ = ["installed_providers", "load_provider", "open_provider"]

GROUP = "paysdk.providers"


def installed_providers() -> list[str]:
    """The names of the installed providers, in alphabetical order. None of them is imported."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_provider(name: str) -> Callable[..., PaymentsProvider]:
    """The class of an installed provider.

    Raises ``ConfigurationError`` where there is none of that name, several, or one that cannot be imported.
    """
    found = list(entry_points(group=GROUP, name=name))
    if not found:
        raise ConfigurationError(f"There is no provider {name!r}. Installed are: {', '.join(installed_providers()) or 'none'}.")
    if len({entry.value for entry in found}) > 1:
        several = ", ".join(map(_described, found))
        raise ConfigurationError(f"Several installed packages have a provider {name!r}: {several}. Uninstall all but one.")
    try:
        return cast("Callable[..., PaymentsProvider]", found[0].load())
    except Exception as error:  # whatever somebody else's module raises on import
        raise ConfigurationError(
            f"The provider {name!r} ({_described(found[0])}) cannot be imported: {type(error).__name__}: {error}"
        ) from error


def open_provider(name: str, *, api_key: str | Callable[[], Awaitable[str]], **settings: object) -> PaymentsProvider:
    """An installed provider by name: ``open_provider("campfire", api_key=key)``.

    *settings* are the provider's own, as its class takes them. Raises ``ConfigurationError`` for an unknown name or setting.
    """
    try:
        return load_provider(name)(api_key, **settings)
    except TypeError as error:
        raise ConfigurationError(f"The provider {name!r} does not take these settings: {error}") from None
    finally:
        del api_key  # so that no traceback can show it


def _described(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name}" if entry.dist else entry.value
