"""Finds the proxy of the environment, and the passwords of proxies, which must not be shown."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from paysdk.errors import ConfigurationError
from paysdk.transport.origin import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

__all__ = ["find_proxy", "find_proxy_passwords"]


def find_proxy(origin: str) -> str | None:
    """Return the proxy that the environment names for *origin*, or ``None``.

    ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` count, in upper or lower case. A
    proxy cannot reach the loopback of this machine, so loopback needs none.

    aiohttp's own ``trust_env`` is not used, because it also takes a login from ``~/.netrc``.

    Raises ``ConfigurationError`` if the proxy is not an http or https URL.
    """
    parts = urlsplit(origin)
    found = getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc):
        return None
    address = proxy if "://" in proxy else f"http://{proxy}"
    try:
        url = URL(address)
        usable = url.scheme in {"http", "https"} and bool(url.host)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            f"The proxy in {parts.scheme.upper()}_PROXY or ALL_PROXY is not an http or https URL, "
            "such as http://proxy.example.com:3128. Correct it, or name the host in NO_PROXY."
        )
    return address


def find_proxy_passwords(session: aiohttp.ClientSession) -> tuple[str, ...]:
    """Return the passwords of the session's proxies, in every form in which they are sent."""
    found = list(_in_header(session.headers.get("Proxy-Authorization", "")))
    for user, password in _logins(session):
        found += [base64.b64encode(f"{user}:{password}".encode()).decode(), password]
    return tuple(found)


def _in_header(value: str) -> Iterator[str]:
    if login := value.rpartition(" ")[2]:
        yield login
        try:
            yield base64.b64decode(login, validate=True).decode().partition(":")[2]
        except ValueError:
            return


def _logins(session: aiohttp.ClientSession) -> Iterator[tuple[str, str]]:
    # aiohttp has no public name for a session's proxy.
    # BasicAuth is a named tuple of login, password and encoding.
    auth: tuple[str, str, str] | None = getattr(session, "_default_proxy_auth", None)
    if auth is not None:
        yield auth[0], auth[1]
    proxies: list[object] = [getattr(session, "_default_proxy", None)]
    if session.trust_env:
        proxies += getproxies().values()
    for proxy in proxies:
        try:
            url = URL(str(proxy or ""))
        except ValueError:
            continue
        if url.password:
            yield url.user or "", url.password
