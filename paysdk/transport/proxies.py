"""What a given session's proxies must keep to themselves."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.request import getproxies

from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

__all__ = ["passwords_of_proxies"]


def passwords_of_proxies(session: aiohttp.ClientSession) -> tuple[str, ...]:
    """The passwords of the session's proxies, in every form in which they are sent."""
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
    # aiohttp gives a session's proxy no public name.
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
