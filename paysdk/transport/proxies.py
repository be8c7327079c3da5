"""Finds the passwords of a session's proxies, which must not be shown."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.request import getproxies

from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

__all__ = ["find_proxy_passwords"]


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
