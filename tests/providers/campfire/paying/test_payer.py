"""Orders beside other orders and other people, and failing parts of the user's program."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest

from paysdk.errors import (
    ConfigurationError,
    MalformedResponseError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RequestTimeoutError,
)
from paysdk.events import Event, RequestSent, RetryPlanned
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, hang, status, wrong_body
from tests.providers.campfire.paying import orders
from tests.providers.campfire.paying.orders import INVOICE, LIST_PATH, MANUAL, open_at, posts

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.providers.campfire.paying.items import ManualPayment
    from paysdk.providers.campfire.provider import CampfireProvider
    from tests.conftest import Until

UNNAMED = attrs.evolve(MANUAL, external_id=None)


def spoil(sandbox: CampfireSandbox, plan: FaultPlan) -> None:
    """Give a running sandbox a new plan of faults."""
    object.__setattr__(sandbox, "faults", plan)
    object.__setattr__(sandbox, "_counts", ())


def booked(sandbox: CampfireSandbox, **fields: object) -> str:
    """Book a payment like one for the order, except for these fields, and return its id."""
    return orders.booked(sandbox, **{"amount": MANUAL.amount, **fields})


async def unknown(campfire: CampfireProvider, order: ManualPayment) -> OutcomeUnknownError:
    """Pay, and return the error of an unknown outcome."""
    with pytest.raises(OutcomeUnknownError) as raised:
        await campfire.mark_invoice_paid(INVOICE, empty_transactions=[order])
    return raised.value


async def cancelled(campfire: CampfireProvider, until: Until, comes: Callable[[], object]) -> None:
    """Pay, and cancel the call as soon as *comes* is true."""
    paying = asyncio.create_task(campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED]))
    await until(comes)
    paying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await paying


async def found_by(error: OutcomeUnknownError) -> tuple[str, ...] | None:
    """The payments that looking again finds."""
    outcome = await error.check()
    if outcome is None:
        return None
    assert isinstance(outcome, PayOutcome)
    return outcome.payment_ids


def at_order(number: int, book: Callable[[], object]) -> Callable[[Event], None]:
    """A function for ``on_event`` that calls *book* when the order of this number is sent."""
    orders = count(1)

    def on_event(event: Event) -> None:
        if isinstance(event, RequestSent) and event.method == "POST" and next(orders) == number:
            book()

    return on_event


async def test_the_same_order_without_a_name_is_held_back() -> None:
    """An order with an unknown outcome is not sent again, and is the outcome once it is found."""
    faults = FaultPlan().on(1, hang(), method="POST")
    async with (
        CampfireSandbox(payments=0, faults=faults) as sandbox,
        open_at(sandbox, timeout=0.1) as campfire,
    ):
        first = await unknown(campfire, UNNAMED)
        second = await unknown(campfire, UNNAMED)
        assert "it is not found yet; it may still be booked" == second.found
        assert [None, None] == [await found_by(first), await found_by(second)]
        late = booked(sandbox)
        assert (late,) == (
            await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])
        ).payment_ids
        assert 1 == posts(sandbox)
        # That order is settled, so the next call is another order.
        assert (
            late
            not in (
                await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])
            ).payment_ids
        )
        assert await found_by(first) is None


async def test_a_late_booking_is_not_taken_for_another_order() -> None:
    """A payment that two open orders may have made counts for neither."""
    faults = FaultPlan().on(1, hang(), method="POST").on(2, status(502), method="POST")
    both = [UNNAMED, attrs.evolve(UNNAMED, amount=Decimal("1.25"))]
    async with (
        CampfireSandbox(payments=0, faults=faults) as sandbox,
        open_at(sandbox, timeout=0.1, on_event=at_order(2, lambda: booked(sandbox))) as campfire,
    ):
        first = await unknown(campfire, UNNAMED)
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.mark_invoice_paid(INVOICE, empty_transactions=both)
        assert "new on the invoice, but not certainly what was ordered" in raised.value.found
        assert [None, None] == [await found_by(first), await found_by(raised.value)]


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
async def test_what_another_order_made_is_not_found_for_the_first(
    pay_response: Literal["invoice", "ids"],
) -> None:
    """The next order succeeds with its own payments, and a later payment is the first order's."""
    faults = FaultPlan().on(1, hang(), method="POST")
    both = [UNNAMED, attrs.evolve(UNNAMED, amount=Decimal("1.25"))]
    async with (
        CampfireSandbox(payments=0, faults=faults, pay_response=pay_response) as sandbox,
        open_at(sandbox, timeout=0.1) as campfire,
    ):
        first = await unknown(campfire, UNNAMED)
        second = await campfire.mark_invoice_paid(INVOICE, empty_transactions=both)
        assert 2 == len(second.payment_ids)
        assert await found_by(first) is None
        late = booked(sandbox)
        assert [(late,), (late,)] == [await found_by(first), await found_by(first)]
        third = await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])
        assert not {late, *second.payment_ids} & set(third.payment_ids)


@pytest.mark.parametrize(
    ("method", "number"), [("POST", 1), ("GET", 2)], ids=["in flight", "it is looked for"]
)
async def test_a_cancelled_order_may_be_booked_later(
    until: Until,
    method: Literal["POST", "GET"],
    number: int,
) -> None:
    """An order that was cancelled after it was sent stops the same order."""
    faults = FaultPlan().on(number, hang(), method=method).always(status(502), method="POST")
    async with (
        CampfireSandbox(payments=0, faults=faults) as sandbox,
        open_at(sandbox, on_event=at_order(2, lambda: booked(sandbox))) as campfire,
    ):
        await cancelled(
            campfire,
            until,
            lambda: number == [each.method for each in sandbox.requests].count(method),
        )
        assert await found_by(await unknown(campfire, UNNAMED)) is None


async def test_an_order_that_was_cancelled_before_it_was_sent_stops_no_other(
    until: Until,
) -> None:
    """An order cancelled while it waits after a 429 was not booked, and the next one succeeds."""
    faults = (
        FaultPlan()
        .on(1, status(429, retry_after=30), method="POST")
        .always(status(502, processed=True), method="POST")
    )
    events: list[Event] = []
    async with (
        CampfireSandbox(payments=0, faults=faults) as sandbox,
        open_at(sandbox, on_event=events.append) as campfire,
    ):
        await cancelled(
            campfire, until, lambda: any(isinstance(event, RetryPlanned) for event in events)
        )
        campfire._client._retrying._inner._until = 0.0
        assert 1 == len(
            (await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])).payment_ids
        )


async def test_one_order_is_settled_and_another_is_not() -> None:
    """If two open orders can be told apart, finding one does not settle the other."""
    faults = FaultPlan().always(hang(), method="POST")
    async with (
        CampfireSandbox(payments=0, faults=faults) as sandbox,
        open_at(sandbox, timeout=0.1) as campfire,
    ):
        first = await unknown(campfire, UNNAMED)
        second = await unknown(campfire, attrs.evolve(UNNAMED, amount=Decimal("1.25")))
        late = booked(sandbox)
        assert [(late,), None] == [await found_by(first), await found_by(second)]
        later = booked(sandbox, amount=Decimal("1.25"))
        assert [(late,), (later,)] == [await found_by(first), await found_by(second)]


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        (UNNAMED, {"payment_date": "2024-05-05"}),
        (UNNAMED, {"voided_date": "2026-02-01"}),
        (MANUAL, {"external_id": "order-1", "voided_date": "2026-02-01"}),
        (MANUAL, {"external_id": "order-2"}),
    ],
    ids=["date", "voided", "voided under its name", "another name"],
)
async def test_what_somebody_else_books_meanwhile_is_not_ours(
    order: ManualPayment, fields: dict[str, Any]
) -> None:
    """A new payment of the same amount that is voided or differs in anything is not the order."""
    async with (
        CampfireSandbox(
            payments=0, faults=FaultPlan().always(status(502), method="POST")
        ) as sandbox,
        open_at(sandbox, on_event=at_order(1, lambda: booked(sandbox, **fields))) as campfire,
    ):
        assert "new on the invoice" in (await unknown(campfire, order)).found


class Failing(AbstractAsyncContextManager[None]):
    """A limiter that fails when it is entered or left for this number of times."""

    def __init__(self, number: int, part: str) -> None:
        self.number, self.part, self.entries = number, part, 0

    async def __aenter__(self) -> None:
        self.entries += 1
        self._fail("entering")

    async def __aexit__(self, *_: object) -> None:
        self._fail("leaving")

    def _fail(self, part: str) -> None:
        if (self.entries, self.part) == (self.number, part):
            raise RuntimeError(f"the limiter broke on {part}")


@pytest.mark.parametrize(("number", "part"), [(2, "leaving"), (3, "entering"), (3, "leaving")])
async def test_a_part_of_the_users_own_that_fails_after_the_order_went_out(
    number: int, part: str
) -> None:
    """If a part fails after the order was sent, paysdk looks, or the outcome is unknown."""
    limiter = Failing(number, part)
    order_lost = (
        FaultPlan()
        if number == 2
        else FaultPlan().on(1, status(502, processed=True), method="POST")
    )
    async with (
        CampfireSandbox(payments=0, faults=order_lost) as sandbox,
        open_at(sandbox, limiter=limiter) as campfire,
    ):
        if number == 2:
            assert 1 == len(
                (
                    await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])
                ).payment_ids
            )
        else:
            error = await unknown(campfire, UNNAMED)
            assert f"looking for it failed: the limiter broke on {part}" == error.found
            assert ("campfire", "POST") == (error.provider, error.method)
            assert 1 == len(await found_by(error) or ())
        assert 1 == posts(sandbox)


async def test_a_part_of_the_users_own_that_fails_before_the_order_goes_out() -> None:
    """An error before the order is sent is raised unchanged, and nothing was booked."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, limiter=Failing(2, "entering")) as campfire,
    ):
        with pytest.raises(RuntimeError, match="the limiter broke on entering"):
            await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])
        assert 0 == posts(sandbox)


@pytest.mark.parametrize("depth", [900, 960, 970, 975, 980, 990, 1100])
async def test_a_response_that_is_nested_too_deeply(depth: int) -> None:
    """A response that is nested too deeply is not a refusal: paysdk looks for the order."""
    nested = b'{"id":58700,"payments":[{"id":1,"amount":12.50,"x":%s}]}' % (
        b"[" * depth + b"]" * depth
    )
    fault = wrong_body(nested, content_type="application/json", processed=True)
    async with (
        CampfireSandbox(payments=0, faults=FaultPlan().always(fault, method="POST")) as sandbox,
        open_at(sandbox) as campfire,
    ):
        assert 1 == len(
            (await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])).payment_ids
        )
    async with (
        CampfireSandbox(faults=FaultPlan().always(fault)) as sandbox,
        open_at(sandbox) as campfire,
    ):
        try:
            found = await campfire.retrieve_invoice(INVOICE)
        except MalformedResponseError:
            return
        assert 1 == len(found.payments)


@pytest.mark.parametrize(
    "response",
    [
        b'{"payment_ids":[1]}',
        b'{"payment_ids":null}',
        b'{"id":58700}',
        b'{"id":58701,"payments":[{"id":99,"amount":12.50}]}',
        b"{}",
    ],
)
async def test_a_success_that_names_nothing_new(response: bytes) -> None:
    """A success with only earlier payments, none, or another invoice proves nothing."""
    fault = wrong_body(response, content_type="application/json")
    async with (
        CampfireSandbox(payments=0, faults=FaultPlan().always(fault, method="POST")) as sandbox,
        open_at(sandbox) as campfire,
    ):
        assert "1" == booked(sandbox)
        assert (
            "no new payment on the invoice yet; it may still be booked"
            == (await unknown(campfire, UNNAMED)).found
        )


async def test_ids_of_earlier_payments_are_left_out() -> None:
    """If the response names all payments of the invoice, the outcome has only the new ones."""
    async with CampfireSandbox(payments=0) as sandbox:
        before = booked(sandbox)
        new = int(before) + 1
        response = b'{"payment_ids":[%s,%d]}' % (before.encode(), new)
        fault = wrong_body(response, content_type="application/json", processed=True)
        spoil(sandbox, FaultPlan().always(fault, method="POST"))
        async with open_at(sandbox) as campfire:
            outcome = await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])
        assert PayOutcome((str(new),), None) == outcome


def after_429(
    sandbox: CampfireSandbox,
    book: bool,
) -> Any:  # noqa: ANN401  # a callback; what it does
    """A function for ``on_event`` that books the same order while this call waits for its retry."""

    def on_event(event: Event) -> None:
        if book and isinstance(event, RetryPlanned) and event.method == "POST":
            booked(sandbox, external_id="order-1")

    return on_event


async def test_a_name_is_looked_for_before_it_is_sent_again() -> None:
    """If another process books the external id during the wait, the order is not sent again."""
    faults = FaultPlan().on(1, status(429), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:
        async with open_at(sandbox, on_event=after_429(sandbox, book=True)) as campfire:
            outcome = await campfire.mark_invoice_paid(INVOICE, empty_transactions=[MANUAL])
        assert PayOutcome(("1",), None) == outcome
        assert 1 == posts(sandbox)


async def test_looking_for_a_name_before_it_is_sent_again_fails() -> None:
    """If looking for the external id fails, that error is raised, and nothing is sent again."""
    faults = FaultPlan().on(1, status(429), method="POST").on(2, status(403), path=LIST_PATH)
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(PermissionDeniedError) as raised:
            await campfire.mark_invoice_paid(INVOICE, empty_transactions=[MANUAL])
        assert ("GET", None) == (raised.value.method, raised.value.checkpoint)
        assert 1 == posts(sandbox)
        # The outcome is known, so the next order finds its own payment.
        spoil(sandbox, FaultPlan().always(status(502, processed=True), method="POST"))
        assert 1 == len(
            (await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])).payment_ids
        )


async def test_one_name_for_two_invoices_at_once() -> None:
    """Two tasks with one external id for two invoices book one payment, and the other raises."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        orders = [
            campfire.mark_invoice_paid(invoice, empty_transactions=[MANUAL])
            for invoice in (INVOICE, INVOICE + 1)
        ]
        first, second = await asyncio.gather(*orders, return_exceptions=True)
        assert isinstance(first, PayOutcome)
        assert isinstance(second, ConfigurationError)
        assert 1 == posts(sandbox)


async def test_orders_that_need_several_names_do_not_wait_for_each_other() -> None:
    """Orders that share names take turns, in whatever order they have the names."""
    names = [["a", "b"], ["b", "a"], ["b", "c"], ["c", "a"]]
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        orders = [
            campfire.mark_invoice_paid(
                INVOICE + index,
                empty_transactions=[attrs.evolve(MANUAL, external_id=name) for name in each],
            )
            for index, each in enumerate(names)
        ]
        async with asyncio.timeout(60):
            outcomes = await asyncio.gather(*orders, return_exceptions=True)
        assert [PayOutcome, *[ConfigurationError] * 3] == [type(outcome) for outcome in outcomes]


async def test_waiting_for_another_order_counts_for_the_deadline() -> None:
    """An order whose deadline passes while it waits for its turn is never sent."""
    faults = FaultPlan().always(hang(), method="POST")
    # Reading the invoice takes longer than the time by which the later deadlines are later.
    async with (
        CampfireSandbox(payments=0, faults=faults, latency=0.1) as sandbox,
        open_at(sandbox, deadline=0.5) as campfire,
    ):
        orders = [
            campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED]) for _ in range(3)
        ]
        sent, *waited = await asyncio.gather(*orders, return_exceptions=True)
        assert isinstance(sent, OutcomeUnknownError)
        assert [RequestTimeoutError] * 2 == [type(error) for error in waited]
        assert 1 == posts(sandbox)


async def test_looking_for_names_counts_for_the_deadline() -> None:
    """Reading the invoice and looking for the external id share one deadline."""
    async with (
        CampfireSandbox(payments=0, latency=0.07) as sandbox,
        open_at(sandbox, deadline=0.1) as campfire,
    ):
        with pytest.raises(RequestTimeoutError, match="The deadline"):
            await campfire.mark_invoice_paid(INVOICE, empty_transactions=[MANUAL])
        assert 0 == posts(sandbox)


async def test_another_invoice_than_asked_for() -> None:
    """A response with another invoice is malformed, and nothing is paid."""
    fault = wrong_body(b'{"id":58701}', content_type="application/json")
    async with (
        CampfireSandbox(faults=FaultPlan().always(fault, method="GET")) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(
            MalformedResponseError, match="The response is another invoice: 58701"
        ) as raised:
            await campfire.retrieve_invoice(INVOICE)
        assert "$.id" == raised.value.path
        with pytest.raises(MalformedResponseError):
            await campfire.mark_invoice_paid(INVOICE, empty_transactions=[UNNAMED])
        assert 0 == posts(sandbox)
