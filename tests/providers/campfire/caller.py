"""A plain HTTP client for Campfire's sandbox. It uses nothing of paysdk's own client."""

from __future__ import annotations

import json
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paysdk.providers.campfire.sandbox import CampfireSandbox

Json = Any
LIST = "/coa/api/v1/invoice-payments"
PAY = "/coa/api/v1/invoice/58700/pay/"


def sample(name: str) -> Json:
    """A sample of the documents."""
    return decode(
        files("paysdk.providers.campfire").joinpath("samples", f"{name}.json").read_text()
    )


def decode(text: str) -> Json:
    """Decode JSON, with every digit."""
    return json.loads(text, parse_float=Decimal)


def encode(value: object) -> bytes:
    """Encode JSON, with amounts as numbers. Floats hold the amounts here exactly."""
    return json.dumps(value, default=float).encode()


def differences(served: Json, expected: Json, path: str = "$") -> list[str]:
    """The paths at which the served value has other fields or JSON types than the document's.

    Null fits everything.
    """
    if served is None or expected is None or expected == "<any>":
        return []
    if isinstance(served, dict) and isinstance(expected, dict):
        missing = (
            [f"{path}: {sorted(served.keys() ^ expected.keys())}"]
            if expected and served.keys() != expected.keys()
            else []
        )
        return missing + [
            line
            for name in served.keys() & expected.keys()
            for line in differences(served[name], expected[name], f"{path}.{name}")
        ]
    if isinstance(served, list) and isinstance(expected, list):
        return [
            line for item in served for line in differences(item, (*expected, None)[0], f"{path}[]")
        ]
    number = (int, Decimal)
    fits = (
        isinstance(served, number)
        and isinstance(expected, number)
        and isinstance(served, bool) is isinstance(expected, bool)
    )
    return [] if fits or type(served) is type(expected) else [f"{path}: {served!r}"]


class Caller:
    """A running sandbox and a plain HTTP client."""

    def __init__(self, sandbox: CampfireSandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def get(self, path: str, status: int = 200) -> Json:
        """The JSON at the path, or at an absolute URL."""
        async with self.session.get(path if "://" in path else self.sandbox.url + path) as response:
            assert status == response.status, await response.text()
            return decode(await response.text())

    async def pay(self, body: object, status: int = 200, path: str = PAY) -> Json:
        """The JSON of the response to a pay request."""
        headers = {"Content-Type": "application/json"}
        data = body if isinstance(body, bytes) else encode(body)
        async with self.session.post(
            self.sandbox.url + path, data=data, headers=headers
        ) as response:
            assert status == response.status, await response.text()
            return decode(await response.text())

    async def walk(self, query: str) -> list[dict[str, Any]]:
        """All rows of a listing."""
        url: str | None = f"{LIST}?{query}"
        rows: list[dict[str, Any]] = []
        while url is not None:
            page = await self.get(url)
            rows += page["results"]
            url = page["next"]
        return rows


async def run(sandbox: CampfireSandbox) -> AsyncIterator[Caller]:
    """Run the sandbox, and yield a client that has its key."""
    async with (
        sandbox,
        aiohttp.ClientSession(headers={"Authorization": "Token sandbox-key"}) as session,
    ):
        yield Caller(sandbox, session)


def with_options(**options: object) -> pytest.MarkDecorator:
    """Give the sandbox of ``caller`` these options."""
    return pytest.mark.parametrize("caller", [options], indirect=True, ids=[""])
