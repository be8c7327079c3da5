"""Builds requests that paysdk does not model. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from paysdk.errors import ConfigurationError
from paysdk.pagination.queries import encode_query
from paysdk.transport.messages import Request

__all__ = ["build_request"]

_FORM = "application/x-www-form-urlencoded"
_METHOD = re.compile("[A-Z]+")
# The characters that RFC 3986 (section 3.3) allows in a path, and "%" for encoded characters.
_PATH = re.compile(r"/[A-Za-z0-9!$%&'()*+,;=:@._~/-]*")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def build_request(
    method: str,
    path: str,
    query: Mapping[str, object] | None = None,
    json: object = None,
    form: Mapping[str, object] | None = None,
) -> Request:
    """Return the request to *path* with these parameters and this body.

    A value of ``None`` in *query* or *form* is left out, and a list or a tuple repeats its name.
    Raises ``ConfigurationError`` for an argument that cannot be sent as it is.
    """
    _check_target(method, path)
    if json is not None and form is not None:
        raise ConfigurationError("A request has one body: give json or form, and not both.")
    if method in {"GET", "HEAD"} and (json is not None or form is not None):
        raise ConfigurationError(f"A {method} request has no body: leave out json and form.")
    encoded = encode_query(_pairs("query", query or {}))
    if form is not None:
        body = urlencode(_pairs("form", form)).encode()
        return Request(method, path, encoded, body, _FORM)
    if json is not None:
        _check_json(json, "json")
        return Request(method, path, encoded, _encode(json))
    return Request(method, path, encoded)


def _check_target(method: str, path: str) -> None:
    given_method: object = method
    given_path: object = path
    if not isinstance(given_method, str) or not _METHOD.fullmatch(given_method):
        raise ConfigurationError(f"method must be a name in capitals, such as GET, not {method!r}.")
    if not isinstance(given_path, str) or not _PATH.fullmatch(given_path):
        raise ConfigurationError(
            f"path must begin with a slash and have no host, query or fragment, not {path!r}. "
            "Give the query as query=, and percent-encode other signs."
        )
    if given_path.startswith("//") or {".", ".."} & set(
        given_path.replace("%2e", ".").replace("%2E", ".").split("/")
    ):
        raise ConfigurationError(f"path must not leave the API's own origin or folder: {path!r}.")


def _pairs(name: str, given: Mapping[str, object]) -> list[tuple[str, str]]:
    values: object = given
    if not isinstance(values, Mapping):
        raise ConfigurationError(f"{name} must map names to values, not {given!r}.")
    return [
        (key, _as_text(f"{name}[{key!r}]", each))
        for key, value in given.items()
        for each in _each(value)
        if each is not None
    ]


def _each(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]


def _as_text(name: str, given: object) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, datetime):
        if given.utcoffset() is None:
            raise ConfigurationError(f"{name} must be an aware datetime; {given!r} has no zone.")
        return given.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(given, date):
        return given.isoformat()
    if isinstance(given, Decimal) and given.is_finite():
        return f"{given:f}"
    if isinstance(given, str):
        return _check_unicode(name, given)
    if isinstance(given, int | UUID):
        return str(given)
    raise ConfigurationError(
        f"{name} must be a string, an integer, a finite Decimal, a bool, a date, an aware datetime "
        f"or None, not {given!r}."
    )


def _check_unicode(name: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"{name} has a lone surrogate, which UTF-8 cannot encode: {text!r}."
        ) from None
    return text


def _check_json(value: object, path: str) -> None:
    """Raise ``ConfigurationError`` for a value that JSON cannot hold, or would change."""
    if isinstance(value, dict):
        for name, part in cast("dict[object, object]", value).items():
            if not isinstance(name, str):
                raise ConfigurationError(f"{path} has the name {name!r}, which is not a string.")
            _check_json(part, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(cast("Sequence[object]", value)):
            _check_json(part, f"{path}[{index}]")
    elif isinstance(value, str):
        _check_unicode(path, value)
    elif isinstance(value, datetime) and value.utcoffset() is None:
        raise ConfigurationError(f"{path} must be an aware datetime; {value!r} has no zone.")
    elif isinstance(value, float | Decimal) and not math.isfinite(value):
        raise ConfigurationError(f"{path} is {value}, which JSON cannot hold.")
    elif value is not None and not isinstance(value, int | float | Decimal | date | UUID):
        raise ConfigurationError(
            f"{path} must be a value of JSON, a Decimal, a date or a UUID, not {value!r}."
        )
