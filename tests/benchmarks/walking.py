"""2. Reading a long listing over loopback, against the alternatives."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, TypeAlias

import attrs
from peers import bare_pages, careful_pages, model_pages, openai_files, stripe_payments
from rounds import Line, at_least, interleaved, report, shown
from server import Plan, serving

from paysdk import CampfireProvider

RECORDS = 200_000
# Reading fields changes little for the SDKs, and they are slow, so fewer records do.
RECORDS_READ_OF_SDKS = 40_000

Use: TypeAlias = Callable[[Any], object] | None
Walk: TypeAlias = Callable[[str], Coroutine[Any, Any, int]]


async def through(records: AsyncIterable[Any], use: Use) -> int:
    """Iterate records that come one by one, and count them."""
    count = 0
    if use is None:
        async for _ in records:
            count += 1
    else:
        async for record in records:
            use(record)
            count += 1
    return count


async def through_pages(pages: AsyncIterable[Iterable[Any]], use: Use) -> int:
    """Iterate records that come in pages, and count them."""
    count = 0
    async for page in pages:
        if use is None:
            for _ in page:
                count += 1
        else:
            for record in page:
                use(record)
                count += 1
    return count


@asynccontextmanager
async def payments(origin: str, page_size: int) -> AsyncIterator[AsyncIterable[Any]]:
    """List payments with paysdk."""
    async with CampfireProvider("sandbox-key", base_url=origin) as campfire:
        yield campfire.list_payments(page_size=page_size)


def one_by_one(
    opened: Callable[[str, int], AbstractAsyncContextManager[AsyncIterable[Any]]],
    page_size: int,
    use: Use,
) -> Walk:
    """Make a walk over records that come one by one."""

    async def walk(origin: str) -> int:
        async with opened(origin, page_size) as records:
            return await through(records, use)

    return walk


def by_the_page(
    pages: Callable[[str, int], AsyncIterable[Iterable[Any]]], page_size: int, use: Use
) -> Walk:
    """Make a walk over records that come in pages."""
    return lambda origin: through_pages(pages(origin, page_size), use)


def measure(
    walks: dict[str, Walk], records: int, rounds: int, *, warm_up: bool
) -> dict[str, float]:
    """Measure the microseconds per record of each walk."""

    def run(walk: Walk, origin: str) -> None:
        if asyncio.run(walk(origin)) != records:
            raise AssertionError("not every record came")

    with serving(Plan(rows=records)) as origin:
        seconds = interleaved(
            {name: partial(run, walk, origin) for name, walk in walks.items()},
            rounds,
            warm_up=warm_up,
        )
    return {name: taken / records * 1e6 for name, taken in seconds.items()}


def tell(what: str, each: dict[str, float], targets: dict[str, float]) -> None:
    """Report each contender against paysdk, with its target if it has one."""
    for name, taken in each.items():
        if name != "ours":
            ratio = taken / each["ours"]
            verdict = at_least(ratio, targets[name]) if name in targets else shown(ratio)
            report(
                Line(
                    part=2,
                    what=what,
                    ours=f"{each['ours']:.2f} µs a payment",
                    against=f"{name}: {taken:.2f} µs",
                    verdict=verdict,
                )
            )


@attrs.frozen
class Fields:
    """Which fields are read of a payment, of a dict, and of the objects of the others."""

    how: str
    of_payment: Use = None
    of_dict: Use = None
    of_object: Use = None


COUNTED = Fields("only counted")
THREE = Fields(
    "three fields of each read",
    attrgetter("amount", "currency", "invoice.number"),
    itemgetter("amount", "currency", "invoice_number"),
    attrgetter("amount", "currency", "invoice_number"),
)
_OTHERS = ("id", "amount", "currency", "payment_date", "external_id", "voided_date", "created_at")
ALL = Fields(
    "each field read once",
    attrgetter(*_OTHERS, "modified_at", "invoice.id", "invoice.number"),
    itemgetter(*_OTHERS, "last_modified_at", "invoice_id", "invoice_number"),
    attrgetter(*_OTHERS, "modified_at", "invoice_id", "invoice_number"),
)
RAW = Fields(
    "the whole record of each read", attrgetter("raw"), itemgetter("id"), attrgetter("raw")
)

CAREFUL, MODELS, BARE = (
    "careful loop, frozen dataclass",
    "pydantic models",
    "bare loop, dicts of floats",
)
# By the fields that are read.
COUNTED_TARGETS = {CAREFUL: 1.8, MODELS: 2.3, BARE: 0.9}
THREE_TARGETS = {CAREFUL: 1.9, MODELS: 2.3, BARE: 0.8}
ALL_TARGETS = {CAREFUL: 1.4}
SDK_TARGETS: dict[str, float] = {"OpenAI's `AsyncPaginator`": 8, "Stripe's `auto_paging_iter`": 8}


def large_pages(fields: Fields, targets: dict[str, float]) -> None:
    """Compare with hand-written loops, at 10,000 a page."""
    walks = {
        "ours": one_by_one(payments, 10_000, fields.of_payment),
        CAREFUL: by_the_page(careful_pages, 10_000, fields.of_object),
        BARE: by_the_page(bare_pages, 10_000, fields.of_dict),
    }
    if fields is not RAW:  # the models keep no record
        walks[MODELS] = by_the_page(
            model_pages, 10_000, fields.of_object if fields is not ALL else _all_of_a_model
        )
    tell(
        f"Walking {RECORDS:,}, 10,000 a page, {fields.how}",
        measure(walks, RECORDS, 7, warm_up=True),
        targets,
    )


_all_of_a_model = attrgetter(*_OTHERS, "last_modified_at", "invoice_id", "invoice_number")


def small_pages(how: str, records: int, *, fields: bool) -> None:
    """Compare with other SDKs over the same number of their records, at 100 a page."""
    ours = attrgetter("amount", "currency", "invoice.number") if fields else None
    of_openai = attrgetter("bytes", "purpose", "filename") if fields else None
    of_stripe = attrgetter("amount_paid", "currency", "invoice") if fields else None
    walks = {
        "ours": one_by_one(payments, 100, ours),
        "OpenAI's `AsyncPaginator`": one_by_one(openai_files, 100, of_openai),
        "Stripe's `auto_paging_iter`": one_by_one(stripe_payments, 100, of_stripe),
    }
    each = measure(walks, records, 3 if records == RECORDS else 5, warm_up=records < RECORDS)
    tell(
        f"Walking {records:,}, 100 a page, {how}",
        each,
        SDK_TARGETS,
    )


def share_one_core() -> None:
    """Keep this process and its servers on one core, so that the scheduler adds no noise."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if __name__ == "__main__":
    share_one_core()
    large_pages(COUNTED, COUNTED_TARGETS)
    large_pages(THREE, THREE_TARGETS)
    large_pages(ALL, ALL_TARGETS)
    large_pages(RAW, {})
    small_pages("only counted", RECORDS, fields=False)
    small_pages("three fields of each read", RECORDS_READ_OF_SDKS, fields=True)
