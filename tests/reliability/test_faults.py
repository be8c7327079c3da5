"""Tests of every operation with every fault."""

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

pytestmark = pytest.mark.slow

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

The tests expose every operation to every fault, and write the outcome on this page. *Once* means
that one request met the fault: the first one, one in the middle, or the last one. *Always* means
that this request and all later requests met it. Each request had three attempts.

A listing is *complete* if it yielded exactly the payments of the server, each of them once.
*Retried* means that it took another attempt, and *followed* that it took a redirect. *Resumed,
complete* means that the listing ended with the error, and that a listing that resumed from the
error's checkpoint yielded exactly the rest when the fault was over. An invoice is *then complete*
if the same provider object returned it when the fault was over.

The payments used a `ManualPayment` with an `external_id`. Such a payment takes five requests. It
reads the invoice, searches for the `external_id`, and sends the order. Then it does the first two
again, to find a second payment under the name, or an order whose response was lost.

No payment was ever booked twice. The page says *booked* only if the payment was booked. *Without a
later check* means that it was booked and that the last two requests failed. If an error other than
`OutcomeUnknownError` was raised, nothing was booked. While the outcome was unknown, paying again
with the same `external_id` sent nothing. *Held* means that paying again raised
`OutcomeUnknownError` until `release_orders` was called. In every case, paying again after the fault
ended with exactly one booked payment.

No redirect to another origin or to http was followed: the other server saw no connection.
"""
LISTING = "every listing"
# More than any operation here makes: from its first number on, everything fails.
MOST = 60


@pytest.fixture(autouse=True)
def small_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the size of responses, so that a small bomb is enough."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 50_000)


@pytest.fixture(scope="module")
def requests() -> dict[str, int]:
    """How many requests each listing takes without a fault."""
    return {}


@pytest.fixture(scope="module")
def seen_by_all() -> Seen:
    """The outcomes of all tests so far."""
    return {}


@pytest.fixture
def seen(seen_by_all: Seen, page: Path, *, writing: bool) -> Iterator[Seen]:
    """Collect the outcomes of this test, and compare them with the page."""
    cells: Seen = {}
    yield cells
    seen_by_all.update(cells)
    if not writing:
        told = parse_cells(page.read_text(encoding="utf-8"))
        assert {cell: told.get(cell) for cell in cells} == {
            cell: {join_outcomes(words)} for cell, words in cells.items()
        }


def campfire(world: World, events: list[Event]) -> CampfireProvider:
    """Make a provider for this world."""
    return CampfireProvider(
        "sandbox-key",
        base_url=world.origin,
        session=world.session,
        retry=QUICK,
        timeout=1,
        on_event=events.append,
    )


def fail_once_and_always(places: Collection[int]) -> Iterator[tuple[str, list[int]]]:
    """Yield which requests fail: one of *places*, or it and all later ones."""
    for place in places:
        yield "once", [place]
        yield "always", list(range(place, MOST))


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
    """A listing is complete, or its error has a checkpoint that resumes exactly the rest."""

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
            given, error = await collect_ids(listing)
            # With concurrency a request may fail that nobody needs in the end.
            words = (
                f"{remedy(trouble)}, complete"
                if listing.report.retries or remedy(trouble) == "followed"
                else "complete"
            )
            assert listing.report.complete == (error is None)
            if error is not None:
                words = f"{error_name(error)}, resumed, complete"
                assert (error.checkpoint is None) == (given == [])
                failing.lift()
                rest, error = await collect_ids(
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
        for when, numbers in fail_once_and_always({1, last // 2, last}):
            await walk(when, numbers)

    run(all_walks())


async def collect_ids(listing: Listing) -> tuple[list[str], PaysdkError | None]:
    """Return the ids of the listing, and the error that ended it, if any."""
    given: list[str] = []
    try:
        async for payment in listing:
            given.append(payment.id)  # noqa: PERF401  # what came before the error counts
    except PaysdkError as error:
        return given, error
    return given, None


def remedy(trouble: Trouble) -> str:
    """Return how the operation gets past this trouble, if it can."""
    return "followed" if trouble.name == "redirect to the same origin" else "retried"


def error_name(error: PaysdkError) -> str:
    """Return the class of the error, which must name the request and not blame the caller."""
    assert error.url is not None
    assert not isinstance(error, ConfigurationError)
    return type(error).__name__


def test_retrieve_invoice(trouble: Trouble, world: Worlds, seen: Seen, run: Run) -> None:
    """An invoice is returned, or an error is raised and the same object returns it later."""

    async def retrieve(when: str, numbers: list[int]) -> None:
        async with world(sandbox := CampfireSandbox(payments=12), trouble, numbers) as failing:
            events: list[Event] = []
            provider = campfire(failing, events)
            words = f"{remedy(trouble)}, complete"
            try:
                invoice = await provider.retrieve_invoice(INVOICE)
            except PaysdkError as error:
                words = f"{error_name(error)}, then complete"
                failing.lift()
                invoice = await provider.retrieve_invoice(INVOICE)
            assert str(sandbox.invoice(INVOICE)["invoice_number"]) == invoice.invoice_number
            assert len([event for event in events if isinstance(event, RequestSent)]) < MOST
            seen.setdefault((trouble.name, "retrieve_invoice", when), set()).add(words)

    for when, numbers in fail_once_and_always([1]):
        run(retrieve(when, numbers))


NOTHING = FaultPlan()


@attrs.frozen
class Stage:
    """The first request of a payment that fails, after the faults of *before*."""

    operation: str
    first: int
    processed: bool = False
    before: FaultPlan = NOTHING


# The invoice is read, the external id looked up and the order sent. Then both are looked at again.
STAGES = [
    Stage("paying: reading the invoice first", 1),
    Stage("paying: searching for the external_id first", 2),
    Stage("paying: the order, not processed", 3),
    Stage("paying: the order, processed", 3, processed=True),
    Stage("paying: reading the invoice afterwards", 4),
    Stage("paying: searching for the external_id afterwards", 5),
    Stage(
        "paying: the check after a lost order that was processed",
        4,
        before=FaultPlan().on(3, status(504, processed=True)),
    ),
    Stage(
        "paying: the check after a lost order that was not processed",
        4,
        before=FaultPlan().on(3, status(504)),
    ),
]


def test_mark_invoice_paid(
    trouble: Trouble, world: Worlds, seen: Seen, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails, nothing is booked twice, and the outcome is reported truthfully."""

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
            words = await pay_and_describe(provider, failing, trouble, events)
            if (
                "without a later check" not in words
                and "looking for a second payment" in caplog.text
            ):
                words += ", without a later check"
            failing.lift()
            if len(journal):
                # A second call sends nothing until a person says that the order was not booked.
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
            # With an external id the order may be sent again, and is still booked once.
            outcome = await provider.mark_invoice_paid(INVOICE, empty_transactions=[ORDER])
            assert [str(row["id"]) for row in sandbox.payments] == list(outcome.payment_ids)
            assert 1 == len(outcome.payment_ids)
            assert len(events) < 10 * MOST
            seen.setdefault((trouble.name, stage.operation, when), set()).add(words)

    async def all_payments() -> None:
        for stage in STAGES:
            if trouble.processes or not stage.processed:
                for when, numbers in fail_once_and_always([stage.first]):
                    await pay(stage, when, numbers)

    run(all_payments())


async def pay_and_describe(
    provider: CampfireProvider,
    failing: World,
    trouble: Trouble,
    events: list[Event],
) -> str:
    """Pay, compare the outcome with the sandbox, and describe it in words."""
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
        return f"{error_name(error)}, nothing booked"
    assert [str(row["id"]) for row in sandbox.payments] == list(outcome.payment_ids)
    methods = [event.method for event in events if isinstance(event, RequestSent)]
    # The order that was booked got no response that could be read.
    if [sent.fault for sent in sandbox.requests if sent.method == "POST"][-1] is not None:
        return "looked up, found booked"
    if methods.count("POST") > 1:
        return "sent again, booked"
    return f"{remedy(trouble)}, booked"


def render_page(cells: Seen, troubles: Sequence[str]) -> str:
    """Render the page. Faults with the same outcomes share a table, and operations a row."""
    tables: dict[str, list[str]] = {}
    for trouble in troubles:
        rows: dict[str, list[str]] = {}
        for operation in (*LISTS, "retrieve_invoice", *(stage.operation for stage in STAGES)):
            if (trouble, operation, "once") in cells:
                what = " | ".join(
                    join_outcomes(cells[trouble, operation, when]) for when in ("once", "always")
                )
                rows.setdefault(what, []).append(operation)
        lines = [
            f"| {SEPARATOR.join(operations).replace(SEPARATOR.join(LISTS), LISTING)} | {what} |"
            for what, operations in rows.items()
        ]
        tables.setdefault("\n".join(lines), []).append(trouble)
    parts = [
        f"## {SEPARATOR.join(names)}\n\n| | once | always |\n|---|---|---|\n{rows}\n"
        for rows, names in tables.items()
    ]
    return "\n".join([HEAD, *parts])


def join_outcomes(words: set[str]) -> str:
    """Join the outcomes of an operation."""
    return " or ".join(sorted(words - {"complete"} or words))


def parse_cells(text: str) -> Seen:
    """Parse the cells of a page."""
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
                cells[trouble, operation, "once"], cells[trouble, operation, "always"] = (
                    {once},
                    {for_ever},
                )
    return cells


def test_page_is_complete(
    seen_by_all: Seen, page: Path, troubles: list[str], *, writing: bool
) -> None:
    """The page has each fault in one table, and no fault that the tests do not have."""
    if writing:
        page.write_text(render_page(seen_by_all, troubles), encoding="utf-8")
    committed = page.read_text(encoding="utf-8")
    assert render_page(parse_cells(committed), troubles) == committed
