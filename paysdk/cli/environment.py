"""What the environment says of a provider: ``PAYSDK_ACME_API_KEY``, and a variable for each other setting that its class takes."""

from __future__ import annotations

import inspect
import os
import re
from typing import TYPE_CHECKING

from paysdk.discovery import installed_providers
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "check_own_variables",
    "key_source",
    "parameters",
    "settings_found",
    "unknown_variables",
    "variable",
]

_OPTIONAL = re.compile(r"(?:typing\.)?Optional\[(.*)]")
_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_TRUE_OR_FALSE = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
# How a text is read that stands for a value of a type, and what it must be.
_READERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (lambda text: _TRUE_OR_FALSE[text.lower()], "true or false"),
}


def variable(provider: str, what: str) -> str:
    """The name of an environment variable for a provider, such as ``PAYSDK_ACME_API_KEY``."""
    return f"PAYSDK_{re.sub(r'[^A-Z0-9]', '_', provider.upper())}_{what}"


def key_source(provider: str) -> str | None:
    """The environment variable that gives the provider's key, by itself or through a file; ``None`` where none is set."""
    return next(
        (
            name
            for what in ("API_KEY", "API_KEY_FILE")
            if os.environ.get(name := variable(provider, what))
        ),
        None,
    )


def check_own_variables(provider: str) -> None:
    """Raise ``ConfigurationError`` where another provider's variables have the same names: its key would go to this one's origin."""
    same = [
        other
        for other in installed_providers()
        if other != provider and variable(other, "") == variable(provider, "")
    ]
    if same:
        raise ConfigurationError(
            f"The variables {variable(provider, '…')} would be those of {provider} and of "
            f"{', '.join(same)}, so none of them is used. "
            "Uninstall all but one."
        )


def parameters(make: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    """What a provider's class takes; where it passes ``**settings`` on, also what the classes that it is made from take."""
    found: dict[str, inspect.Parameter] = {}
    for each in inspect.getmro(make) if isinstance(make, type) else (make,):
        try:
            taken = inspect.signature(each).parameters
        except ValueError:  # what is written in C may have none
            break
        found = {**taken, **found}
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in taken.values()):
            break
    return found


def settings_found(provider: str, make: Callable[..., object]) -> dict[str, tuple[object, str]]:
    """The settings that the environment gives, each with its variable. The key and the origin are not among them.

    Raises ``ConfigurationError`` for one that cannot be read, or that no text can say.
    """
    found: dict[str, tuple[object, str]] = {}
    for name, parameter in parameters(make).items():
        source = variable(provider, name.upper())
        if (
            name not in {"api_key", "base_url"}
            and parameter.kind not in _MANY
            and (text := os.environ.get(source))
        ):
            found[name] = _read(text, parameter, source), source
    return found


def unknown_variables(provider: str, make: Callable[..., object]) -> list[str]:
    """The variables that are set in the provider's name and that nothing reads, in alphabetical order: mistyped, most likely."""
    own = variable(provider, "")
    known = {variable(provider, what) for what in ("API_KEY", "API_KEY_FILE", "BASE_URL")}
    known |= {
        variable(provider, name.upper())
        for name, parameter in parameters(make).items()
        if parameter.kind not in _MANY
    }
    # Those of acme-pay begin as those of acme do.
    longer = tuple(
        prefix
        for other in installed_providers()
        if (prefix := variable(other, "")) != own and prefix.startswith(own)
    )
    given = (
        name
        for name, text in os.environ.items()
        if text and name.startswith(own) and not name.startswith(longer)
    )
    return sorted(set(given) - known)


def _read(text: str, parameter: inspect.Parameter, source: str) -> object:
    kind = _kind(parameter)
    if kind not in _READERS:
        raise ConfigurationError(
            f"{source} is set, but {parameter.name} is a {kind}, which no variable can give. "
            "Unset it."
        )
    read, what = _READERS[kind]
    try:
        return read(text)
    except (ValueError, LookupError):
        raise ConfigurationError(f"{source} must be {what}, not {text!r}.") from None


def _kind(parameter: inspect.Parameter) -> str:
    """The parameter's type as it is written, but for ``None``. One that has none takes a text."""
    if parameter.annotation is parameter.empty:
        return "str"
    # Names in an annotation may be there for type checkers only, so it is not evaluated.
    written = (
        parameter.annotation
        if isinstance(parameter.annotation, str)
        else inspect.formatannotation(parameter.annotation)
    )
    within = _OPTIONAL.fullmatch(written)
    return " | ".join(
        part for part in (within[1] if within else written).split(" | ") if part != "None"
    )
