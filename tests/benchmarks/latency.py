"""3. Latency that is hidden by reading one page ahead, and by requesting pages concurrently."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, TypeAlias

from rounds import Line, Verdict, at_least, at_most, interleaved, report
from server import Plan, serving

from paysdk import CampfireProvider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Kind: TypeAlias = Literal["cursor", "offset"]

ROUNDS = 3
PAGE_SIZE = 100


async def pages(
    origin: str, pagination: Kind = "cursor", concurrency: int = 1
) -> AsyncIterator[list[str]]:
    """Yield the ids of each page."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        async for page in campfire.list_payments(
            page_size=PAGE_SIZE, pagination=pagination, concurrency=concurrency
        ).pages():
            yield [payment.id for payment in page.payments]


def whole(origin: str, count: int, pagination: Kind = "cursor", concurrency: int = 1) -> None:
    """List all payments, and check that each came exactly once."""

    async def ids() -> list[str]:
        return [each async for page in pages(origin, pagination, concurrency) for each in page]

    if sorted(asyncio.run(ids())) != [str(1_000_000 + number) for number in range(count)]:
        raise AssertionError(f"not every payment came once: {pagination}, {concurrency}")


def read_ahead(page_count: int, seconds: float) -> None:
    """Measure a consumer that takes as long for each page as the network."""

    async def consumed(origin: str) -> None:
        async for _ in pages(origin):
            await asyncio.sleep(seconds)

    async def consumer_alone() -> None:
        for _ in range(page_count):
            await asyncio.sleep(seconds)

    count = page_count * PAGE_SIZE
    with serving(Plan(rows=count, latency=seconds)) as origin:
        took = interleaved(
            {
                "both": lambda: asyncio.run(consumed(origin)),
                "network": lambda: whole(origin, count),
                "consumer": lambda: asyncio.run(consumer_alone()),
            },
            ROUNDS,
            warm_up=False,
        )
    together = took["network"] + took["consumer"]
    what = f"{page_count} pages, {seconds * 1000:g} ms each, the consumer as slow as the network"
    against = f"the sum of both: {together:.2f} s"
    report(
        Line(
            part=3,
            what=what,
            ours=f"{took['both']:.2f} s",
            against=against,
            verdict=at_most(took["both"] / together, 0.6),
        )
    )


def side_by_side(page_count: int, seconds: float, kind: Kind, spread: str, rounds: int) -> None:
    """Measure `concurrency=8` against one page after the other."""
    count = page_count * PAGE_SIZE
    with serving(Plan(rows=count, latency=seconds, spread=spread)) as origin:
        took = interleaved(
            {
                "ours": lambda: whole(origin, count, kind, concurrency=8),
                "theirs": lambda: whole(origin, count, kind),
            },
            rounds,
            warm_up=False,
        )
    what = f"{page_count} pages, {seconds * 1000:g} ms each, `concurrency=8`, {kind}"
    what += ", 99 % of the rows in 1 % of the time" if spread == "uneven" else ""
    against = f"one page after the other: {took['theirs']:.2f} s"
    report(
        Line(
            part=3,
            what=what,
            ours=f"{took['ours']:.2f} s",
            against=against,
            verdict=at_least(took["theirs"] / took["ours"], 6),
        )
    )


def few_times(count: int) -> None:
    """Check a listing in which all payments share three modification times."""
    with serving(Plan(rows=count, spread="three times")) as origin:
        whole(origin, count, concurrency=8)
    what = f"{count:,} payments that share three timestamps, `concurrency=8`, cursor"
    report(
        Line(
            part=3,
            what=what,
            ours="whole and once",
            against="",
            verdict=Verdict("", "whole and once", reached=True),
        )
    )


if __name__ == "__main__":
    # The first provider of a process imports aiohttp. `imports.py` measures that.
    CampfireProvider("sandbox-key")
    read_ahead(24, 0.05)
    side_by_side(100, 0.1, "cursor", "even", ROUNDS)
    side_by_side(100, 0.1, "offset", "even", ROUNDS)
    side_by_side(100, 0.1, "cursor", "uneven", 1)
    few_times(10_000)
