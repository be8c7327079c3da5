"""Finding what installed packages bring, by name."""

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
    "installed_names",
    "installed_providers",
    "load",
    "load_provider",
    "open_provider",
    "unfit",
]

GROUP = "paysdk.providers"

_PROMISED = ("name", "capabilities", "list_payments", "aclose")


def installed_names(group: str) -> list[str]:
    """The names in an entry-point group, in alphabetical order. Nothing is imported for them."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load(kind: str, group: str, name: str) -> Callable[..., object]:
    """What is registered under *name* in an entry-point group; messages call it a *kind*.

    Raises ``ConfigurationError`` where there is nothing of that name, several, or something that
    cannot be imported or called.
    """
    found = list(entry_points(group=group, name=name))
    if not found:
        raise ConfigurationError(
            f"There is no {kind} {name!r}. Installed are: "
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
    except BaseException as error:  # whatever else somebody else's module raises on import
        raise ConfigurationError(
            f"{where} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if not callable(loaded):
        raise ConfigurationError(f"{where} is no class and no function, so none can be made.")
    return loaded


def unfit(make: Callable[..., object], *arguments: object, **named: object) -> str | None:
    """Why *make* cannot be called with these arguments, or ``None`` if it can or does not say.

    It is not called for that: a ``TypeError`` that it raises itself is a fault of its own, and no
    wrong argument.
    """
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError):  # what is written in C may have none
        return None
    try:
        signature.bind(*arguments, **named)
    except TypeError as error:
        return str(error)
    return None


def installed_providers() -> list[str]:
    """The names of the installed providers, in alphabetical order. None of them is imported."""
    return installed_names(GROUP)


def load_provider(name: str) -> Callable[..., PaymentsProvider]:
    """The class of an installed provider.

    Raises ``ConfigurationError`` where there is none of that name, several, one that cannot be
    imported, one that can be seen to make no provider, or one whose class has another ``name``.
    """
    loaded = load("provider", GROUP, name)
    _check_kind(name, loaded)
    _check_name(name, loaded)
    return cast("Callable[..., PaymentsProvider]", loaded)


def open_provider(
    name: str, *, api_key: str | Callable[[], Awaitable[str]], **settings: object
) -> PaymentsProvider:
    """An installed provider by name: ``open_provider("campfire", api_key=key)``.

    Its class is called with the key, and with *settings* by their names. Raises
    ``ConfigurationError`` for an unknown name or setting, and where what the class makes is no
    ``PaymentsProvider``, or one of another ``name``. Whatever else the class raises comes through
    as it is.
    """
    try:
        make = load_provider(name)
        if reason := unfit(make, "key", **settings):  # what stands for the key
            raise ConfigurationError(
                f"The provider {name!r} does not take these settings: {reason}"
            )
        provider = make(api_key, **settings)
    finally:
        del api_key  # so that no traceback can show it
    # The class is asked first: a property may have no answer before the provider is open.
    missing = [
        promised
        for promised in _PROMISED
        if not hasattr(type(provider), promised) and not hasattr(provider, promised)
    ]
    if missing:
        raise ConfigurationError(
            f"What is installed as provider {name!r} is no PaymentsProvider: it has no "
            f"{', '.join(missing)}."
        )
    _check_name(name, provider)
    return provider


def _check_kind(name: str, loaded: object) -> None:
    """Refuse what can be seen to make no provider before it is called."""
    where = f"What is installed as provider {name!r} is no PaymentsProvider"
    if inspect.iscoroutinefunction(loaded):
        raise ConfigurationError(
            f"{where}: it is a coroutine function, and what is called must give the provider at "
            "once."
        )
    # A class may make some of them when it is called, but one that has none, and no way to answer
    # for them, was not meant for one.
    if isinstance(loaded, type) and {*_PROMISED, "__getattr__"}.isdisjoint(dir(loaded)):
        raise ConfigurationError(f"{where}: it has none of {', '.join(_PROMISED)}.")


def _check_name(name: str, provider: object) -> None:
    """Check that a provider has the name that it is installed under, as its payments do."""
    said: object = None
    with suppress(Exception):  # a property may have no answer before the provider is open
        said = getattr(provider, "name", None)
    if isinstance(said, str) and said != name:
        raise ConfigurationError(
            f"What is installed as provider {name!r} says that its name is {said!r}. Its package "
            "must give the entry point that name."
        )


def _describe(entry: EntryPoint) -> str:
    return f"{entry.value} of {entry.dist.name}" if entry.dist else entry.value
