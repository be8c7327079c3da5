"""Where payments were listed from.

It keeps payments of a sandbox and of the real service out of one account.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from paysdk.errors import ConfigurationError
from paysdk.transport.origin import is_loopback

__all__ = ["LOOPBACK", "check_origin", "get_origin"]

# One name for every port of this machine, because a sandbox gets a new port each time.
LOOPBACK = "loopback"
_DEFAULT_PORTS = {"https": 443, "http": 80}


def get_origin(provider: object) -> str | None:
    """Return where a provider lists from: its ``origin`` or, if it has none, its ``base_url``.

    A tenant stays in it, after ``#``. ``None`` if the provider has neither.
    """
    given: object = getattr(provider, "origin", None) or getattr(provider, "base_url", None)
    if not isinstance(given, str):
        return None
    with suppress(ValueError):
        parts = urlsplit(given)
        if parts.hostname is not None:
            tenant = f"#{parts.fragment}" if parts.fragment else ""
            if is_loopback(parts.hostname):
                return f"{LOOPBACK}{tenant}"
            port = (
                "" if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
            )
            return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}{tenant}"
    return given


def check_origin(provider: str, account: str, remembered: str | None, origin: str | None) -> None:
    """Raise ``ConfigurationError`` if the account's payments were listed from another origin.

    If either origin is unknown, this does nothing.
    """
    if remembered is None or origin is None or remembered == origin:
        return
    raise ConfigurationError(
        f"The {provider} payments of account {account!r} in this database were listed from "
        f"{_describe(remembered)}, not from {_describe(origin)}. No request was sent, and nothing "
        "was written. Name another database, or another account."
    )


def _describe(origin: str) -> str:
    place, sign, tenant = origin.partition("#")
    return f"this machine (a sandbox){sign}{tenant}" if place == LOOPBACK else origin
