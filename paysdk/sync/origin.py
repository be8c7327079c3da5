"""Where payments were listed from, so that those of a sandbox and of the real service do not come to stand in one account."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from paysdk.errors import ConfigurationError
from paysdk.transport.origin import is_loopback

if TYPE_CHECKING:
    from paysdk.provider import PaymentsProvider

__all__ = ["LOOPBACK", "check_origin", "origin_of"]

# One name for every port of this machine: a sandbox has another each time.
LOOPBACK = "loopback"
_DEFAULT_PORTS = {"https": 443, "http": 80}


def origin_of(provider: PaymentsProvider) -> str | None:
    """Where a provider lists from, by its ``base_url`` if it has one.

    ``None`` where it says nothing.
    """
    given: object = getattr(provider, "base_url", None)
    if not isinstance(given, str):
        return None
    with suppress(ValueError):
        parts = urlsplit(given)
        if parts.hostname is not None:
            if is_loopback(parts.hostname):
                return LOOPBACK
            port = (
                "" if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
            )
            return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"
    return given


def check_origin(provider: str, account: str, remembered: str | None, origin: str | None) -> None:
    """Raise ``ConfigurationError`` where the account's payments were listed from elsewhere.

    Where either is not known, all is well.
    """
    if remembered is None or origin is None or remembered == origin:
        return
    raise ConfigurationError(
        f"The {provider} payments of account {account!r} in this database were listed from "
        f"{_shown(remembered)}, not from "
        f"{_shown(origin)}. Nothing was asked or written: name another database, or another "
        "account."
    )


def _shown(origin: str) -> str:
    return "this machine (a sandbox)" if origin == LOOPBACK else origin
