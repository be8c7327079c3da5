"""Finds the providers of installed packages by name."""

from __future__ import annotations

import inspect
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.provider import PaymentsProvider

__all__ = [
    "explain_mismatch",
    "installed_names",
    "installed_providers",
    "load",
    "load_provider",
    "open_provider",
]

GROUP = "paysdk.providers"

_REQUIRED = ("name", "capabilities", "list_payments", "aclose")


def installed_names(group: str) -> list[str]:
    """Return the names in an entry-point group, in alphabetical order. Nothing is imported."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load(kind: str, group: str, name: str) -> Callable[..., object]:
    """Import and return the callable with this *name* in an entry-point group.

    Messages call it a *kind*. Raises ``ConfigurationError`` if no package or several packages have
    the name, or if the object cannot be imported or called.
    """
    found = list(entry_points(group=group, name=name))
    if not found:
        raise ConfigurationError(
            f"There is no {kind} {name!r}. Installed: "
            f"{', '.join(installed_names(group)) or 'none'}."
        )
    if len({entry.value for entry in found}) > 1:
        several = ", ".join(map(_describe, found))
        raise ConfigurationError(
            f"Several installed packages have a {kind} {name!r}: {several}. Uninstall all but one."
        )
    where = f"The {kind} {name!r} ({_describe(found[0])})"
    try:
        loaded: object = found[0].load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module of another package can raise anything
        raise ConfigurationError(
            f"{where} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if not callable(loaded):
        raise ConfigurationError(f"{where} cannot be called, so it cannot make a {kind}.")
    return loaded


def explain_mismatch(
    make: Callable[..., object], *arguments: object, **named: object
) -> str | None:
    """Return why *make* cannot take these arguments, or ``None`` if it can or has no signature.

    *make* is not called: a ``TypeError`` from inside it would be an error of its own, and not a
    wrong argument.
    """
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):  # a callable written in C may have no signature
        return None
    try:
        signature.bind(*arguments, **named)
    except TypeError as error:
        return str(error)
    return None


def installed_providers() -> list[str]:
    """Return the names of the installed providers, in alphabetical order. Nothing is imported."""
    return installed_names(GROUP)


def load_provider(name: str) -> Callable[..., PaymentsProvider]:
    """Return the class of an installed provider.

    Raises ``ConfigurationError`` if no package or several packages have the name, if the class
    cannot be imported, if it cannot make a provider, or if it has another ``name``.
    """
    loaded = load("provider", GROUP, name)
    _check_kind(name, loaded)
    _check_name(name, loaded)
    return cast("Callable[..., PaymentsProvider]", loaded)


def open_provider(
    name: str, *, api_key: str | Callable[[], Awaitable[str]], **settings: object
) -> PaymentsProvider:
    """Make an installed provider by name: ``open_provider("campfire", api_key=key)``.

    Calls its class with the key, and with *settings* as keyword arguments. Raises
    ``ConfigurationError`` for an unknown name or setting. Also raises it if the result is not a
    ``PaymentsProvider`` or has another ``name``. Other exceptions of the class are not caught.
    """
    try:
        make = load_provider(name)
        if reason := explain_mismatch(make, "key", **settings):  # "key" represents the key
            raise ConfigurationError(
                f"The provider {name!r} does not take these settings: {reason}"
            )
        provider = make(api_key, **settings)
    finally:
        del api_key  # so that no traceback can show it
    # Look at the class first: a property may raise before the provider is open.
    missing = [
        required
        for required in _REQUIRED
        if not hasattr(type(provider), required) and not hasattr(provider, required)
    ]
    if missing:
        raise ConfigurationError(
            f"The object installed as provider {name!r} is not a PaymentsProvider: it lacks "
            f"{', '.join(missing)}."
        )
    _check_name(name, provider)
    return provider


def _check_kind(name: str, loaded: object) -> None:
    """Refuse an object that obviously cannot make a provider, before it is called."""
    where = f"The object installed as provider {name!r} is not a PaymentsProvider"
    if inspect.iscoroutinefunction(loaded):
        raise ConfigurationError(
            f"{where}: it is a coroutine function. It must return the provider without await."
        )
    # A class may set some of these attributes in its constructor. The class of a provider has at
    # least one of them, or `__getattr__`.
    if isinstance(loaded, type) and {*_REQUIRED, "__getattr__"}.isdisjoint(dir(loaded)):
        raise ConfigurationError(f"{where}: it has none of {', '.join(_REQUIRED)}.")


def _check_name(name: str, provider: object) -> None:
    """Check that a provider's own name, which its payments carry, is the installed name."""
    said: object = None
    with suppress(Exception):  # a property may raise before the provider is open
        said = getattr(provider, "name", None)
    if isinstance(said, str) and said != name:
        raise ConfigurationError(
            f"The object installed as provider {name!r} says that its name is {said!r}. Its "
            "package must use this name for the entry point."
        )


def _describe(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name}" if entry.dist else entry.value
