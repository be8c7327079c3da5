"""Responses and faults on a real connection. Faults that break HTTP write past aiohttp."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from aiohttp import web

from paysdk.testing.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.testing.faults import Fault, FaultKind

__all__ = ["deliver"]

_BLOCK = b" " * 65536


async def deliver(
    request: web.BaseRequest, response: Response, fault: Fault | None
) -> web.StreamResponse:
    """Send the response, or let the fault spoil it."""
    if fault is None:
        return _send_complete(response)
    return await _DELIVERIES[fault.kind](request, response, fault)


def _send_complete(response: Response) -> web.Response:
    return web.Response(status=response.status, body=response.body, headers=response.headers)


async def _send_replaced(
    _request: web.BaseRequest, _response: Response, fault: Fault
) -> web.StreamResponse:
    return _send_complete(Response(fault.status, fault.body, dict(fault.headers)))


def _encode_head(response: Response) -> bytes:
    fields = {**response.headers, "Content-Length": str(len(response.body)), "Connection": "close"}
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        *(f"{name}: {value}" for name, value in fields.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _get_transport(request: web.BaseRequest) -> asyncio.Transport:
    # The transport exists as long as the client is connected, and a handler ends with its client.
    return cast("asyncio.Transport", request.transport)


def _reset(transport: asyncio.Transport) -> web.StreamResponse:
    # A linger time of zero makes the kernel send RST. A plain close would send FIN, which is an
    # orderly end.
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()
    return web.Response()


async def _reset_before(
    request: web.BaseRequest, _response: Response, _fault: Fault
) -> web.StreamResponse:
    return _reset(_get_transport(request))


async def _reset_headers(
    request: web.BaseRequest, response: Response, _fault: Fault
) -> web.StreamResponse:
    transport, head = _get_transport(request), _encode_head(response)
    transport.write(head[: len(head) // 2])
    return _reset(transport)


async def _reset_body(
    request: web.BaseRequest, response: Response, _fault: Fault
) -> web.StreamResponse:
    transport = _get_transport(request)
    transport.write(_encode_head(response) + response.body[: len(response.body) // 2])
    return _reset(transport)


async def _send_truncated(
    request: web.BaseRequest, response: Response, _fault: Fault
) -> web.StreamResponse:
    transport = _get_transport(request)
    transport.write(_encode_head(response) + response.body[: len(response.body) // 2])
    transport.close()
    return web.Response()


async def _hang(
    _request: web.BaseRequest, _response: Response, _fault: Fault
) -> web.StreamResponse:
    never: asyncio.Future[web.StreamResponse] = asyncio.get_running_loop().create_future()
    return await never


async def _drip(transport: asyncio.Transport, data: bytes, seconds: float) -> None:
    for byte in data:
        transport.write(bytes([byte]))
        await asyncio.sleep(seconds)


async def _drip_headers(
    request: web.BaseRequest, response: Response, fault: Fault
) -> web.StreamResponse:
    transport = _get_transport(request)
    await _drip(transport, _encode_head(response), fault.seconds)
    transport.write(response.body)
    transport.close()
    return web.Response()


async def _drip_body(
    request: web.BaseRequest, response: Response, fault: Fault
) -> web.StreamResponse:
    transport = _get_transport(request)
    transport.write(_encode_head(response))
    await _drip(transport, response.body, fault.seconds)
    transport.close()
    return web.Response()


async def _send_huge_body(
    request: web.BaseRequest, _response: Response, fault: Fault
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    left = fault.size
    while left is None or left > 0:
        block = _BLOCK[:left]
        await response.write(block)
        left = None if left is None else left - len(block)
    await response.write_eof()
    return response


def _make_gzip_bomb(size: int) -> bytes:
    # A block that ends in a full flush can be repeated in the stream. So a bomb of any size takes
    # only the time to compress one block.
    blocks = -(-size // len(_BLOCK))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflate.compress(_BLOCK) + deflate.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(blocks):
        check = zlib.crc32(_BLOCK, check)
    trailer = struct.pack("<II", check, blocks * len(_BLOCK) % 2**32)
    return b"\x1f\x8b\x08" + bytes(7) + block * blocks + deflate.flush(zlib.Z_FINISH) + trailer


async def _send_gzip_bomb(
    _request: web.BaseRequest, _response: Response, fault: Fault
) -> web.StreamResponse:
    return _send_complete(
        Response(
            200,
            _make_gzip_bomb(fault.size or 0),
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )
    )


_DELIVERIES: dict[
    FaultKind, Callable[[web.BaseRequest, Response, Fault], Awaitable[web.StreamResponse]]
] = {
    "response": _send_replaced,
    "reset before": _reset_before,
    "reset headers": _reset_headers,
    "reset body": _reset_body,
    "truncated": _send_truncated,
    "hang": _hang,
    "drip headers": _drip_headers,
    "drip body": _drip_body,
    "huge body": _send_huge_body,
    "gzip bomb": _send_gzip_bomb,
}
