"""Checks what the class of a provider says about its API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from inspect import getattr_static
from typing import cast

from paysdk.arguments import check_int
from paysdk.errors import ConfigurationError
from paysdk.provider import Capabilities
from paysdk.transport.conventions import check_headers, check_scheme

__all__ = ["check_declarations"]

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_MISSING = object()
_REQUIRED = frozenset({"name", "default_base_url", "authorization_scheme"})
# The statuses that can mean that nothing was found.
_FIRST_STATUS, _LAST_STATUS = 204, 499


def check_declarations(provider: object) -> None:
    """Raise ``ConfigurationError`` if an attribute of the provider's class cannot be right.

    A property is not read: it may need an object that is complete.
    """
    for name, check in _CHECKS.items():
        value = getattr_static(provider, name, _MISSING)
        if hasattr(value, "__get__") or (value is _MISSING and name not in _REQUIRED):
            continue
        try:
            check(value)
        except ConfigurationError as error:
            said = "It is missing." if value is _MISSING else error
            raise ConfigurationError(f"{type(provider).__name__}.{name}: {said}") from None


def _check_name(value: object) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ConfigurationError(
            "It must be a lower-case word of letters, digits, '-' and '_' that begins with a "
            f"letter, not {value!r}."
        )


def _check_capabilities(value: object) -> None:
    if not isinstance(value, Capabilities):
        raise ConfigurationError(f"It must be Capabilities(...), not {value!r}.")


def _check_url(value: object) -> None:
    if not isinstance(value, str):
        raise ConfigurationError(f"It must be the URL of the API, not {value!r}.")


def _check_headers(value: object) -> None:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"It must be a mapping of headers, not {value!r}.")
    check_headers(cast("Mapping[str, str]", value))


def _check_header_names(value: object) -> None:
    if not isinstance(value, AbstractSet | tuple | list):
        raise ConfigurationError(f"It must be a set of names of headers, not {value!r}.")
    check_headers(dict.fromkeys(cast("AbstractSet[str]", value), "x"))


def _check_statuses(value: object) -> None:
    if not isinstance(value, AbstractSet | tuple | list):
        raise ConfigurationError(f"It must be a set of statuses, such as {{204}}, not {value!r}.")
    for status in cast("AbstractSet[object]", value):
        check_int("A status that means that nothing was found", status, _FIRST_STATUS, _LAST_STATUS)


_CHECKS: Mapping[str, Callable[[object], None]] = {
    "name": _check_name,
    "capabilities": _check_capabilities,
    "default_base_url": _check_url,
    "authorization_scheme": check_scheme,
    "headers": _check_headers,
    "header_parameters": _check_header_names,
    "reset_headers": _check_header_names,
    "request_id_headers": _check_header_names,
    "empty_statuses": _check_statuses,
}
