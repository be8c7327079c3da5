"""Where requests may go: the configured origin, and nowhere else."""

from __future__ import annotations

import logging
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import attrs

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from paysdk.transport.messages import Request, Response

__all__ = ["follow_redirect", "is_loopback", "parse_origin"]

_log = logging.getLogger("paysdk")

_FOLLOWED_STATUSES = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[A-Za-z0-9._-]+")
# What RFC 3986 allows in a path, and in a query besides; a Location may hold anything, and a
# request line may not.
_PATH_SAFE = "%/:@!$&'()*+,;=~"
_QUERY_SAFE = _PATH_SAFE + "?"


def parse_origin(base_url: str, *, allow_http: bool = False) -> str:
    """*base_url* as an origin without a trailing slash.

    Raises ``ConfigurationError`` for anything but an origin, and for plain http to another machine,
    which would show the key to everybody on the way. With *allow_http* that is a warning in the
    log.
    """
    hint = "Give the origin alone, such as https://api.example.com."
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"base_url is no URL: {error}. {hint}") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0:
        raise ConfigurationError(f"base_url is no http(s) URL with a host. {hint}")
    # urlsplit drops spaces, line ends and control characters, and a host that is no plain ASCII may
    # look like another.
    if (
        " " in base_url
        or not base_url.isprintable()
        or not (_is_address(host) if "[" in parts.netloc else _HOST.fullmatch(host))
    ):
        raise ConfigurationError(
            "base_url has a character that no host has; write an international name in its "
            f"ASCII form, xn--…. {hint}"
        )
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise ConfigurationError(
            "base_url must have no user, path, query or fragment; the provider knows its paths. "
            f"{hint}"
        )
    if parts.scheme == "http" and not is_loopback(host):
        if not allow_http:
            raise ConfigurationError(
                f"base_url must be https: over http the key can be read on its way to {host}. "
                "Only loopback may be http. "
                "If the way there is in a network of your own, set allow_http=True."
            )
        _log.warning(
            "The API key goes to %s over plain http, where it can be read on its way.", host
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def follow_redirect(origin: str, request: Request, response: Response) -> Request | None:
    """The request to follow a redirect with, or ``None`` where there is none to follow.

    Only a GET is followed, and only on the same origin: a POST would be sent again, and another
    origin would be given the key.
    """
    location = response.headers.get("location")
    if response.status not in _FOLLOWED_STATUSES or request.method != "GET" or location is None:
        return None
    try:
        target = urlsplit(urljoin(origin + request.target, location))
        same = _origin_parts(target.geturl()) == _origin_parts(origin)
    except ValueError:
        return None
    if not same:
        return None
    return attrs.evolve(
        request,
        path=_quote(target.path or "/", _PATH_SAFE),
        query=_quote(target.query, _QUERY_SAFE),
    )


def _quote(text: str, safe: str) -> str:
    # Bytes of a header that are no UTF-8 arrive as surrogates.
    return quote(text, safe=safe, errors="surrogateescape")


def _origin_parts(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine."""
    # Not "*.localhost": a resolver may ask the network for those.
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
