"""One order is one payment, whatever the server does with it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import attrs
import pytest

from paysdk.errors import (
    APIError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    DuplicatePaymentError,
    OutcomeUnknownError,
    PaysdkError,
    PermissionDeniedError,
    RateLimitedError,
)
from paysdk.events import Event, RequestSent, RetryPlanned
from paysdk.providers.campfire.paying.items import CreditMemoPayment
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import (
    Fault,
    FaultPlan,
    Request,
    Response,
    hang,
    redirect,
    reset,
    status,
    wrong_body,
)
from tests.providers.campfire.paying.orders import (
    INVOICE,
    INVOICE_PATH,
    NAMED,
    PAY_PATH,
    PLAIN,
    QUICK,
    TRANSACTION,
    UNNAMED,
    asked,
    booked,
    ids,
    open_at,
    paid,
    pay,
    posts,
)

if TYPE_CHECKING:
    from paysdk.providers.campfire.paying.items import ManualPayment
    from paysdk.providers.campfire.paying.sandbox import NameForm
    from paysdk.testing.exchange import Request, Response
    from tests.conftest import Until


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize(
    ("form", "external_id"),
    [
        ("cut", NAMED.external_id),
        ("cut", "é" * 49 + "n" + "\u0303" + "x"),
        ("lower", "Receipt-2026"),
        ("NFD", "Zahlung-für-März"),
        ("NFC", "Zahlung-fu\u0308r-Ma\u0308rz"),
        ("trimmed", "receipt  2026"),
        ("dropped", "receipt-2026"),
    ],
)
async def test_a_server_that_keeps_the_name_in_another_form(
    form: NameForm,
    external_id: str,
    pay_response: Literal["invoice", "ids"],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The outcome says that the external id was changed, and no later call books it again."""
    order = attrs.evolve(NAMED, external_id=external_id)
    async with CampfireSandbox(payments=0, name_form=form, pay_response=pay_response) as sandbox:
        for _ in range(2):
            async with open_at(sandbox) as campfire:
                if not ids(sandbox):
                    assert not (await pay(campfire, order)).external_ids_kept
                    assert "does not show these external ids as they were sent" in caplog.text
                with pytest.raises(DuplicatePaymentError, match="Nothing was sent") as raised:
                    await pay(campfire, order)
                assert (ids(sandbox), False) == (raised.value.payment_ids, raised.value.sent)
        assert 1 == posts(sandbox) == len(ids(sandbox))


async def test_the_first_outcome_tells_whether_the_name_was_kept() -> None:
    """``external_ids_kept`` is true if the server shows it exactly, or if there was none."""
    forms: dict[NameForm, bool] = {"exact": True, "cut": False}
    for form, kept in forms.items():
        async with (
            CampfireSandbox(payments=0, name_form=form, pay_response="ids") as sandbox,
            open_at(sandbox) as campfire,
        ):
            assert kept is (await pay(campfire, NAMED)).external_ids_kept
            assert (await pay(campfire, UNNAMED)).external_ids_kept


class Lagging(CampfireSandbox):
    """A server that reads from a copy, which is behind until it has caught up."""

    def __attrs_post_init__(self) -> None:
        """Begin with an outdated copy."""
        super().__attrs_post_init__()
        self.copies: dict[str, Response] = {}
        self.caught_up = False

    def respond(self, request: Request) -> Response:
        """Respond with the copy that was read first."""
        if request.method == "POST" or self.caught_up:
            return super().respond(request)
        return self.copies.setdefault(request.target, super().respond(request))


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "dropped"])
async def test_a_server_that_does_not_show_yet_what_it_booked(
    form: NameForm,
    pay_response: Literal["invoice", "ids"],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The paid order stays open until it shows: the same call sends nothing, and then finds it."""
    async with (
        Lagging(payments=0, name_form=form, pay_response=pay_response) as sandbox,
        open_at(sandbox, resend_after=0.0001) as campfire,
    ):
        paid = await pay(campfire, PLAIN)
        assert ids(sandbox) == paid.payment_ids
        assert "do not show under its external ids yet" in caplog.text
        with pytest.raises(DuplicatePaymentError, match="was accepted but does not show as booked"):
            await pay(campfire, PLAIN)
        sandbox.caught_up = True
        if form == "exact":
            assert paid.payment_ids == (await pay(campfire, PLAIN)).payment_ids
        else:
            with pytest.raises(DuplicatePaymentError) as raised:
                await pay(campfire, PLAIN)
            assert (paid.payment_ids, False) == (raised.value.payment_ids, raised.value.sent)
        assert 1 == posts(sandbox)


async def test_a_server_that_gives_its_own_names(caplog: pytest.LogCaptureFixture) -> None:
    """No later call would find the order, so it holds its name until a person releases it."""
    async with CampfireSandbox(payments=0, pay_response="ids") as sandbox:

        def rename(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "GET" and ids(sandbox):
                sandbox.change_payment(1, external_id="btxn_1")

        async with open_at(sandbox, on_event=rename) as campfire:
            outcome = await pay(campfire, PLAIN)
            assert (ids(sandbox), False) == (outcome.payment_ids, outcome.external_ids_kept)
            assert "do not show under its external ids yet" in caplog.text
            with pytest.raises(DuplicatePaymentError, match=r"release_orders\(58700\)"):
                await pay(campfire, PLAIN)
            assert 1 == await campfire.release_orders(INVOICE)
        assert 1 == posts(sandbox)


async def test_two_objects_at_a_server_that_does_not_show_yet_what_it_booked() -> None:
    """The response to the order counts too, so a second payment under the external id raises."""
    async with Lagging(payments=0) as sandbox, open_at(sandbox) as one, open_at(sandbox) as other:
        await pay(one, PLAIN)
        with pytest.raises(DuplicatePaymentError) as raised:
            await pay(other, PLAIN)
        assert (ids(sandbox), True) == (raised.value.payment_ids, raised.value.sent)


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "lower"])
async def test_an_order_that_the_server_splits(
    pay_response: Literal["invoice", "ids"],
    form: NameForm,
) -> None:
    """Payments under one external id are the order if their sum is exactly the amount."""
    async with (
        CampfireSandbox(
            payments=0, split=True, pay_response=pay_response, name_form=form
        ) as sandbox,
        open_at(sandbox) as campfire,
    ):
        first = await pay(campfire, PLAIN)
        assert (2, ids(sandbox)) == (len(first.payment_ids), first.payment_ids)
        if form == "exact":
            assert first.payment_ids == (await pay(campfire, PLAIN)).payment_ids
        else:
            with pytest.raises(DuplicatePaymentError) as raised:
                await pay(campfire, PLAIN)
            assert first.payment_ids == raised.value.payment_ids
        with pytest.raises((ConfigurationError, DuplicatePaymentError)):
            await pay(campfire, attrs.evolve(PLAIN, amount=Decimal("49.99")), other_payments=[])
        assert 1 == posts(sandbox) or form == "lower"


async def test_an_order_that_the_server_splits_without_names() -> None:
    """Payments without a name whose sum is the amount may be the order."""
    async with (
        CampfireSandbox(payments=0, split=True, name_form="dropped") as sandbox,
        open_at(sandbox) as campfire,
    ):
        await pay(campfire, PLAIN)
        with pytest.raises(DuplicatePaymentError) as raised:
            await pay(campfire, PLAIN)
        assert ids(sandbox) == raised.value.payment_ids


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("order", [PLAIN, UNNAMED], ids=["named", "unnamed"])
async def test_a_draft_holds_its_name(
    order: ManualPayment,
    pay_response: Literal["invoice", "ids"],
) -> None:
    """A success without a payment is a draft, and the same call finds it later without sending."""
    async with CampfireSandbox(payments=0, drafts=True, pay_response=pay_response) as sandbox:
        async with open_at(sandbox, resend_after=0.0001) as campfire:
            assert PayOutcome((), drafted=True) == await pay(campfire, order)
            with pytest.raises(
                DuplicatePaymentError, match="may wait in Campfire for approval"
            ) as raised:
                await pay(campfire, order)
            assert ((), False) == (raised.value.payment_ids, raised.value.sent)
            sandbox.book_held()
            assert ids(sandbox) == (await pay(campfire, order)).payment_ids
        assert 1 == posts(sandbox)


async def test_a_draft_that_was_rejected() -> None:
    """After a person releases a rejected draft, the order can be sent again."""
    async with CampfireSandbox(payments=0, drafts=True) as sandbox, open_at(sandbox) as campfire:
        await pay(campfire, PLAIN)
        assert 0 == await campfire.release_orders(INVOICE + 1)
        assert 0 == await campfire.release_orders(INVOICE, external_id="another")
        assert 1 == await campfire.release_orders(INVOICE, external_id="Order-1")
        assert 0 == await campfire.release_orders(INVOICE)
        assert (await pay(campfire, PLAIN)).drafted
        assert 1 == await campfire.release_orders(INVOICE)
        assert 2 == posts(sandbox)


async def test_a_draft_beside_something_new() -> None:
    """If something new on the invoice is not certainly the order, the outcome is unknown."""
    async with CampfireSandbox(payments=0, drafts=True, pay_response="ids") as sandbox:

        def book(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                booked(sandbox, amount=Decimal("1.00"), external_id="another")

        async with open_at(sandbox, on_event=book) as campfire:
            with pytest.raises(OutcomeUnknownError, match="new on the invoice, but not certainly"):
                await pay(campfire, PLAIN)


@pytest.mark.parametrize("order", [PLAIN, UNNAMED], ids=["named", "unnamed"])
@pytest.mark.parametrize(
    "fields",
    [
        {"amount": Decimal("1.00")},
        {"external_id": "another"},
        {"payment_type": "CREDIT_MEMO"},
        {"payment_date": "2026-02-01"},
        {"source": "STRIPE"},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_a_draft_whose_response_shows_somebody_elses_payment(
    order: ManualPayment, fields: dict[str, Any]
) -> None:
    """A new payment that differs from the order is not the order, which stays open."""
    async with CampfireSandbox(payments=0, drafts=True) as sandbox:
        left = [fields]

        def book(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST" and left:
                booked(sandbox, **left.pop())

        async with open_at(sandbox, on_event=book) as campfire:
            with pytest.raises(OutcomeUnknownError, match="new on the invoice, but not certainly"):
                await pay(campfire, order)
            with pytest.raises(DuplicatePaymentError, match="may wait in Campfire"):
                await pay(campfire, order)
            approved = sandbox.book_held()
            assert tuple(map(str, approved)) == (await pay(campfire, order)).payment_ids
        assert 1 == posts(sandbox)


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "cut", "lower", "dropped"])
@pytest.mark.parametrize("invoice", [INVOICE, INVOICE + 1])
async def test_another_process_books_the_same_at_the_same_time(
    form: NameForm,
    pay_response: Literal["invoice", "ids"],
    invoice: int,
) -> None:
    """The call that finds two payments under the external id raises, and says what to void."""
    async with CampfireSandbox(payments=0, name_form=form, pay_response=pay_response) as sandbox:
        name = (
            None
            if form == "dropped"
            else "receipt-" + "x" * 42
            if form == "cut"
            else (form == "lower" and "order-1") or "Order-1"
        )
        order = NAMED if form == "cut" else PLAIN

        def book(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                booked(sandbox, external_id=name, invoice_id=invoice)

        async with open_at(sandbox, on_event=book) as campfire:
            if invoice != INVOICE and form != "exact":
                # A payment of another invoice with another external id cannot be recognised.
                assert 1 == len((await pay(campfire, order)).payment_ids)
                return
            with pytest.raises(DuplicatePaymentError, match="void the others") as raised:
                await pay(campfire, order)
            assert (sorted(ids(sandbox)), True) == (
                sorted(raised.value.payment_ids),
                raised.value.sent,
            )
            with pytest.raises(DuplicatePaymentError):
                await pay(campfire, order)
            assert 1 == posts(sandbox)


async def test_looking_for_a_second_payment_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The order is booked, and a warning says that looking for a second payment failed."""
    faults = FaultPlan().on([2], status(403), method="GET", path=f"/coa/api/v1/invoice/{INVOICE}/")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await pay(campfire, PLAIN)
        assert (ids(sandbox), True) == (outcome.payment_ids, outcome.external_ids_kept)
        assert "looking for a second payment under the same external id failed" in caplog.text


async def test_what_may_be_the_order_appears_while_it_waits_to_be_sent_again() -> None:
    """A payment that appears during the wait after a 429 and may be this order stops it."""
    faults = FaultPlan().on(1, status(429), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:

        def book(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                booked(sandbox)

        async with open_at(sandbox, on_event=book) as campfire:
            with pytest.raises(DuplicatePaymentError, match="Nothing was sent"):
                await pay(campfire, PLAIN)
        assert 1 == posts(sandbox) == len(ids(sandbox))


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "cut", "lower", "dropped"])
async def test_two_items_of_one_amount_in_one_order(
    form: NameForm,
    pay_response: Literal["invoice", "ids"],
    split: bool,
) -> None:
    """Two equal items are two payments, and are booked once, in each form of their external ids."""
    items = [attrs.evolve(NAMED, external_id=f"Receipt-{'x' * 50}-{last}") for last in "12"]
    async with CampfireSandbox(
        payments=0, name_form=form, pay_response=pay_response, split=split
    ) as sandbox:
        async with open_at(sandbox) as campfire:
            outcome = await campfire.mark_invoice_paid(INVOICE, empty_transactions=items)
            assert ids(sandbox) == outcome.payment_ids
            assert (4 if split else 2) == len(outcome.payment_ids)
        async with open_at(sandbox) as campfire:
            if form == "exact":
                again = await campfire.mark_invoice_paid(INVOICE, empty_transactions=items)
                assert sorted(ids(sandbox)) == sorted(again.payment_ids)
            else:
                with pytest.raises(DuplicatePaymentError, match="Nothing was sent"):
                    await campfire.mark_invoice_paid(INVOICE, empty_transactions=items)
        assert 1 == posts(sandbox)


async def test_pay_in_parts() -> None:
    """The outcome has the ids of the new payments, and not of earlier ones."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        first = await campfire.mark_invoice_paid(
            58700, transactions=[{"transaction_id": 1, "amount": Decimal(100)}]
        )
        second = await campfire.mark_invoice_paid(
            58700, transactions=[{"transaction_id": 1, "amount": Decimal(100)}]
        )
        assert (1, 1) == (len(first.payment_ids), len(second.payment_ids))
        assert first.payment_ids != second.payment_ids
        assert second.invoice is not None
        assert {*first.payment_ids, *second.payment_ids} == {
            payment.id for payment in second.invoice.payments
        }


class Shared(CampfireSandbox):
    """A sandbox in which somebody else pays the same invoice just before."""

    def respond(self, request: Request) -> Response:
        """Let somebody else pay first."""
        if request.method == "POST":
            self.add_payment(invoice_id=58700, amount=Decimal("1.00"))
        return super().respond(request)


@pytest.mark.parametrize("fault", [None, reset("body")], ids=["response", "looked for"])
async def test_pay_while_somebody_else_does(fault: Fault | None) -> None:
    """The outcome does not have a payment that somebody else made at the same moment."""
    faults = None if fault is None else FaultPlan().always(fault, method="POST")
    async with Shared(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [Decimal("883.33")] == [
            sandbox.payment(int(payment_id))["amount"] for payment_id in outcome.payment_ids
        ]
        assert 2 == len(paid(sandbox))


class Discounting(CampfireSandbox):
    """A sandbox that books another amount than was ordered."""

    def respond(self, request: Request) -> Response:
        """Book a cent less."""
        response = super().respond(request)
        if request.method == "POST":
            self.change_payment(paid(self)[-1]["id"], amount=Decimal("883.32"))
            return self._invoice_response(58700, "mark_invoice_paid")
        return response


async def test_pay_what_is_booked_otherwise() -> None:
    """If the response shows other amounts than ordered, the ids are those of the new payments."""
    async with Discounting(payments=0) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert (str(paid(sandbox)[0]["id"]),) == outcome.payment_ids


async def test_pay_is_refused() -> None:
    """A refusal is a clean failure with the API's words by field, and paysdk does not look."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(BadRequestError) as raised:
            await campfire.mark_invoice_paid(
                58700, credit_memos=[CreditMemoPayment(credit_memo_id=1, amount=Decimal(1))]
            )
        assert "posted_at" in str(raised.value)
        assert ("campfire", "POST", sandbox.url + PAY_PATH) == (
            raised.value.provider,
            raised.value.method,
            raised.value.url,
        )
        assert [("GET", INVOICE_PATH), ("POST", PAY_PATH)] == asked(sandbox)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 413, 415, 422])
async def test_pay_is_refused_by_status(code: int) -> None:
    """Each status that refuses is a clean failure."""
    async with (
        CampfireSandbox(
            payments=0, faults=FaultPlan().always(status(code), method="POST")
        ) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(APIError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert code == raised.value.status
        assert [("GET", INVOICE_PATH), ("POST", PAY_PATH)] == asked(sandbox)


@pytest.mark.parametrize("code", [400, 409, 422])
async def test_order_that_was_booked_before_its_refusal_is_a_success(code: int) -> None:
    """A gateway that sends a request twice shows the refusal of the second one."""
    faults = FaultPlan().always(status(code, processed=True), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(INVOICE, empty_transactions=[NAMED])
        (payment,) = paid(sandbox)
        assert (str(payment["id"]),) == outcome.payment_ids


@pytest.mark.parametrize("look", [status(200), status(403)], ids=["not found", "no look"])
async def test_order_that_was_refused_is_free_again(look: Fault) -> None:
    """If the order is not found, the refusal is raised, and a later call sends it."""
    faults = FaultPlan().first(1, status(409), method="POST")
    if look.status != 200:
        faults = faults.on([3], look, method="GET")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(ConflictError):
            await campfire.mark_invoice_paid(INVOICE, empty_transactions=[NAMED])
        await campfire.mark_invoice_paid(INVOICE, empty_transactions=[NAMED])
        assert 1 == len(paid(sandbox))


async def test_pay_is_not_redirected() -> None:
    """A POST does not follow a redirect, also on the same origin."""
    faults = FaultPlan().always(redirect(PAY_PATH, 307), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(PaysdkError):
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
        assert [] == paid(sandbox)


async def test_pay_is_sent_again_after_a_429() -> None:
    """An order is sent again after a 429, which cannot have been processed."""
    faults = FaultPlan().first(2, status(429, retry_after=0), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [("GET", INVOICE_PATH), *[("POST", PAY_PATH)] * 3] == asked(sandbox)
        assert 1 == len(paid(sandbox)) == len(outcome.payment_ids)


async def test_pay_gets_429_for_each_attempt() -> None:
    """A 429 for the last attempt is a clean failure."""
    async with (
        CampfireSandbox(
            payments=0, faults=FaultPlan().always(status(429), method="POST")
        ) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(RateLimitedError):
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [("GET", INVOICE_PATH), *[("POST", PAY_PATH)] * 3] == asked(sandbox)


async def test_pay_is_ambiguous_after_a_429() -> None:
    """If the retry after a 429 fails, paysdk looks for the order."""
    faults = FaultPlan().first(1, status(429), method="POST").always(reset("body"), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [
            ("GET", INVOICE_PATH),
            ("POST", PAY_PATH),
            ("POST", PAY_PATH),
            ("GET", INVOICE_PATH),
        ] == asked(sandbox)
        assert 1 == len(paid(sandbox)) == len(outcome.payment_ids)


async def test_pay_when_the_connection_is_refused() -> None:
    """A refused connection has paid nothing: the order is sent again, and then fails cleanly."""
    events: list[Event] = []
    sandbox = CampfireSandbox(payments=0)
    await sandbox.start()

    async def key() -> str:
        # It is called before each request. The server closes before the second one.
        if sandbox.requests:
            await sandbox.close()
        return "sandbox-key"

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        campfire = CampfireProvider(
            key, base_url=sandbox.url, retry=QUICK, session=session, on_event=events.append
        )
        with pytest.raises(ConnectionFailedError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
    assert raised.value.never_sent
    assert ["GET", "POST", "POST", "POST"] == [
        event.method for event in events if isinstance(event, RequestSent)
    ]
    assert [] == paid(sandbox)


async def test_pay_is_cancelled(until: Until) -> None:
    """A call that is cancelled after the order was sent ends, and sends nothing again."""
    async with (
        CampfireSandbox(payments=0, faults=FaultPlan().always(hang(), method="POST")) as sandbox,
        open_at(sandbox) as campfire,
    ):
        paying = asyncio.create_task(campfire.mark_invoice_paid(58700, transactions=[TRANSACTION]))
        await until(lambda: ("POST", PAY_PATH) in asked(sandbox))
        paying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await paying
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))


async def test_pay_when_the_provider_is_closed(until: Until) -> None:
    """If the provider is closed after the order was sent, the outcome is unknown."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(hang(), method="POST")
    ) as sandbox:
        campfire = open_at(sandbox)
        paying = asyncio.create_task(campfire.mark_invoice_paid(58700, transactions=[TRANSACTION]))
        await until(lambda: ("POST", PAY_PATH) in asked(sandbox))
        await campfire.aclose()
        with pytest.raises(OutcomeUnknownError, match="is closed"):
            await paying


async def test_pay_when_the_provider_is_closed_before_it_is_sent(until: Until) -> None:
    """If the provider is closed while an order waits after a 429, it is a clean failure."""
    events: list[Event] = []
    faults = FaultPlan().always(status(429, retry_after=0.1), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:
        campfire = open_at(sandbox, on_event=events.append)
        paying = asyncio.create_task(campfire.mark_invoice_paid(58700, transactions=[TRANSACTION]))
        await until(lambda: any(isinstance(event, RetryPlanned) for event in events))
        await campfire.aclose()
        with pytest.raises(ConfigurationError, match="is closed"):
            await paying
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))


async def test_pay_with_a_response_without_payments() -> None:
    """A success without a payment is a draft if no payment appears."""
    faults = FaultPlan().always(
        wrong_body(b'{"payment_ids": []}', content_type="application/json"), method="POST"
    )
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert PayOutcome((), drafted=True) == outcome
        assert [("GET", INVOICE_PATH), ("POST", PAY_PATH), ("GET", INVOICE_PATH)] == asked(sandbox)


async def test_a_refusal_before_anything_was_sent_leaves_the_name_free() -> None:
    """An order that was refused holds no name afterwards."""
    faults = FaultPlan().on(1, status(403), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(PermissionDeniedError):
            await pay(campfire, PLAIN)
        assert 1 == len((await pay(campfire, PLAIN)).payment_ids)
