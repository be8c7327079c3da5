"""Campfire's list of payments in memory, which can change during a listing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import parse_qsl

from hypothesis import strategies as st

from paysdk import CampfireProvider, Payment
from paysdk.transport.messages import RawResponse, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.records.page import RawPage
    from paysdk.transport.observer import RequestStats

Paging: TypeAlias = Literal["cursor", "offset"]


START = datetime(2025, 1, 1, tzinfo=UTC)


class ModelServer:
    """Campfire's list of payments in memory, as documented. Its cursors are keysets.

    ``between`` is called before each response.
    """

    def __init__(self, times: list[int]) -> None:
        self.rows = dict(enumerate(sorted(times), start=1))
        self.voided: set[int] = set()
        self.clock = max(times, default=0)
        self.requests: list[str] = []
        self.flying = self.most_flying = 0
        self.latency = self.lag = 0.0
        self.between: Callable[[], None] = lambda: None
        self.edit: Callable[[dict[str, Any], dict[str, str]], None] = lambda _page, _query: None
        self.answer: Callable[[str], bytes] = self._answer

    def ordered(self) -> list[tuple[int, int]]:
        return sorted((time, number) for number, time in self.rows.items())

    def touch(self, number: int) -> None:
        self.clock += 1
        self.rows[number] = self.clock

    def record(self, number: int, time: int) -> dict[str, Any]:
        voided = "2025-01-31" if number in self.voided else None
        return {
            "id": number,
            "invoice_id": 1,
            "amount": 1,
            "voided_date": voided,
            "last_modified_at": stamp(time),
        }

    async def call(
        self,
        request: Request,
        _authorization: object,
        read: Callable[[RawResponse], RawPage],
        stats: RequestStats,
        *_: object,
        **_settings: object,
    ) -> RawPage:
        stats.requests += 1
        self.requests.append(request.query)
        self.flying += 1
        self.most_flying = max(self.flying, self.most_flying)
        await asyncio.sleep(self.latency if "gte" in request.query else self.latency + self.lag)
        self.between()
        self.flying -= 1
        return read(RawResponse(200, {}, self.answer(request.query)))

    def _answer(self, query: str) -> bytes:
        asked = dict(parse_qsl(query, keep_blank_values=True))
        rows = [
            row
            for row in self.ordered()
            if _second(asked, "gte", 0) <= row[0] <= _second(asked, "lte", 10**9)
        ]
        count, limit = len(rows), int(asked.get("limit", "100"))
        if asked.get("cursor"):
            rows = [row for row in rows if row > tuple(json.loads(asked["cursor"]))]
        first = int(asked.get("offset", "0"))
        part = rows[first : first + limit]
        following = (
            {"cursor": json.dumps(part[-1])}
            if "cursor" in asked and part
            else {"offset": str(first + limit)}
        )
        page = {
            "count": count,
            "results": [self.record(number, time) for time, number in part],
            "next": f"http://elsewhere.example/?{write_query(asked | following)}"
            if first + limit < len(rows)
            else None,
        }
        self.edit(page, asked)
        return json.dumps(page).encode()


def _quoted(value: str) -> str:
    return (
        value.replace("%", "%25")
        .replace("[", "%5B")
        .replace("]", "%5D")
        .replace(" ", "%20")
        .replace(",", "%2C")
        .replace("+", "%2B")
    )


def write_query(asked: dict[str, str]) -> str:
    """The query with these parameters."""
    return "&".join(f"{name}={_quoted(value)}" for name, value in asked.items())


def _second(asked: dict[str, str], bound: str, default: int) -> int:
    text = asked.get(f"last_modified_at__{bound}")
    return default if text is None else int((datetime.fromisoformat(text) - START).total_seconds())


def stamp(time: int) -> str:
    """The time this many seconds after ``START``, as text."""
    return (START + timedelta(seconds=time)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def provider_of(server: ModelServer, deadline: float | None = None) -> CampfireProvider:
    """A provider that sends its requests to *server*."""
    provider = CampfireProvider("sandbox-key", base_url="http://127.0.0.1:1", deadline=deadline)
    provider._client._retrying = server  # type: ignore[assignment]  # no network
    return provider


times = st.lists(st.integers(min_value=0, max_value=60), max_size=60) | st.lists(
    st.integers(0, 2), max_size=60
)


def collected(
    server: ModelServer,
    **arguments: Any,  # noqa: ANN401  # those of list_payments
) -> list[Payment]:
    """All payments of *server*, listed with these arguments."""

    async def walk() -> list[Payment]:
        return await provider_of(server).list_payments(**arguments).collect()

    return asyncio.run(walk())
