"""A server on loopback whose pages cost next to nothing: each is rendered once, and then kept.

It plays Campfire, and OpenAI and Stripe with their own list formats. `serving` runs it in a
separate process, so that its time and memory do not count. Campfire's time filters, offsets and
cursors work as documented, so a listing can be divided into windows.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs
import msgspec
from rows import campfire_page, campfire_row, files_page, invoice_payments_page, invoice_row, times

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Plan", "serving"]


@attrs.frozen(kw_only=True)
class Plan:
    """What is served: the number of *rows*, and their *spread* over time (see `rows.times`).

    Campfire's list of invoices has so many *invoices*, the newest first.
    Each response is delayed by *latency* seconds. With *kept* false, every page is rendered for
    each request, for listings that are too long to keep.
    """

    rows: int
    spread: str = "even"
    latency: float = 0.0
    kept: bool = True
    invoices: int = 0


class Pages:
    """The responses to requests."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._modified = times(plan.rows, plan.spread)
        self._kept: dict[str, bytes] = {}

    def response(self, target: str) -> bytes:
        """Return the complete response to a GET, head and body."""
        response = self._kept.get(target)
        if response is None:
            body = self._body(target).encode()
            response = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % len(body)
                + body
            )
            if self.plan.kept:
                self._kept[target] = response
        return response

    def _body(self, target: str) -> str:
        parts = urlsplit(target)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        limit = int(asked.get("limit", "100"))
        if parts.path == "/v1/files":
            first = _number(asked.get("after"))
            return files_page(
                first, min(first + limit, self.plan.rows), more=first + limit < self.plan.rows
            )
        if parts.path == "/v1/invoice_payments":
            first = _number(asked.get("starting_after"))
            return invoice_payments_page(
                first, min(first + limit, self.plan.rows), more=first + limit < self.plan.rows
            )
        if parts.path.endswith("/invoice/"):
            return self._invoices(asked, limit)
        return self._campfire(asked, limit)

    def _invoices(self, asked: dict[str, str], limit: int) -> str:
        first = int(asked.get("offset") or 0)
        last = min(first + limit, self.plan.invoices)
        rows = [invoice_row(self.plan.invoices - 1 - place) for place in range(first, last)]
        following = urlencode(asked | {"offset": str(last)})
        return campfire_page(
            rows, self.plan.invoices, following if last < self.plan.invoices else None
        )

    def _campfire(self, asked: dict[str, str], limit: int) -> str:
        begin, end = 0, self.plan.rows
        if since := asked.get("last_modified_at__gte"):
            begin = bisect_left(self._modified, datetime.fromisoformat(since).timestamp())
        if until := asked.get("last_modified_at__lte"):
            end = bisect_right(self._modified, datetime.fromisoformat(until).timestamp())
        token = "cursor" if "cursor" in asked else "offset"
        first = int(asked.get(token) or 0)
        last = min(begin + first + limit, end)
        rows = [
            campfire_row(number, self._modified[number]) for number in range(begin + first, last)
        ]
        following = urlencode(asked | {token: str(first + limit)}) if last < end else None
        return campfire_page(rows, end - begin, following)


def _number(last_id: str | None) -> int:
    return int(last_id.replace("-", "_").split("_")[1]) + 1 if last_id else 0


class Connection(asyncio.Protocol):
    """Responds to GETs one after the other, and reads only their targets."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond to each complete request."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, self._received = self._received.split(b"\r\n\r\n", 1)
            response = self._pages.response(head.split(b" ", 2)[1].decode())
            if self._pages.plan.latency:
                asyncio.get_running_loop().call_later(
                    self._pages.plan.latency, self._write, response
                )
            else:
                self._write(response)

    def _write(self, response: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response)


async def _serve(plan: Plan) -> None:
    pages = Pages(plan)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(pages), "127.0.0.1", 0
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # The parent process holds the other end, so the server ends when the parent does.
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def serving(plan: Plan) -> Iterator[str]:
    """Serve *plan* from another process, and yield its origin."""
    command = [sys.executable, __file__, msgspec.json.encode(attrs.asdict(plan)).decode()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("the pipes are missing")
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(_serve(msgspec.json.decode(sys.argv[1], type=Plan)))
