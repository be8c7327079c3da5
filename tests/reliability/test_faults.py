"""Every fault against every operation: the whole truth, or a typed error after which the rest can be had, and nothing twice."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import pytest

from paysdk.errors import ConfigurationError, OutcomeUnknownError, PaysdkError
from paysdk.events import Event, RequestSent
from paysdk.orders import MemoryJournal
from paysdk.providers.campfire.paying.items import ManualPayment
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import FaultPlan, status
from paysdk.transport import http
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from paysdk.provider import Listing
    from tests.reliability.conftest import Run, Trouble, World, Worlds

Seen: TypeAlias = dict[tuple[str, str, str], set[str]]

QUICK = RetryPolicy(attempts=3, wait_initial=0)
INVOICE = 58700
ORDER = ManualPayment(
    amount=Decimal("12.50"),
    account_id=2553,
    account_name="1100",
    payment_date=date(2026, 1, 31),
    external_id="order-1",
)
LISTS: dict[str, dict[str, Any]] = {
    "list by cursor": {},
    "list by offset": {"pagination": "offset"},
    "list by cursor, concurrency=4": {"concurrency": 4},
    "list by offset, concurrency=4": {"pagination": "offset", "concurrency": 4},
    "Notify list": {},
}
SEPARATOR = "; "
HEAD = """\
# Faults

Every fault meets every operation in the tests, and what came of it is written here by them: *once*, where one request met it (the
first, one in the middle, or the last), and *for ever*, where every request from there on did. Three attempts were allowed.

A listing is *whole* when it gave exactly what the server has, each payment once. *Retried* means that this took another attempt,
*followed* that it took a redirect. *Resumed whole* means that it ended with the error named, and that a listing resumed from the
checkpoint of that error, when the fault had gone, gave exactly the rest. An invoice is *then whole* when the same object gives it once
the fault has gone.

Paying was tried with a `ManualPayment` that has an `external_id`, which takes five requests: a look at the invoice, a look for the
`external_id`, the order, and both looks again, which find a second payment under the name or an order whose response was lost. Nothing
was ever booked twice. *Booked* is said only where it was, *without a second look* if the order was booked and those looks failed, and an
error other than `OutcomeUnknownError` was raised only where it was not. While the outcome was unknown, paying again with the same
`external_id` sent nothing. *Held* means that it raised `OutcomeUnknownError` again until `release_orders` was called. Whatever had
happened, paying again when the fault had gone ended with one booking.

No redirect to another origin or to http was followed: the server there saw no connection.
"""
LISTING = "every listing"
# More than any operation here makes: from its first number on, everything fails.
MOST = 60


@pytest.fixture(autouse=True)
def small_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer may be larger than this, so that a bomb need not be large."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 50_000)


@pytest.fixture(scope="module")
def requests() -> dict[str, int]:
    """How many requests each listing takes when all is well."""
    return {}


@pytest.fixture(scope="module")
def seen_by_all() -> Seen:
    """What came of each trouble in the tests so far."""
    return {}


@pytest.fixture
def seen(seen_by_all: Seen, page: Path, *, writing: bool) -> Iterator[Seen]:
    """What came of a trouble in this test, for each operation, "once" and "for ever", in words; the page has to say the same."""
    cells: Seen = {}
    yield cells
    seen_by_all.update(cells)
    if not writing:
        told = cells_of(page.read_text(encoding="utf-8"))
        assert {cell: told.get(cell) for cell in cells} == {
            cell: {consequence(words)} for cell, words in cells.items()
        }


def campfire(world: World, events: list[Event]) -> CampfireProvider:
    """A provider in this world."""
    return CampfireProvider(
        "sandbox-key",
        base_url=world.origin,
        session=world.session,
        retry=QUICK,
        timeout=1,
        on_event=events.append,
    )


def lasting(places: Collection[int]) -> Iterator[tuple[str, list[int]]]:
    """Which requests fail: each of *places* once, and everything from there on."""
    for place in places:
        yield "once", [place]
        yield "for ever", list(range(place, MOST))


@pytest.mark.parametrize("operation", LISTS)
def test_listing(
    operation: str,
    trouble: Trouble,
    *,
    world: Worlds,
    seen: Seen,
    run: Run,
    requests: dict[str, int],
) -> None:
    """A listing gives exactly what is there, or an error from whose checkpoint it goes on to exactly that, with nothing twice."""

    async def walk(when: str, numbers: list[int]) -> int:
        sandbox = (
            NotifySandbox(payments=12, api_key="sandbox-key")
            if operation == "Notify list"
            else CampfireSandbox(payments=12)
        )
        async with world(sandbox, trouble, numbers) as failing:
            kind = NotifyProvider if operation == "Notify list" else CampfireProvider
            provider = kind(
                "sandbox-key",
                base_url=failing.origin,
                session=failing.session,
                retry=QUICK,
                timeout=1,
            )
            listing = provider.list_payments(page_size=3, **LISTS[operation])
            given, error = await walked(listing)
            # With concurrency a request may fail that nobody needs in the end.
            words = (
                f"{mended(trouble)}, whole"
                if listing.report.retries or mended(trouble) == "followed"
                else "whole"
            )
            assert listing.report.complete == (error is None)
            if error is not None:
                words = f"{named(error)}, resumed whole"
                assert (error.checkpoint is None) == (given == [])
                failing.lift()
                rest, error = await walked(
                    provider.list_payments(page_size=3, resume=error.checkpoint, **LISTS[operation])
                )
                assert error is None
                given += rest
            truth = [str(row["id"]) for row in sandbox.payments]
            assert truth == (
                sorted(given, key=truth.index)
                if operation == "list by cursor, concurrency=4"
                else given
            )
            assert len(sandbox.requests) < MOST
            if numbers:
                seen.setdefault((trouble.name, operation, when), set()).add(words)
            return listing.report.requests

    async def all_walks() -> None:
        last = requests.get(operation) or requests.setdefault(operation, await walk("never", []))
        for when, numbers in lasting({1, last // 2, last}):
            await walk(when, numbers)

    run(all_walks())


async def walked(listing: Listing) -> tuple[list[str], PaysdkError | None]:
    """The ids that were given, and the error that ended it, if one did."""
    given: list[str] = []
    try:
        async for payment in listing:
            given.append(payment.id)  # noqa: PERF401  # what came before the error counts
    except PaysdkError as error:
        return given, error
    return given, None


def mended(trouble: Trouble) -> str:
    """How it is mended, where it can be."""
    return "followed" if trouble.name == "redirect to the same origin" else "retried"


def named(error: PaysdkError) -> str:
    """Its class; it says where it happened, and is no fault of the caller's."""
    assert error.url is not None
    assert not isinstance(error, ConfigurationError)
    return type(error).__name__


def test_retrieve_invoice(trouble: Trouble, world: Worlds, seen: Seen, run: Run) -> None:
    """An invoice comes as it is, or an error comes; and when the fault has gone, the same object gives the invoice."""

    async def retrieve(when: str, numbers: list[int]) -> None:
        async with world(sandbox := CampfireSandbox(payments=12), trouble, numbers) as failing:
            events: list[Event] = []
            provider = campfire(failing, events)
            words = f"{mended(trouble)}, whole"
            try:
                invoice = await provider.retrieve_invoice(INVOICE)
            except PaysdkError as error:
                words = f"{named(error)}, then whole"
                failing.lift()
                invoice = await provider.retrieve_invoice(INVOICE)
            assert str(sandbox.invoice(INVOICE)["invoice_number"]) == invoice.invoice_number
            assert len([event for event in events if isinstance(event, RequestSent)]) < MOST
            seen.setdefault((trouble.name, "retrieve_invoice", when), set()).add(words)

    for when, numbers in lasting([1]):
        run(retrieve(when, numbers))


NOTHING = FaultPlan()


@attrs.frozen
class Stage:
    """Which requests of a payment fail: from the *first* on, after what the plan *before* says; and whether the server does its work."""

    operation: str
    first: int
    processed: bool = False
    before: FaultPlan = NOTHING


# The invoice is read, the external id looked up and the order sent. Then both are looked at again.
STAGES = [
    Stage("paying, the look at the invoice before", 1),
    Stage("paying, the look for the external_id", 2),
    Stage("paying, the order, not processed", 3),
    Stage("paying, the order, processed", 3, processed=True),
    Stage("paying, the look at the invoice afterwards", 4),
    Stage("paying, the look for the external_id afterwards", 5),
    Stage(
        "paying, the look after a lost order that was processed",
        4,
        before=FaultPlan().on(3, status(504, processed=True)),
    ),
    Stage(
        "paying, the look after a lost order that was not", 4, before=FaultPlan().on(3, status(504))
    ),
]


def test_mark_invoice_paid(
    trouble: Trouble, world: Worlds, seen: Seen, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails and whenever, nothing is booked twice, and what is said of it is true."""

    async def pay(stage: Stage, when: str, numbers: list[int]) -> None:
        sandbox = CampfireSandbox(payments=0)
        async with world(
            sandbox, trouble, numbers, processed=stage.processed, before=stage.before
        ) as failing:
            events: list[Event] = []
            caplog.clear()
            journal = MemoryJournal()
            provider = CampfireProvider(
                "sandbox-key",
                base_url=failing.origin,
                session=failing.session,
                retry=QUICK,
                timeout=1,
                on_event=events.append,
                exclusive=lambda _: nullcontext(journal),
            )
            words = await said(provider, failing, trouble, events)
            if (
                "without a second look" not in words
                and "looking for a second payment" in caplog.text
            ):
                words += ", without a second look"
            failing.lift()
            if len(journal):
                # Whoever does not know may call again, and nothing is sent until a person says that
                # it will not come.
                orders = [event.method for event in events if isinstance(event, RequestSent)].count(
                    "POST"
                )
                with pytest.raises(OutcomeUnknownError):
                    await provider.mark_invoice_paid(INVOICE, empty_transactions=[ORDER])
                assert orders == [
                    event.method for event in events if isinstance(event, RequestSent)
                ].count("POST")
                assert 1 == await provider.release_orders(INVOICE)
                words += ", held"
            # With an external id it may be sent again, by this provider or by another, and is
            # booked once all the same.
            outcome = await provider.mark_invoice_paid(INVOICE, empty_transactions=[ORDER])
            assert [str(row["id"]) for row in sandbox.payments] == list(outcome.payment_ids)
            assert 1 == len(outcome.payment_ids)
            assert len(events) < 10 * MOST
            seen.setdefault((trouble.name, stage.operation, when), set()).add(words)

    async def all_payments() -> None:
        for stage in STAGES:
            if trouble.processes or not stage.processed:
                for when, numbers in lasting([stage.first]):
                    await pay(stage, when, numbers)

    run(all_payments())


async def said(
    provider: CampfireProvider,
    failing: World,
    trouble: Trouble,
    events: list[Event],
) -> str:
    """What paying came to, in words that are held against what the sandbox has booked."""
    sandbox = failing.sandbox
    assert isinstance(sandbox, CampfireSandbox)
    try:
        outcome = await provider.mark_invoice_paid(INVOICE, empty_transactions=[ORDER])
    except OutcomeUnknownError as error:
        failing.lift()
        found = await error.check()
        ids = list(found.payment_ids) if isinstance(found, PayOutcome) else []
        assert [str(row["id"]) for row in sandbox.payments] == ids
        return f"OutcomeUnknownError, and check() finds {'it' if found else 'nothing'}"
    except PaysdkError as error:
        assert [] == sandbox.payments
        return f"{named(error)}, nothing booked"
    assert [str(row["id"]) for row in sandbox.payments] == list(outcome.payment_ids)
    methods = [event.method for event in events if isinstance(event, RequestSent)]
    # The order that was booked got no response that could be read.
    if [sent.fault for sent in sandbox.requests if sent.method == "POST"][-1] is not None:
        return "looked for, found booked"
    if methods.count("POST") > 1:
        return "sent again, booked"
    return f"{mended(trouble)}, booked"


def rendered(cells: Seen, troubles: Sequence[str]) -> str:
    """The page: faults with the same consequences in one table, operations with the same consequences in one row."""
    tables: dict[str, list[str]] = {}
    for trouble in troubles:
        rows: dict[str, list[str]] = {}
        for operation in (*LISTS, "retrieve_invoice", *(stage.operation for stage in STAGES)):
            if (trouble, operation, "once") in cells:
                what = " | ".join(
                    consequence(cells[trouble, operation, when]) for when in ("once", "for ever")
                )
                rows.setdefault(what, []).append(operation)
        lines = [
            f"| {SEPARATOR.join(operations).replace(SEPARATOR.join(LISTS), LISTING)} | {what} |"
            for what, operations in rows.items()
        ]
        tables.setdefault("\n".join(lines), []).append(trouble)
    parts = [
        f"## {SEPARATOR.join(names)}\n\n| | once | for ever |\n|---|---|---|\n{rows}\n"
        for rows, names in tables.items()
    ]
    return "\n".join([HEAD, *parts])


def consequence(words: set[str]) -> str:
    """What came of it wherever it came to anything."""
    return " or ".join(sorted(words - {"whole"} or words))


def cells_of(text: str) -> Seen:
    """The cells that a page was rendered from."""
    cells: Seen = {}
    troubles: list[str] = []
    for line in text.removeprefix(HEAD).splitlines():
        if line.startswith("## "):
            troubles = line.removeprefix("## ").split(SEPARATOR)
        elif line.startswith("| ") and not line.startswith("| |"):
            operations, once, for_ever = (
                line.replace(LISTING, SEPARATOR.join(LISTS)).strip("| ").split(" | ")
            )
            for trouble, operation in product(troubles, operations.split(SEPARATOR)):
                cells[trouble, operation, "once"], cells[trouble, operation, "for ever"] = (
                    {once},
                    {for_ever},
                )
    return cells


def test_page_is_as_it_was_written(
    seen_by_all: Seen, page: Path, troubles: list[str], *, writing: bool
) -> None:
    """It is what would be written of what it says: each fault in one table, and none that the tests do not have."""
    if writing:
        page.write_text(rendered(seen_by_all, troubles), encoding="utf-8")
    committed = page.read_text(encoding="utf-8")
    assert rendered(cells_of(committed), troubles) == committed
