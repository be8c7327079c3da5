"""Tests of the errors that aiohttp's exceptions become."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

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
    from collections.abc import Callable

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
