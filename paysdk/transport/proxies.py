"""Finds the proxy of the environment, and the passwords of proxies, which must not be shown."""

from __future__ import annotations

import base64
import os
import re
from ipaddress import ip_address, ip_network
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from paysdk.errors import ConfigurationError
from paysdk.transport.origin import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

    import aiohttp

__all__ = ["find_proxy", "find_proxy_passwords"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


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
    if not proxy or is_loopback(parts.hostname or ""):
        return None
    # proxy_bypass also knows the settings of Windows and macOS.
    if proxy_bypass(parts.netloc) or _is_excluded(parts, found.get("no", "")):
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


def _is_excluded(origin: SplitResult, excluded: str) -> bool:
    """Whether the hosts in *excluded*, which is ``NO_PROXY``, include that of *origin*.

    An entry is a name, which includes its subdomains, an address, or a network such as
    ``10.0.0.0/8``. It may begin with ``.`` or ``*.``, or end with a port.
    """
    return any(_includes(entry, origin) for entry in re.split(r"[\s,]+", excluded) if entry)


def _includes(entry: str, origin: SplitResult) -> bool:
    host = origin.hostname or ""
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # one of them is a name, or the entry has a port
    try:
        named = urlsplit(f"//{entry.removeprefix('*').removeprefix('.')}")
        same_port = named.port in {None, origin.port or _DEFAULT_PORTS.get(origin.scheme)}
    except ValueError:
        return False
    name = named.hostname or ""
    return bool(name) and same_port and (host == name or host.endswith(f".{name}"))


# RFC 7617, section 2, leaves the encoding of a password open. aiohttp's own default is the second.
_ENCODINGS = ("utf-8", "latin-1")


def find_proxy_passwords(session: aiohttp.ClientSession) -> tuple[str, ...]:
    """Return the passwords of the session's proxies, in every form in which they are sent."""
    found = list(_in_header(session.headers.get("Proxy-Authorization", "")))
    for user, password in _logins(session):
        found += [password, *_sent_forms(user, password)]
    # A short form may be a part of a longer one.
    return tuple(sorted(dict.fromkeys(found), key=len, reverse=True))


def _sent_forms(user: str, password: str) -> Iterator[str]:
    """The login as it is sent, and the password as a proxy's response may show it."""
    for encoding in _ENCODINGS:
        try:
            sent = password.encode(encoding)
            login = f"{user}:{password}".encode(encoding)
        except UnicodeEncodeError:
            continue
        yield base64.b64encode(login).decode()
        yield from _shown_forms(sent)


def _shown_forms(password: bytes) -> Iterator[str]:
    # Bodies are searched as Latin-1. aiohttp decodes headers as UTF-8 with surrogates.
    yield password.decode("latin-1")
    yield password.decode(errors="surrogateescape")


def _in_header(value: str) -> Iterator[str]:
    if login := value.rpartition(" ")[2]:
        yield login
        try:
            sent = base64.b64decode(login, validate=True).partition(b":")[2]
        except ValueError:
            return
        yield from _shown_forms(sent)


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
        elif session.trust_env and url.host and (login := _find_in_netrc(url.host)) is not None:
            yield login


def _find_in_netrc(host: str) -> tuple[str, str] | None:
    """The user and password of a proxy in the file that aiohttp reads with ``trust_env``."""
    try:
        home = Path.home() / ("_netrc" if os.name == "nt" else ".netrc")
        found = netrc(os.environ.get("NETRC") or str(home)).authenticators(host)
    except (OSError, RuntimeError, NetrcParseError):  # RuntimeError: no home folder
        return None
    return None if found is None else (found[0] or found[1], found[2] or "")
