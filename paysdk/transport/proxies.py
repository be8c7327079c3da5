"""What a given session's proxies must keep to themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.request import getproxies

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["passwords_of_proxies"]


def passwords_of_proxies(session: aiohttp.ClientSession) -> tuple[str, ...]:
    """The passwords of the session's proxies, in every form in which they are sent."""
    return tuple(form for auth in _logins(session) for form in (_header_of(auth), auth.password) if auth.password)


def _logins(session: aiohttp.ClientSession) -> Iterator[aiohttp.BasicAuth]:
    # aiohttp gives a session's proxy no public name.
    proxies: list[object] = [getattr(session, "_default_proxy", None)]
    if session.trust_env:
        proxies += getproxies().values()
    if isinstance(auth := getattr(session, "_default_proxy_auth", None), aiohttp.BasicAuth):
        yield auth
    for proxy in proxies:
        try:
            url = URL(str(proxy)) if proxy is not None else URL()
        except ValueError:
            continue
        if url.password:
            yield aiohttp.BasicAuth(url.user or "", url.password)


def _header_of(auth: aiohttp.BasicAuth) -> str:
    return auth.encode().partition(" ")[2]
