"""A provider's settings from the environment or the config file: its key, its origin and others.

``paysdk providers`` and ``paysdk sandbox`` name the same variables, so they are kept here.
"""

from __future__ import annotations

import inspect
import os
import re
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from paysdk.cli.config import GENERAL, as_variable, describe_source, get_setting, list_settings
from paysdk.discovery import installed_providers, load_provider
from paysdk.errors import ConfigurationError
from paysdk.oauth2 import TokenServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "TOKEN_VARIABLES",
    "check_variables_are_unique",
    "describe_unknown_variables",
    "find_key_variable",
    "find_parameters",
    "find_settings",
    "find_token_server",
    "find_unknown_variables",
    "is_readable",
    "parse_text",
    "read_settings",
    "variable_name",
]

# What a provider with a token server reads in place of its key.
TOKEN_VARIABLES = (
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CLIENT_SECRET_FILE",
    "TOKEN_FILE",
    "TOKEN_STORE",
    "TOKEN_URL",
)
_OPTIONAL = re.compile(r"(?:typing\.)?Optional\[(.*)]")
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_TRUE_OR_FALSE = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
# For each type: how to parse its text, and what an error says that the text must be.
_PARSERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "str": (str, "a string"),
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    "bool": (lambda text: _TRUE_OR_FALSE[text.lower()], "true or false"),
}


def variable_name(provider: str, what: str) -> str:
    """The name of an environment variable for a provider, such as ``PAYSDK_ACME_API_KEY``."""
    return f"PAYSDK_{as_variable(provider)}_{what}"


def find_key_variable(provider: str) -> str | None:
    """The variable with the provider's key or the path of its file, or ``None`` if none is set."""
    return next(
        (
            name
            for what in ("API_KEY", "API_KEY_FILE")
            if get_setting(name := variable_name(provider, what))
        ),
        None,
    )


def find_token_server(make: object) -> TokenServer | None:
    """The server of the provider's tokens, or ``None`` if the class names none.

    Raises ``ConfigurationError`` if the class names something else.
    """
    found: object = getattr(make, "token_server", None)
    if found is None or isinstance(found, TokenServer):
        return found
    raise ConfigurationError(
        f"{getattr(make, '__name__', make)}.token_server must be a TokenServer, not {found!r}."
    )


def check_variables_are_unique(provider: str) -> None:
    """Raise ``ConfigurationError`` if another provider's variables have the same names.

    Otherwise the key of the other provider would be sent to this one's origin.
    """
    same = [
        other
        for other in installed_providers()
        if other != provider and variable_name(other, "") == variable_name(provider, "")
    ]
    if same:
        raise ConfigurationError(
            f"The variables {variable_name(provider, '…')} would belong to {provider} and to "
            f"{', '.join(same)}, so none of them is used. Uninstall all but one of these providers."
        )


def find_parameters(make: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a provider's class.

    If it passes ``**settings`` on, the parameters of its base classes are included.
    """
    found: dict[str, inspect.Parameter] = {}
    for each in inspect.getmro(make) if isinstance(make, type) else (make,):
        try:
            own = inspect.signature(each).parameters
        except ValueError:  # a class written in C may have no signature
            break
        found = {**own, **found}
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in own.values()):
            break
    return found


def read_settings(provider: str, make: Callable[..., object]) -> dict[str, tuple[object, str]]:
    """The settings in the environment, each with its variable, without the key and the origin.

    Raises ``ConfigurationError`` for a setting that cannot be parsed, and for one that is missing
    and has no default.
    """
    found: dict[str, tuple[object, str]] = {}
    missing: list[str] = []
    for name, parameter in find_settings(make).items():
        source = variable_name(provider, name.upper())
        if text := get_setting(source):
            shown = describe_source(source)
            found[name] = parse_text(text, parameter, shown), shown
        elif parameter.default is parameter.empty:
            missing.append(source)
    if missing:
        raise ConfigurationError(
            f"{provider} needs a setting that is missing: set {' and '.join(missing)}. With "
            "--sandbox you need no settings."
        )
    return found


def find_settings(make: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a provider's class that are not its key and its origin."""
    return {
        name: parameter
        for name, parameter in find_parameters(make).items()
        if name not in {"api_key", "base_url"} and parameter.kind not in _VARIADIC
    }


def is_readable(parameter: inspect.Parameter) -> bool:
    """Whether a variable can give this setting."""
    return _type_name(parameter) in _PARSERS


def find_unknown_variables(provider: str, make: Callable[..., object]) -> list[str]:
    """The provider's variables that are set and that no setting reads, in alphabetical order.

    They are probably mistyped.
    """
    own = variable_name(provider, "")
    # The variables of acme-pay begin like those of acme.
    longer = tuple(
        prefix
        for other in installed_providers()
        if (prefix := variable_name(other, "")) != own and prefix.startswith(own)
    )
    given = (
        name for name in list_settings() if name.startswith(own) and not name.startswith(longer)
    )
    return sorted(set(given) - _known_variables(provider, make))


def describe_unknown_variables() -> list[str]:
    """A sentence about each variable ``PAYSDK_*`` that belongs to no provider and is not general.

    It names the variable that was probably meant.
    """
    known = {"PAYSDK_CONFIG", *(f"PAYSDK_{name.upper()}" for name in GENERAL)}
    own = tuple(variable_name(provider, "") for provider in installed_providers())
    unknown = sorted(
        name
        for name, text in os.environ.items()
        if text and name.startswith("PAYSDK_") and name not in known and not name.startswith(own)
    )
    if unknown:
        for provider in installed_providers():
            with suppress(ConfigurationError):  # its own commands tell what is wrong with it
                known |= _known_variables(provider, load_provider(provider))
    return [_describe_unknown(name, known) for name in unknown]


def _describe_unknown(name: str, known: Iterable[str]) -> str:
    # The prefix, which they all have, would make any two names alike.
    words = sorted(each.removeprefix("PAYSDK_") for each in known)
    nearest = get_close_matches(name.removeprefix("PAYSDK_"), words, n=1, cutoff=0.75)
    hint = f" Did you mean PAYSDK_{nearest[0]}?" if nearest else ""
    return f"{name} is set, but paysdk has no such setting, so it is not used.{hint}"


def _known_variables(provider: str, make: Callable[..., object]) -> set[str]:
    known = {variable_name(provider, what) for what in ("API_KEY", "API_KEY_FILE", "BASE_URL")}
    if find_token_server(make) is not None:
        known |= {variable_name(provider, what) for what in TOKEN_VARIABLES}
    return known | {
        variable_name(provider, name.upper())
        for name, parameter in find_parameters(make).items()
        if parameter.kind not in _VARIADIC
    }


def parse_text(text: str, parameter: inspect.Parameter, source: str) -> object:
    """The value that *source* gives to a parameter.

    Raises ``ConfigurationError`` if the type of the parameter is another.
    """
    type_name = _type_name(parameter)
    if type_name not in _PARSERS:
        raise ConfigurationError(
            f"{source} is set, but a variable cannot hold {parameter.name}: its type is "
            f"{type_name}. Unset it."
        )
    parse, what = _PARSERS[type_name]
    try:
        return parse(text)
    except (ValueError, LookupError):
        raise ConfigurationError(f"{source} must be {what}, not {text!r}.") from None


def _type_name(parameter: inspect.Parameter) -> str:
    """The type in the parameter's annotation, without ``None``. Without an annotation, ``str``."""
    if parameter.annotation is parameter.empty:
        return "str"
    # An annotation may use names that only type checkers import, so it is not evaluated.
    annotation = (
        parameter.annotation
        if isinstance(parameter.annotation, str)
        else inspect.formatannotation(parameter.annotation)
    )
    optional = _OPTIONAL.fullmatch(annotation)
    return " | ".join(
        part for part in (optional[1] if optional else annotation).split(" | ") if part != "None"
    )
