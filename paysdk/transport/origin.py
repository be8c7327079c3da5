"""Where requests may go: the configured origin, and nowhere else."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import attrs

from paysdk.errors import ConfigurationError
from paysdk.messages import Request, Response

__all__ = ["checked_origin", "redirected"]

_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"https": 443, "http": 80}


def checked_origin(base_url: str) -> str:
    """*base_url* as an origin without a trailing slash.

    Raises ``ConfigurationError`` for anything but an origin, and for plain http to another machine, which would show the key to everybody
    on the way.
    """
    hint = "Give the origin alone, such as https://api.example.com."
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"base_url is no URL: {error}. {hint}") from None
    if parts.scheme not in _DEFAULT_PORTS or not host or any(map(str.isspace, base_url)):
        raise ConfigurationError(f"base_url is no http(s) URL with a host. {hint}")
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise ConfigurationError(f"base_url must have no user, path, query or fragment; the provider knows its paths. {hint}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ConfigurationError(f"base_url must be https: over http the key could be read on the way to {host}. Only a loopback host may be http.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def redirected(origin: str, request: Request, response: Response) -> Request | None:
    """The request to follow a redirect with, or ``None`` where there is none to follow.

    Only a GET is followed, and only on the same origin: a POST would be sent again, and another origin would be given the key.
    """
    location = response.headers.get("location")
    if response.status not in _FOLLOWED or request.method != "GET" or location is None:
        return None
    try:
        target = urlsplit(urljoin(origin + request.target, location))
        same = _origin_parts(target.geturl()) == _origin_parts(origin)
    except ValueError:
        return None
    return attrs.evolve(request, path=target.path or "/", query=target.query) if same else None


def _origin_parts(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
