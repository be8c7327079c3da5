"""Voiding payments."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from paysdk import (
    BadRequestError,
    CampfireProvider,
    ConfigurationError,
    ConflictError,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
)
from paysdk.errors import RateLimitedError
from paysdk.orders import MemoryJournal
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, Request, Response, hang, reset, status, wrong_body
from tests.providers.campfire.paying.orders import (
    DAY,
    INVOICE,
    INVOICE_PATH,
    LIST_PATH,
    PLAIN,
    asked,
    open_at,
    pay,
    posts,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from paysdk.testing import Fault
    from tests.conftest import Until

SOME_UUID = UUID(int=7, version=4)


def void_path(payment_id: int) -> str:
    """The path that voids a payment."""
    return f"/coa/api/v1/invoice/{INVOICE}/payment/{payment_id}/void/"


@asynccontextmanager
async def booked(
    faults: FaultPlan | None = None,
    settings: dict[str, Any] | None = None,
    payment: dict[str, Any] | None = None,
    **options: Any,  # noqa: ANN401  # any of the sandbox's
) -> AsyncGenerator[tuple[CampfireSandbox, CampfireProvider, int]]:
    """A sandbox with one payment of the open invoice, and a provider for it."""
    async with (
        CampfireSandbox(payments=0, faults=faults, **options) as sandbox,
        open_at(sandbox, **(settings or {})) as campfire,
    ):
        yield sandbox, campfire, sandbox.add_payment(**(payment or {}))


def lost(fault: Fault) -> FaultPlan:
    """Each void fails so."""
    return FaultPlan().always(fault, method="POST")


async def test_voided_payment_is_returned() -> None:
    """The payment has its day, the invoice's balance is not the old one, and one POST is sent."""
    async with booked() as (sandbox, campfire, payment_id):
        voided = await campfire.void_payment(str(INVOICE), str(payment_id), void_date=DAY)
    assert (str(payment_id), DAY, True) == (voided.id, voided.voided_date, voided.is_voided)
    assert (Decimal("1033.33"), None) == (voided.invoice.total, voided.invoice.balance)
    assert voided.customer is not None
    assert voided.raw["voided_journal_entry"] is not None
    assert [("GET", INVOICE_PATH), ("POST", void_path(payment_id))] == asked(sandbox)
    assert [payment_id] == sandbox.reversals
    assert DAY.isoformat() == sandbox.payment(payment_id)["voided_date"]


async def test_void_without_a_day_is_of_the_servers_today() -> None:
    """No day is sent, so the server takes its own."""
    async with booked() as (sandbox, campfire, payment_id):
        voided = await campfire.void_payment(INVOICE, payment_id)
    assert sandbox.payment(payment_id)["voided_date"] == str(voided.voided_date)


async def test_second_void_sends_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """A second call returns the same payment, and the log says that it was voided already."""
    caplog.set_level(logging.INFO, "paysdk")
    async with booked(second_void="accepted") as (sandbox, campfire, payment_id):
        first = await campfire.void_payment(INVOICE, payment_id, void_date=DAY)
        second = await campfire.void_payment(INVOICE, payment_id)
    assert (first.id, first.voided_date) == (second.id, second.voided_date)
    assert (1, [payment_id]) == (posts(sandbox), sandbox.reversals)
    assert f"payment {payment_id} was voided already, on 2026-01-31. Nothing was sent" in (
        caplog.text
    )


async def test_two_tasks_void_once() -> None:
    """Calls for one payment take turns, so the second finds what the first has done."""
    async with booked(second_void="accepted") as (sandbox, campfire, payment_id):
        both = await asyncio.gather(*(campfire.void_payment(INVOICE, payment_id) for _ in range(2)))
    assert (1, True) == (posts(sandbox), all(each.is_voided for each in both))


async def test_a_booked_order_can_be_voided() -> None:
    """A void takes the id of an outcome, and the order is not booked again by itself."""
    async with booked() as (_, campfire, _other):
        (payment_id,) = (await pay(campfire, PLAIN)).payment_ids
        await campfire.void_payment(INVOICE, payment_id)
        with pytest.raises(ConfigurationError, match="was booked and voided"):
            await pay(campfire, PLAIN)


async def test_payment_of_another_invoice_is_refused() -> None:
    """The error names the payments of the invoice, and nothing is sent."""
    async with booked() as (sandbox, campfire, payment_id):
        with pytest.raises(ConfigurationError, match=rf"payments are: {payment_id}\."):
            await campfire.void_payment(INVOICE, 999)
        with pytest.raises(ConfigurationError, match=r"58701\. Its payments are: none"):
            await campfire.void_payment(58701, payment_id)
        with pytest.raises(NotFoundError):
            await campfire.void_payment(1, payment_id)
    assert 0 == posts(sandbox)


class HidesVoided(CampfireSandbox):
    """A server whose invoices do not show voided payments."""

    def invoice(self, invoice_id: int) -> dict[str, Any]:
        """The invoice without its voided payments."""
        shown: dict[str, Any] = super().invoice(invoice_id)
        live = [each for each in shown["payments"] if each["voided_date"] is None]
        return {**shown, "payments": live}


async def test_voided_payment_that_the_invoice_hides_is_found_in_the_list() -> None:
    """The list has every voided payment."""
    async with HidesVoided(payments=0) as sandbox, open_at(sandbox) as campfire:
        payment_id = sandbox.add_payment()
        sandbox.void_payment(payment_id)
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert [("GET", INVOICE_PATH), ("GET", LIST_PATH)] == asked(sandbox)


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "STRIPE"},
        {"source": "Stripe"},
        {"source": None, "external_id": "btxn_1"},
        {"source": "", "external_id": "cn_1"},
    ],
    ids=["source", "other case", "transaction", "credit note"],
)
async def test_stripe_payment_is_refused_unless_allowed(fields: dict[str, Any]) -> None:
    """Voiding it refunds real money, so the caller must say so."""
    async with booked(payment=fields) as (sandbox, campfire, payment_id):
        with pytest.raises(ConfigurationError, match=r"refunds the money \(100.00 USD\)"):
            await campfire.void_payment(INVOICE, payment_id)
        assert 0 == posts(sandbox)
        assert (await campfire.void_payment(INVOICE, payment_id, allow_refund=True)).is_voided


class HidesSource(CampfireSandbox):
    """A server whose invoices do not show the source of a payment."""

    def _show(self, invoice: dict[str, Any], document: str) -> dict[str, Any]:
        shown = super()._show(invoice, document)
        payments = [
            {name: value for name, value in payment.items() if name != "source"}
            for payment in shown["payments"]
        ]
        return {**shown, "payments": payments}


async def test_payment_whose_source_is_not_shown_is_refused() -> None:
    """If neither the invoice nor the list shows it, it might be a payment from Stripe."""
    async with (
        HidesSource(payments=0, schema="documented") as sandbox,
        open_at(sandbox) as campfire,
    ):
        payment_id = sandbox.add_payment()
        with pytest.raises(ConfigurationError, match="does not show where payment"):
            await campfire.void_payment(INVOICE, payment_id)
        assert (0, 1) == (posts(sandbox), asked(sandbox).count(("GET", LIST_PATH)))
        assert (await campfire.void_payment(INVOICE, payment_id, allow_refund=True)).is_voided


async def test_source_is_looked_up_in_the_list() -> None:
    """If the invoice hides the source of a payment, the list shows it."""
    async with HidesSource(payments=0) as sandbox, open_at(sandbox) as campfire:
        assert (await campfire.void_payment(INVOICE, sandbox.add_payment())).is_voided


@pytest.mark.parametrize(
    "arguments",
    [
        {"invoice_id": str(SOME_UUID)},
        {"payment_id": SOME_UUID},
        {"payment_id": "x"},
        {"payment_id": -1},
        {"payment_id": None},
        {"void_date": "2026-01-31"},
        {"void_date": datetime(2026, 1, 31)},  # noqa: DTZ001  # what is refused
        {"allow_refund": 1},
    ],
    ids=str,
)
async def test_bad_argument_is_refused(arguments: dict[str, Any]) -> None:
    """Nothing is sent, not even a read."""
    async with booked() as (sandbox, campfire, payment_id):
        with pytest.raises(ConfigurationError, match=f"^{next(iter(arguments))} must be"):
            await campfire.void_payment(
                **{"invoice_id": INVOICE, "payment_id": payment_id, **arguments}
            )
    assert () == sandbox.requests


async def test_uuid_is_refused_with_the_right_kind_of_id() -> None:
    """The message says which id is right."""
    with pytest.raises(ConfigurationError, match="integer id of the payment, in its field id"):
        await CampfireProvider("sandbox-key").void_payment(INVOICE, str(SOME_UUID))


async def test_refused_void_is_a_clean_error() -> None:
    """The API's own error is raised, nothing stays open, and a later call sends again."""
    async with booked(voids="refused") as (sandbox, campfire, payment_id):
        for _ in range(2):
            with pytest.raises(PermissionDeniedError):
                await campfire.void_payment(INVOICE, payment_id)
    assert (2, []) == (posts(sandbox), sandbox.reversals)


async def test_void_in_a_closed_period_is_refused() -> None:
    """The error has the API's words, and another day is accepted."""
    async with booked(closed_until=DAY) as (_, campfire, payment_id):
        with pytest.raises(BadRequestError, match="period is closed"):
            await campfire.void_payment(INVOICE, payment_id, void_date=DAY)
        assert (await campfire.void_payment(INVOICE, payment_id, void_date=date(2026, 2, 1))).voided


class VoidedMeanwhile(CampfireSandbox):
    """A server where a person voids the payment just before the request."""

    code = 409

    def respond(self, request: Request) -> Response:
        """Void the payment first."""
        if request.method != "POST":
            return super().respond(request)
        self.void_payment(self.payments[0]["id"])  # type: ignore[arg-type]  # an int
        return Response(self.code, b'{"detail": "Already voided."}', {})


async def test_void_that_a_person_was_faster_with(caplog: pytest.LogCaptureFixture) -> None:
    """A second void succeeds and says so, although the API refuses it."""
    caplog.set_level(logging.INFO, "paysdk")
    async with VoidedMeanwhile(payments=0) as sandbox, open_at(sandbox) as campfire:
        assert (await campfire.void_payment(INVOICE, sandbox.add_payment())).is_voided
    assert "Campfire refused a second void (Already voided.)" in caplog.text


async def test_refusal_stays_if_looking_fails() -> None:
    """If the payment cannot be read after a refusal, the refusal is raised."""
    faults = FaultPlan().on([2], status(403), method="GET").always(status(409), method="POST")
    async with booked(faults) as (_, campfire, payment_id):
        with pytest.raises(ConflictError):
            await campfire.void_payment(INVOICE, payment_id)


@pytest.mark.parametrize(
    "fault",
    [
        status(502, processed=True),
        status(408, processed=True),
        reset("body", processed=True),
        wrong_body(processed=True),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
async def test_lost_response_is_looked_up(fault: Fault) -> None:
    """A void that was carried out is found by its day, and is sent once."""
    async with booked(lost(fault), second_void="accepted") as (sandbox, campfire, payment_id):
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert (1, [payment_id]) == (posts(sandbox), sandbox.reversals)


async def test_unknown_outcome_holds_the_payment_until_it_is_found() -> None:
    """A void that commits late is not sent again, and is found when it is there."""
    async with booked(commits_late=True, second_void="accepted") as (sandbox, campfire, payment_id):
        with pytest.raises(OutcomeUnknownError, match="not voided yet") as raised:
            await campfire.void_payment(INVOICE, payment_id)
        assert f"void_payment({INVOICE}, {payment_id})" == raised.value.operation
        assert await raised.value.check() is None
        with pytest.raises(OutcomeUnknownError, match=r"Nothing was sent\. An earlier void"):
            await campfire.void_payment(INVOICE, payment_id)
        sandbox.book_held()
        found: Any = await raised.value.check()
        assert (str(payment_id), True) == (found.id, found.is_voided)
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert (1, [payment_id]) == (posts(sandbox), sandbox.reversals)


async def test_released_void_can_be_sent_again() -> None:
    """A person who is certain that it will not come frees the payment."""
    faults = FaultPlan().first(1, status(502), method="POST")
    async with booked(faults) as (sandbox, campfire, payment_id):
        with pytest.raises(OutcomeUnknownError, match=r"release_orders\(58700, payment_id="):
            await campfire.void_payment(INVOICE, payment_id)
        assert 1 == await campfire.release_orders(INVOICE, payment_id=str(payment_id))
        assert 0 == await campfire.release_orders(INVOICE, payment_id=payment_id)
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert [payment_id] == sandbox.reversals


async def test_release_is_for_orders_or_for_voids() -> None:
    """An external id names orders, and a payment names voids."""
    campfire = CampfireProvider("sandbox-key")
    with pytest.raises(ConfigurationError, match="give one of them"):
        await campfire.release_orders(INVOICE, external_id="order-1", payment_id=1)
    with pytest.raises(ConfigurationError, match="payment_id must be"):
        await campfire.release_orders(INVOICE, payment_id=str(SOME_UUID))


async def test_void_is_sent_again_after_its_rest() -> None:
    """With ``resend_after``, a void that is not found for so long is sent again."""
    faults = FaultPlan().first(1, status(502), method="POST")
    async with booked(faults, {"resend_after": 1e-6}) as (sandbox, campfire, payment_id):
        with pytest.raises(OutcomeUnknownError):
            await campfire.void_payment(INVOICE, payment_id)
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert (2, [payment_id]) == (posts(sandbox), sandbox.reversals)


async def test_void_that_waits_for_approval_is_unknown() -> None:
    """A success without the day of the void may be a draft, which is found after its approval."""
    async with booked(drafts=True) as (sandbox, campfire, payment_id):
        with pytest.raises(OutcomeUnknownError, match="does not show that payment") as raised:
            await campfire.void_payment(INVOICE, payment_id)
        assert [payment_id] == sandbox.book_held()
        assert await raised.value.check() is not None


class AnswersAnother(CampfireSandbox):
    """A server that answers a void with another payment."""

    def respond(self, request: Request) -> Response:
        """Show another voided payment, and void none."""
        if request.method != "POST":
            return super().respond(request)
        return Response(200, b'{"id": 999, "amount": 1, "voided_date": "2026-01-31"}', {})


async def test_response_about_another_payment_is_not_believed() -> None:
    """Only the payment itself proves that it is voided."""
    async with AnswersAnother(payments=0) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.void_payment(INVOICE, sandbox.add_payment())
    assert isinstance(raised.value.__cause__, MalformedResponseError)


async def test_unknown_outcome_that_cannot_be_looked_up() -> None:
    """If looking fails too, the error says so."""
    faults = lost(status(502)).on([2], status(403), method="GET")
    async with booked(faults) as (_, campfire, payment_id):
        with pytest.raises(OutcomeUnknownError, match="looking for it failed: 403"):
            await campfire.void_payment(INVOICE, payment_id)


async def test_void_is_retried_after_a_rate_limit() -> None:
    """A 429 proves that nothing was processed. paysdk looks before it sends again."""
    faults = FaultPlan().first(1, status(429, retry_after=0), method="POST")
    async with booked(faults) as (sandbox, campfire, payment_id):
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    methods = [method for method, _ in asked(sandbox)]
    assert ["GET", "POST", "GET", "POST"] == methods


async def test_void_by_a_person_between_two_attempts(caplog: pytest.LogCaptureFixture) -> None:
    """If the payment is voided before the retry, nothing more is sent."""
    caplog.set_level(logging.INFO, "paysdk")

    class VoidedByHand(CampfireSandbox):
        def respond(self, request: Request) -> Response:
            if request.method == "POST":
                self.void_payment(payment_id)
                return Response(429, b"{}", {"Retry-After": "0"})
            return super().respond(request)

    async with VoidedByHand(payments=0) as sandbox, open_at(sandbox) as campfire:
        payment_id = sandbox.add_payment()
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert 1 == posts(sandbox)
    assert "The request was not sent again" in caplog.text


async def test_failed_look_before_a_retry_stops_the_void() -> None:
    """If the look fails, nothing is sent again, nothing stays open, and its error is raised."""
    faults = (
        FaultPlan()
        .first(1, status(429, retry_after=0), method="POST")
        .on([2], status(403), method="GET")
    )
    async with booked(faults) as (sandbox, campfire, payment_id):
        with pytest.raises(PermissionDeniedError):
            await campfire.void_payment(INVOICE, payment_id)
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert 2 == posts(sandbox)


async def test_rate_limit_that_lasts_is_a_clean_error() -> None:
    """Nothing was processed, so nothing stays open."""
    async with booked(lost(status(429, retry_after=0))) as (sandbox, campfire, payment_id):
        with pytest.raises(RateLimitedError):
            await campfire.void_payment(INVOICE, payment_id)
        assert 0 == await campfire.release_orders(INVOICE, payment_id=payment_id)
    assert [] == sandbox.reversals


async def test_cancelled_void_stays_open(until: Until) -> None:
    """A void that is cancelled when it was sent may be carried out, so it is not sent again."""
    faults = FaultPlan().first(1, hang(processed=True), method="POST")
    async with booked(faults, second_void="accepted") as (sandbox, campfire, payment_id):
        task = asyncio.create_task(campfire.void_payment(INVOICE, payment_id))
        await until(lambda: posts(sandbox) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert (1, [payment_id]) == (posts(sandbox), sandbox.reversals)


async def test_void_that_is_cancelled_before_it_is_sent_leaves_nothing_open(
    until: Until,
) -> None:
    """While it waits for the limiter, nothing was sent."""
    entered: list[int] = []

    class Limiter:
        async def __aenter__(self) -> None:
            entered.append(1)
            if len(entered) == 2:  # the POST
                await asyncio.Event().wait()

        async def __aexit__(self, *_: object) -> None: ...

    async with booked(settings={"limiter": Limiter()}) as (sandbox, campfire, payment_id):
        task = asyncio.create_task(campfire.void_payment(INVOICE, payment_id))
        await until(lambda: len(entered) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await campfire.void_payment(INVOICE, payment_id)).is_voided
    assert 1 == posts(sandbox)


class Journals:
    """An ``exclusive`` that keeps a journal for each name, or one for all names."""

    def __init__(self, *, one: bool) -> None:
        self.one = one
        self.kept: dict[str, MemoryJournal] = {}

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncGenerator[MemoryJournal]:
        """Yield the journal of the name."""
        yield self.kept.setdefault("" if self.one else name, MemoryJournal())


@pytest.mark.parametrize("one", [False, True])
async def test_open_void_holds_the_payment_in_every_process(one: bool) -> None:
    """A journal that processes share keeps the open void, and orders for the invoice ignore it."""
    journals = Journals(one=one)
    faults = FaultPlan().always(status(502), method="POST", path=void_path(22220))
    async with booked(faults, {"exclusive": journals.exclusive}, {"id": 22220}) as (
        sandbox,
        campfire,
        payment_id,
    ):
        with pytest.raises(OutcomeUnknownError):
            await campfire.void_payment(INVOICE, payment_id)
        async with open_at(sandbox, exclusive=journals.exclusive) as other:
            with pytest.raises(OutcomeUnknownError, match="Nothing was sent"):
                await other.void_payment(INVOICE, payment_id)
            assert 1 == len((await pay(other, PLAIN)).payment_ids)
            assert 0 == await other.release_orders(INVOICE)
            assert 1 == await other.release_orders(INVOICE, payment_id=payment_id)
    assert 2 == posts(sandbox)
