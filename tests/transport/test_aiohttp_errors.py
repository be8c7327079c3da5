"""Tests of the errors that aiohttp's exceptions become."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme
from aiohttp.http_exceptions import ContentEncodingError

from paysdk import CampfireProvider, RetryPolicy
from paysdk.errors import ConfigurationError, ConnectionFailedError
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import (
    Fault,
    FaultPlan,
    dripping_body,
    hang,
    huge_body,
    reset,
    truncated,
)
from paysdk.transport import aiohttp_errors, http
from tests.transport.sending import fail_to_send, respond_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import RawServers


def test_describes_an_exception() -> None:
    """The description has the class and the message, if there is one."""
    assert ("OSError: no route", "OSError") == (
        aiohttp_errors.describe(OSError("no route")),
        aiohttp_errors.describe(OSError()),
    )


@pytest.mark.parametrize(
    ("sent_back", "message"),
    [
        (
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
            "No complete response: one of its headers is longer than 65,536 bytes. Tell the ",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "No complete response: it is not valid HTTP: ",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
            "No complete response: its body is cut off or damaged: ",
        ),
    ],
    ids=["long header", "length", "gzip"],
)
async def test_explains_a_broken_response(
    raw_server: RawServers, sent_back: bytes, message: str
) -> None:
    """The message says in one line what is wrong, without aiohttp's wording."""
    server = await raw_server(respond_with(sent_back))
    error, _, _ = await fail_to_send(server.url)
    assert str(error).startswith(message)
    assert [] == [raw for raw in ("\n", "message=", "Error") if raw in str(error)]


def test_describes_a_damaged_body() -> None:
    """The words are those of the cause if aiohttp's parser raised it."""
    error = aiohttp.ClientPayloadError("Response payload is not completed")
    assert aiohttp_errors.describe(error).endswith(": Response payload is not completed")
    error.__cause__ = OSError("reset")
    assert aiohttp_errors.describe(error).endswith(": Response payload is not completed")
    error.__cause__ = ContentEncodingError("Can not decode content-encoding: gzip")
    assert aiohttp_errors.describe(error).endswith(": Can not decode content-encoding: gzip")


async def test_explains_a_certificate_that_is_not_trusted() -> None:
    """The message says how to trust the authority of a gateway."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error, _, _ = await fail_to_send(f"https://localhost:{port}")
    assert "certificate verify failed" in str(error)
    assert "name its file in SSL_CERT_FILE" in str(error)


@contextmanager
def demand_certificates(server: ssl.SSLContext) -> Iterator[int]:
    """Refuse each connection without a trusted certificate, and yield the port.

    The alert comes after the request was sent. A server that closes at once, as asyncio's own does,
    resets the connection, and the alert is lost.
    """

    def refuse() -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                connection, _ = listener.accept()
                with server.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                ) as refused:
                    with contextlib.suppress(ssl.SSLError):
                        refused.do_handshake()
                    refused.shutdown(socket.SHUT_WR)
                    while refused.recv(1000):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=refuse)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("version", "shown", "said"),
    [
        (ssl.TLSVersion.TLSv1_3, None, "The server demands a client certificate. Name one with"),
        (ssl.TLSVersion.TLSv1_2, None, "The server may demand a client certificate. Name one with"),
        (ssl.TLSVersion.TLSv1_3, "stranger", "does not trust the authority of the client cert"),
    ],
)
async def test_explains_a_client_certificate_that_is_refused(
    version: ssl.TLSVersion, shown: str | None, said: str
) -> None:
    """The server sends an alert, and closes the connection."""
    authority, server = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode, server.maximum_version = ssl.CERT_REQUIRED, version
    client = ssl.create_default_context()
    authority.configure_trust(client)
    if shown is not None:
        trustme.CA().issue_cert(shown).configure_cert(client)

    with demand_certificates(server) as port:
        async with CampfireProvider(
            "sandbox-key",
            base_url=f"https://localhost:{port}",
            ssl_context=client,
            retry=RetryPolicy(attempts=1),
        ) as provider:
            with pytest.raises(ConnectionFailedError) as caught:
                await provider.list_payments().first()

    assert said in str(caught.value)


def test_own_error_has_no_frames() -> None:
    """An error of paysdk stays as it is, without its frames."""
    error = ConfigurationError("wrong")
    with contextlib.suppress(ConfigurationError):
        raise error
    assert error is aiohttp_errors.as_paysdk_error(error, 1.0, (), sent=True)
    assert None is error.__traceback__


@pytest.mark.parametrize(
    "fault",
    [
        reset("before"),
        reset("headers"),
        reset("body"),
        truncated(),
        hang(),
        dripping_body(0.01),
        huge_body(),
    ],
    ids=lambda fault: fault.kind,
)
async def test_error_has_no_frame_of_aiohttp(
    monkeypatch: pytest.MonkeyPatch, fault: Fault, told_by: Callable[[BaseException], str]
) -> None:
    """No exception in the chain has a frame of aiohttp, where the headers are."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 100_000)
    async with CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox:
        error, _, _ = await fail_to_send(sandbox.url, timeout=0.05)
    assert "sandbox-key" not in told_by(error)
    assert "/aiohttp/" not in told_by(error)


async def test_error_of_a_refused_connection_has_no_frame_of_aiohttp(
    told_by: Callable[[BaseException], str],
) -> None:
    """This also holds if no connection was made."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error, _, _ = await fail_to_send(f"http://127.0.0.1:{port}")
    assert "sandbox-key" not in told_by(error)
    assert "/aiohttp/" not in told_by(error)
