"""paysdk looks for an order whose outcome is unknown, and does not send it again."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from aiohttp import web

from paysdk.errors import (
    ConfigurationError,
    DuplicatePaymentError,
    OutcomeUnknownError,
    PaysdkError,
)
from paysdk.events import Event, RequestSent
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import (
    Fault,
    FaultPlan,
    Request,
    Response,
    dripping_body,
    dripping_headers,
    hang,
    reset,
    status,
    truncated,
    wrong_body,
)
from tests.providers.campfire.paying.orders import (
    ALL_KINDS,
    INVOICE,
    INVOICE_PATH,
    MANUAL,
    PAY_PATH,
    PLAIN,
    TRANSACTION,
    UNNAMED,
    asked,
    booked,
    ids,
    named,
    open_at,
    paid,
    pay,
    posts,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.providers.campfire.paying.items import ManualPayment
    from paysdk.providers.campfire.paying.sandbox import NameForm
    from tests.conftest import Until


async def test_an_order_that_the_server_splits_and_whose_response_is_lost() -> None:
    """The payments of a split order are found by their sum."""
    faults = FaultPlan().always(status(502, processed=True), method="POST")
    async with (
        CampfireSandbox(payments=0, split=True, faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        assert 2 == len((await pay(campfire, PLAIN)).payment_ids)
        assert 2 == len(ids(sandbox))


async def test_a_draft_that_cannot_be_looked_for() -> None:
    """If looking for a draft fails, the outcome is unknown, and the draft holds its name."""
    faults = FaultPlan().on([2], status(403), method="GET", path=f"/coa/api/v1/invoice/{INVOICE}/")
    async with (
        CampfireSandbox(payments=0, drafts=True, pay_response="ids", faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError, match="looking for it failed"):
            await pay(campfire, PLAIN)
        with pytest.raises(DuplicatePaymentError, match="may wait in Campfire"):
            await pay(campfire, PLAIN)


class Late(CampfireSandbox):
    """A sandbox behind a gateway that forwards orders later, also if their clients have left."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  # any setting
        super().__init__(payments=0, **settings)
        self.may_pass = asyncio.Event()
        self.passing: list[asyncio.Task[web.StreamResponse]] = []

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        if incoming.method != "POST":
            return await super()._handle(incoming)
        self.passing.append(asyncio.create_task(self._pass_on(await self._read(incoming))))
        return await asyncio.shield(self.passing[-1])

    async def _pass_on(self, request: Request) -> web.StreamResponse:
        await self.may_pass.wait()
        response = self.respond(request)
        return web.Response(status=response.status, body=response.body, headers=response.headers)

    async def pass_on(self) -> None:
        """Book the orders that are waiting, and every later one."""
        self.may_pass.set()
        await asyncio.gather(*self.passing)


async def test_two_tasks_with_a_timeout_shorter_than_the_server() -> None:
    """While the outcome is unknown, a second task sends nothing, and a later call finds it."""
    async with Late() as sandbox, open_at(sandbox, timeout=0.35) as campfire:
        outcomes = await asyncio.gather(
            *(pay(campfire, PLAIN) for _ in range(2)), return_exceptions=True
        )
        assert [OutcomeUnknownError] * 2 == [type(outcome) for outcome in outcomes]
        assert 1 == len(sandbox.passing)
        await sandbox.pass_on()
        assert ids(sandbox) == (await pay(campfire, PLAIN)).payment_ids
        assert 1 == len(ids(sandbox)) == len(sandbox.passing)


@pytest.mark.parametrize("order", [PLAIN, UNNAMED], ids=["named", "unnamed"])
async def test_the_first_task_is_cancelled_while_its_order_is_out(
    order: ManualPayment, until: Until
) -> None:
    """The second sends nothing while the first may still be booked."""
    async with Late() as sandbox, open_at(sandbox) as campfire:
        first = asyncio.create_task(pay(campfire, order))
        await until(lambda: sandbox.passing)
        first.cancel()
        with pytest.raises(OutcomeUnknownError, match="may still be booked"):
            await pay(campfire, order)
        await sandbox.pass_on()
        assert ids(sandbox) == (await pay(campfire, order)).payment_ids
        assert 1 == len(ids(sandbox))


@pytest.mark.parametrize("form", ["exact", "lower", "dropped"])
async def test_one_name_on_two_invoices_at_once(
    form: NameForm,
) -> None:
    """The second order is not sent while the first is open, nor when it is booked."""
    async with Late(name_form=form) as sandbox, open_at(sandbox, timeout=0.2) as campfire:
        outcomes = await asyncio.gather(
            pay(campfire, PLAIN), pay(campfire, PLAIN, INVOICE + 1), return_exceptions=True
        )
        assert [OutcomeUnknownError] * 2 == [type(outcome) for outcome in outcomes]
        await sandbox.pass_on()
        with pytest.raises(
            (ConfigurationError, DuplicatePaymentError, OutcomeUnknownError),
            match="Nothing was sent",
        ):
            await pay(campfire, PLAIN, INVOICE + 1)
        assert 1 == len(ids(sandbox)) == len(sandbox.passing)


async def test_calling_again_after_the_outcome_was_unknown() -> None:
    """Further calls send nothing until a person releases the order."""
    async with (
        CampfireSandbox(payments=0, commits_late=True) as sandbox,
        open_at(sandbox) as campfire,
    ):
        for _ in range(3):
            with pytest.raises(OutcomeUnknownError, match="release_orders"):
                await pay(campfire, PLAIN)
        assert 1 == posts(sandbox)
        assert 1 == await campfire.release_orders(INVOICE)
        with pytest.raises(OutcomeUnknownError):
            await pay(campfire, PLAIN)
        assert 2 == posts(sandbox)


async def test_a_late_payment_without_its_name() -> None:
    """A late payment without an external id may be the order, and stops it."""
    async with (
        CampfireSandbox(payments=0, commits_late=True, name_form="dropped") as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError):
            await pay(campfire, PLAIN)
        sandbox.book_held()
        with pytest.raises(DuplicatePaymentError) as raised:
            await pay(campfire, PLAIN)
        assert (ids(sandbox), False) == (raised.value.payment_ids, raised.value.sent)
        with pytest.raises(OutcomeUnknownError):
            await pay(campfire, PLAIN, other_payments=ids(sandbox))
        assert 1 == posts(sandbox)


async def test_resend_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After ``resend_after`` the call looks once more, and sends the order if it is not found."""
    async with (
        CampfireSandbox(payments=0, commits_late=True) as sandbox,
        open_at(sandbox, resend_after=3600) as campfire,
    ):
        for expected in (1, 1):
            with pytest.raises(OutcomeUnknownError):
                await pay(campfire, PLAIN)
            assert expected == posts(sandbox)
        monkeypatch.setattr(campfire._payer, "_resend_after", 1e-6)
        with pytest.raises(OutcomeUnknownError):
            await pay(campfire, PLAIN)
        assert 2 == posts(sandbox)
        sandbox.book_held()
        with pytest.raises(
            DuplicatePaymentError, match="More is booked under one external id"
        ) as raised:
            await pay(campfire, PLAIN)
        assert (ids(sandbox), True) == (raised.value.payment_ids, raised.value.sent)


@pytest.mark.parametrize("wrong", [0, -1.0, "1", float("nan")])
def test_a_bad_resend_after(wrong: Any) -> None:  # noqa: ANN401  # anything
    """``resend_after`` must be a number of seconds above zero."""
    with pytest.raises(ConfigurationError, match="resend_after"):
        CampfireProvider("sandbox-key", resend_after=wrong)


async def test_two_were_booked_and_the_response_is_lost() -> None:
    """If two payments are found after a failure, the error says so."""
    faults = FaultPlan().always(status(502, processed=True), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:

        def book(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                booked(sandbox, external_id="Order-1")

        async with open_at(sandbox, on_event=book) as campfire:
            with pytest.raises(DuplicatePaymentError) as raised:
                await pay(campfire, PLAIN)
            assert raised.value.sent


async def test_what_is_booked_under_the_name_of_another_order_that_is_open() -> None:
    """The call returns the payment under its external id, and the other order stays open."""
    async with (
        CampfireSandbox(payments=0, commits_late=True) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError):
            await pay(campfire, attrs.evolve(PLAIN, amount=Decimal(7)))
        by_another = booked(sandbox, external_id="Order-1")
        assert (by_another,) == (await pay(campfire, PLAIN)).payment_ids
        assert 1 == await campfire.release_orders(INVOICE)


async def test_a_cancelled_order_that_never_went_out_holds_nothing(until: Until) -> None:
    """An order that is cancelled before it is sent does not stop another."""
    faults = FaultPlan().on(1, hang(), method="GET")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        first = asyncio.create_task(pay(campfire, PLAIN))
        await until(lambda: sandbox.requests)
        first.cancel()
        assert 1 == len((await pay(campfire, PLAIN)).payment_ids)


AFTER_PROCESSING = [
    reset("headers"),
    reset("body"),
    reset("before", processed=True),
    truncated(),
    *(status(code, processed=True) for code in (408, 500, 502, 503, 504)),
    status(503, retry_after=0, processed=True),
    hang(processed=True),
    dripping_headers(0.02),
    dripping_body(0.02),
    wrong_body(processed=True),
    wrong_body(b"", processed=True),
    wrong_body(b'{"id": 1, "payments": 7}', processed=True),
    wrong_body(b'{"payment_ids": "x"}', processed=True),
    wrong_body(b"[]", processed=True),
]


@pytest.mark.parametrize("fault", AFTER_PROCESSING, ids=named)
async def test_pay_fails_after_it_was_processed(fault: Fault) -> None:
    """If the payments are found after a failure, the call succeeds, and the order was sent once."""
    events: list[Event] = []
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(fault, method="POST")
    ) as sandbox:
        async with open_at(sandbox, timeout=0.1, on_event=events.append) as campfire:
            outcome = await campfire.mark_invoice_paid(58700, **ALL_KINDS, allow_overpayment=True)
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
        assert tuple(str(row["id"]) for row in paid(sandbox)) == outcome.payment_ids
    assert 4 == len(outcome.payment_ids)
    assert outcome.invoice is not None
    assert list(outcome.payment_ids) == [payment.id for payment in outcome.invoice.payments]
    assert 1 == len(
        [event for event in events if isinstance(event, RequestSent) and event.method == "POST"]
    )


BEFORE_PROCESSING = [
    reset("before"),
    reset("body", processed=False),
    truncated(processed=False),
    *(status(code) for code in (408, 500, 502, 503, 504)),
    hang(),
    wrong_body(),
    wrong_body(b""),
]


@pytest.mark.parametrize("fault", BEFORE_PROCESSING, ids=named)
@pytest.mark.parametrize(
    "standing", [0, 1], ids=["nothing stood before", "an equal one stood before"]
)
async def test_pay_fails_and_nothing_is_found(
    fault: Fault, standing: int, told_by: Callable[[BaseException], str]
) -> None:
    """The outcome is unknown if nothing new is found, even if an earlier payment is equal."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(fault, method="POST")
    ) as sandbox:
        for _ in range(standing):
            sandbox.add_payment(invoice_id=58700, amount=Decimal("883.33"))
        async with open_at(sandbox, timeout=0.1) as campfire:
            with pytest.raises(
                OutcomeUnknownError, match="Do not pay again before you know"
            ) as raised:
                await campfire.mark_invoice_paid(
                    58700, transactions=[TRANSACTION], allow_overpayment=True
                )
        assert [("GET", INVOICE_PATH), ("POST", PAY_PATH), ("GET", INVOICE_PATH)] == asked(sandbox)
        assert ("campfire", "POST", sandbox.url + PAY_PATH) == (
            raised.value.provider,
            raised.value.method,
            raised.value.url,
        )
    assert "mark_invoice_paid(58700)" == raised.value.operation
    assert "no new payment on the invoice yet; it may still be booked" == raised.value.found
    assert isinstance(raised.value.__cause__, PaysdkError)
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)


class Halving(CampfireSandbox):
    """A sandbox that books another payment than was ordered, and gives no usable response."""

    def respond(self, request: Request) -> Response:
        """Book something else."""
        if request.method == "POST":
            self.add_payment(invoice_id=58700, amount=Decimal("1.00"))
            return Response(200)
        return super().respond(request)


async def test_pay_fails_and_something_else_is_found() -> None:
    """If the new payment is not what was ordered, the outcome is unknown and the error names it."""
    async with Halving(payments=0) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
        assert (
            f"new on the invoice, but not certainly what was ordered: {paid(sandbox)[0]['id']} "
            "(1.00)" == raised.value.found
        )


async def test_pay_fails_and_looking_fails() -> None:
    """If looking fails too, the outcome is unknown, and the error says why."""
    faults = (
        FaultPlan()
        .always(reset("body"), method="POST")
        .on([2, 3, 4], status(403), method="GET", path=INVOICE_PATH)
    )
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
    assert raised.value.found.startswith("looking for it failed: 403")


async def test_pay_fails_and_looking_is_tried_again() -> None:
    """Looking is a GET, and is retried like any other."""
    faults = (
        FaultPlan()
        .always(reset("body"), method="POST")
        .on([2, 3], status(503), method="GET", path=INVOICE_PATH)
    )
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert {str(row["id"]) for row in paid(sandbox)} == set(outcome.payment_ids)


async def test_pay_fails_and_looking_times_out() -> None:
    """If an attempt times out while paysdk looks, the error does not speak of the deadline."""
    faults = (
        FaultPlan()
        .always(reset("body"), method="POST")
        .on([2, 3, 4], hang(), method="GET", path=INVOICE_PATH)
    )
    async with (
        CampfireSandbox(payments=0, faults=faults) as sandbox,
        open_at(sandbox, timeout=0.1) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
    assert "timeout of 0.1 s for one attempt" in raised.value.found


async def test_an_unknown_outcome_can_be_looked_for_again() -> None:
    """``check`` returns ``None`` until the payment is there, and then the outcome."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().on(1, hang(), method="POST")
    ) as sandbox:
        async with open_at(sandbox, timeout=0.1) as campfire:
            with pytest.raises(OutcomeUnknownError) as raised:
                await campfire.mark_invoice_paid(
                    58700, empty_transactions=[attrs.evolve(MANUAL, external_id=None)]
                )
            assert await raised.value.check() is None
            late = sandbox.add_payment(
                invoice_id=58700, amount=MANUAL.amount, payment_date=str(MANUAL.payment_date)
            )
            outcome = await raised.value.check()
        assert isinstance(outcome, PayOutcome)
        assert (str(late),) == outcome.payment_ids
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
