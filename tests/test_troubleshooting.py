"""The page about troubleshooting quotes what its readers see."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
import ssl
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme

from paysdk import CampfireProvider, ConnectionFailedError, RetryPolicy
from paysdk.sync import SQLPaymentStore, StoreError, backends

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"


def quotes_of(message: str) -> list[str]:
    """Return what the page quotes of this message, with an ellipsis for what differs."""
    quotes = re.findall(r"^> `(.+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [quote for quote in quotes if re.match(pattern_of(quote), message)]


def pattern_of(quote: str) -> str:
    """Return a regular expression for the messages that *quote* stands for."""
    return ".*".join(map(re.escape, quote.split("…")))


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


async def failure_of(origin: str, session: aiohttp.ClientSession | None = None) -> str:
    """Return what a listing from *origin* fails with."""
    once = RetryPolicy(attempts=1)
    async with CampfireProvider(
        "a-key-for-tests", base_url=origin, session=session, retry=once
    ) as user:
        with pytest.raises(ConnectionFailedError) as caught:
            await user.list_payments().collect()
    return str(caught.value)


async def test_server_that_cannot_be_reached(closed_port: int) -> None:
    """The message of a server that cannot be reached is on the page."""
    message = await failure_of(f"https://127.0.0.1:{closed_port}")

    assert ["No complete response: ClientConnectorError: Cannot connect to host …"] == quotes_of(
        message
    )


async def test_proxy_that_cannot_be_reached(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message of a proxy that cannot be reached is on the page."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with aiohttp.ClientSession(trust_env=True) as session:
        message = await failure_of("https://localhost", session)

    assert [
        "No complete response: ClientProxyConnectionError: Cannot connect to host …"
    ] == quotes_of(message)


async def test_certificate_of_an_unknown_authority() -> None:
    """The message of a certificate that is not trusted is on the page."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)

    def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        message = await failure_of(f"https://localhost:{server.sockets[0].getsockname()[1]}")

    assert [
        "No complete response: ClientConnectorCertificateError: … certificate verify failed: …"
    ] == quotes_of(message)


async def test_database_that_another_program_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message of a locked database is on the page."""
    monkeypatch.setattr(backends, "LOCK_TIMEOUT", 0)
    place = tmp_path / "payments.db"
    with closing(sqlite3.connect(place)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError) as caught:
            await SQLPaymentStore(place).__aenter__()

    words = "The database … cannot be used: database is locked. Another program"
    assert [True] == [
        quote.startswith(words) for quote in quotes_of(str(caught.value)) if "locked" in quote
    ]
