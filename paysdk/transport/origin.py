"""Decides where requests may go: only to the configured origin."""

from __future__ import annotations

import logging
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import attrs

from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from paysdk.transport.messages import RawResponse, Request

__all__ = ["follow_redirect", "is_loopback", "parse_origin"]

_log = logging.getLogger("paysdk")

_FOLLOWED_STATUSES = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[A-Za-z0-9._-]+")
# A gateway's path has no characters that a server or a proxy may read in two ways.
_GATEWAY_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?")
# The characters that RFC 3986 allows in a path and in a query. A Location header can contain any
# character, but a request line cannot.
_PATH_SAFE = "%/:@!$&'()*+,;=~"
_QUERY_SAFE = _PATH_SAFE + "?"


def parse_origin(base_url: str, *, allow_http: bool = False) -> str:
    """Return *base_url* as an origin, with the path of a gateway, and without a trailing slash.

    Raises ``ConfigurationError`` if *base_url* is something else. Also raises it for plain http to
    another machine, because the network between could read the key. With *allow_http* this is only
    a warning in the log.
    """
    hint = "Give the origin alone, such as https://api.example.com."
    given: object = base_url
    if not isinstance(given, str):
        raise ConfigurationError(f"base_url must be a string, not {given!r}. {hint}")
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"base_url is not a URL: {error}. {hint}") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0:
        raise ConfigurationError(f"base_url is not an http(s) URL with a host. {hint}")
    # urlsplit drops spaces and control characters at the beginning, and tabs and line ends
    # anywhere. A host with characters outside ASCII can look like another host.
    if (
        " " in base_url
        or not base_url.isprintable()
        or not (_is_address(host) if "[" in parts.netloc else _HOST.fullmatch(host))
    ):
        raise ConfigurationError(
            "base_url contains a character that no host can have. Write an international name in "
            f"its ASCII form, xn--…. {hint}"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"base_url must not have a user, query or fragment. {hint}")
    if not _GATEWAY_PATH.fullmatch(parts.path):
        raise ConfigurationError(
            "base_url may have the path of a gateway, such as https://gateway.example.com/pay, "
            f"but the provider adds its own paths. {hint}"
        )
    if parts.scheme == "http" and not is_loopback(host):
        if not allow_http:
            raise ConfigurationError(
                f"base_url must be https: over http the network can read the key on its way to "
                f"{host}. Only loopback may be http. If the whole way is in your own network, set "
                "allow_http=True."
            )
        _log.warning("The API key is sent to %s over plain http, so the network can read it.", host)
    shown = f"[{host}]" if ":" in host else host
    return (
        f"{parts.scheme}://{shown}"
        + (f":{port}" if port is not None else "")
        + parts.path.rstrip("/")
    )


def follow_redirect(origin: str, request: Request, response: RawResponse) -> Request | None:
    """Return the request that follows a redirect, or ``None`` if it must not be followed.

    Only a GET on the same origin is followed: a second POST could pay twice, and another origin
    would receive the key. Behind a gateway, its path belongs to the origin.
    """
    location = response.headers.get("location")
    if response.status not in _FOLLOWED_STATUSES or request.method != "GET" or location is None:
        return None
    try:
        target = urlsplit(urljoin(origin + request.target, location))
        same = _origin_parts(target.geturl()) == _origin_parts(origin)
    except ValueError:
        return None
    gateway = urlsplit(origin).path
    path = target.path or "/"
    if not same or (gateway and not path.startswith(f"{gateway}/")):
        return None
    return attrs.evolve(
        request,
        path=_quote(path.removeprefix(gateway), _PATH_SAFE),
        query=_quote(target.query, _QUERY_SAFE),
    )


def _quote(text: str, safe: str) -> str:
    # aiohttp decodes bytes of a header that are not UTF-8 to surrogates.
    return quote(text, safe=safe, errors="surrogateescape")


def _origin_parts(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine."""
    # "*.localhost" does not count: a resolver may ask the network for such a name.
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
