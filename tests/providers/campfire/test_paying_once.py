"""One order is one payment: over what the server makes of a name, over late bookings, and between tasks and objects."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from aiohttp import web

from paysdk.errors import (
    BadRequestError,
    ConfigurationError,
    DuplicatePaymentError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RequestTimeoutError,
)
from paysdk.events import Event, RequestSent
from paysdk.orders import MemoryJournal, OpenOrder
from paysdk.providers.campfire.endpoints import PAYMENTS
from paysdk.providers.campfire.paying.order import (
    CreditMemoRef,
    ManualPayment,
    PayOutcome,
    TransactionPayment,
)
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, hang, status
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from paysdk.testing.exchange import Request, Response
    from tests.conftest import Until

QUICK = RetryPolicy(attempts=3, wait_initial=0)
INVOICE = 58700
DAY = date(2026, 1, 31)
NAMED = ManualPayment(Decimal("50.00"), 2553, "Cash", DAY, "receipt-" + "x" * 60)
PLAIN = attrs.evolve(NAMED, external_id="Order-1")
UNNAMED = attrs.evolve(NAMED, external_id=None)


def open_at(sandbox: CampfireSandbox, **settings: Any) -> CampfireProvider:  # noqa: ANN401  # any setting
    """A provider for the sandbox that tries again at once."""
    return CampfireProvider("sandbox-key", base_url=sandbox.url, **{"retry": QUICK, **settings})


def posts(sandbox: CampfireSandbox) -> int:
    """How many orders arrived."""
    return [request.method for request in sandbox.requests].count("POST")


def ids(sandbox: CampfireSandbox) -> tuple[str, ...]:
    """The payments that are booked."""
    return tuple(str(row["id"]) for row in sandbox.payments)


async def pay(
    campfire: CampfireProvider,
    order: ManualPayment,
    invoice: int = INVOICE,
    **allowed: Any,  # noqa: ANN401  # any of them
) -> PayOutcome:
    """Pay with one item."""
    return await campfire.mark_invoice_paid(invoice, empty_transactions=[order], **allowed)


def booked(sandbox: CampfireSandbox, **fields: object) -> str:
    """Book a payment that looks as one for the order would, but for these fields, and give its id."""
    return str(
        sandbox.add_payment(
            **{"invoice_id": INVOICE, "amount": NAMED.amount, "payment_date": str(DAY), **fields}  # type: ignore[arg-type]
        )
    )


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
    form: Any,  # noqa: ANN401  # one of a few words
    external_id: str,
    pay_response: Any,  # noqa: ANN401  # likewise
    caplog: pytest.LogCaptureFixture,  # one of a few words
) -> None:
    """The first outcome says that the name was changed, and the same call books nothing more, from any object."""
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
    """It is kept by a server that shows it exactly, and the outcome of a call without names has nothing to complain of."""
    for form, kept in (("exact", True), ("cut", False)):
        async with (
            CampfireSandbox(payments=0, name_form=form, pay_response="ids") as sandbox,  # type: ignore[arg-type]
            open_at(sandbox) as campfire,
        ):
            assert kept is (await pay(campfire, NAMED)).external_ids_kept
            assert (await pay(campfire, UNNAMED)).external_ids_kept


@pytest.mark.parametrize("form", ["exact", "cut", "lower", "NFC", "NFD", "trimmed"])
async def test_two_orders_of_one_amount_on_one_day(form: Any) -> None:  # noqa: ANN401  # one of a few words
    """With names that are clearly different both go through, and both can be called again."""
    async with CampfireSandbox(payments=0, name_form=form) as sandbox, open_at(sandbox) as campfire:
        for name in ("order-1", "order-10", "Rent for March", "Rent for April"):
            await pay(campfire, attrs.evolve(NAMED, external_id=name))
        assert 4 == len(ids(sandbox))


async def test_an_invoice_that_shows_no_names() -> None:
    """Then the list tells two orders of one amount on one day apart, and finds each of them again."""
    async with (
        CampfireSandbox(payments=0, schema="documented") as sandbox,
        open_at(sandbox) as campfire,
    ):
        first, second = (
            attrs.evolve(NAMED, external_id=name) for name in ("Rent for March", "Rent for April")
        )
        for order, payment_id in ((first, "1"), (second, "2"), (first, "1"), (second, "2")):
            outcome = await pay(campfire, order)
            assert ((payment_id,), True) == (outcome.payment_ids, outcome.external_ids_kept)
        with pytest.raises(DuplicatePaymentError):
            await pay(campfire, attrs.evolve(NAMED, external_id="rent for march"))
        assert 2 == posts(sandbox)


async def test_an_invoice_that_shows_no_names_and_a_list_that_fails() -> None:
    """Then nothing is sent, and the error has no checkpoint, because nobody walks that list."""
    faults = FaultPlan().always(status(403), method="GET", path=PAYMENTS)
    async with (
        CampfireSandbox(payments=0, schema="documented", faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(PermissionDeniedError) as raised:
            await pay(campfire, NAMED)
        assert (None, 0) == (raised.value.checkpoint, posts(sandbox))


class Lagging(CampfireSandbox):
    """A server that reads from a copy, which is behind until it has caught up."""

    def __attrs_post_init__(self) -> None:
        """Begin behind."""
        super().__attrs_post_init__()
        self.copies: dict[str, Response] = {}
        self.caught_up = False

    def respond(self, request: Request) -> Response:
        """What was read first, again and again."""
        if request.method == "POST" or self.caught_up:
            return super().respond(request)
        return self.copies.setdefault(request.target, super().respond(request))


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "dropped"])
async def test_a_server_that_does_not_show_yet_what_it_booked(
    form: Any,  # noqa: ANN401  # one of a few words
    pay_response: Any,  # noqa: ANN401  # likewise
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The order is paid, and holds its name until it shows: the same call sends nothing, and then finds it."""
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
    """What the response to the order itself shows counts: a second payment under the name is told."""
    async with Lagging(payments=0) as sandbox, open_at(sandbox) as one, open_at(sandbox) as other:
        await pay(one, PLAIN)
        with pytest.raises(DuplicatePaymentError) as raised:
            await pay(other, PLAIN)
        assert (ids(sandbox), True) == (raised.value.payment_ids, raised.value.sent)


async def test_a_payment_by_hand_stops_a_named_order_until_it_is_told_apart() -> None:
    """A payment without a name may be this order on a server that keeps no names; the caller may say that it is another."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        by_hand = booked(sandbox)
        with pytest.raises(DuplicatePaymentError, match="other_payments=") as raised:
            await pay(campfire, NAMED)
        assert ((by_hand,), False) == (raised.value.payment_ids, raised.value.sent)
        assert (by_hand,) != (await pay(campfire, NAMED, other_payments=[int(by_hand)])).payment_ids
        assert 2 == len(ids(sandbox))


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": Decimal("50.01")},
        {"payment_date": "2026-02-01"},
        {"source": "STRIPE"},
        {"payment_type": "CREDIT_MEMO"},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_a_payment_that_is_clearly_another_stops_nothing(fields: dict[str, Any]) -> None:
    """A payment without a name of another amount, day, source or kind is another payment."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        booked(sandbox, **fields)
        assert 1 == len((await pay(campfire, NAMED)).payment_ids)


@pytest.mark.parametrize("wrong", ["22", 7, [True], [""], [1.5]])
async def test_other_payments_that_cannot_be_ids(wrong: Any) -> None:  # noqa: ANN401  # anything
    """They are refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="other_payments takes"):
        await pay(CampfireProvider("sandbox-key"), NAMED, other_payments=wrong)


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "lower"])
async def test_an_order_that_the_server_splits(pay_response: Any, form: Any) -> None:  # noqa: ANN401  # one of a few words
    """Several payments under one name whose exact sum is the amount are that order, before it is sent and after."""
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


async def test_an_order_that_the_server_splits_and_whose_answer_is_lost() -> None:
    """Its payments are found by their sum."""
    faults = FaultPlan().always(status(502, processed=True), method="POST")
    async with (
        CampfireSandbox(payments=0, split=True, faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        assert 2 == len((await pay(campfire, PLAIN)).payment_ids)
        assert 2 == len(ids(sandbox))


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
async def test_a_draft_holds_its_name(order: ManualPayment, pay_response: Any) -> None:  # noqa: ANN401  # one of two words
    """A success without a payment is a draft; the same call sends nothing more until it is approved, and then finds it."""
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
    """A person says that it will not come, and it can be sent again."""
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
    """If something new is on the invoice that is not certainly the order, the outcome is unknown."""
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
    """A new payment of another amount, name, kind, day or source is not the order, which holds its name."""
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


async def test_a_draft_that_cannot_be_looked_for() -> None:
    """Then it is unknown, and holds its name as a draft does."""
    faults = FaultPlan().on([2], status(403), method="GET", path=f"/coa/api/v1/invoice/{INVOICE}/")
    async with (
        CampfireSandbox(payments=0, drafts=True, pay_response="ids", faults=faults) as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError, match="looking for it failed"):
            await pay(campfire, PLAIN)
        with pytest.raises(DuplicatePaymentError, match="may wait in Campfire"):
            await pay(campfire, PLAIN)


async def test_an_order_above_what_is_due() -> None:
    """It is refused before it is sent, unless the caller allows it, and then the credit memos are told."""
    order = attrs.evolve(PLAIN, amount=Decimal("1033.34"))
    async with (
        CampfireSandbox(payments=0, pay_response="ids") as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(
            ConfigurationError,
            match=r"The order is 1033\.34, but only 1033\.33 is due.*allow_overpayment=True",
        ):
            await pay(campfire, order)
        assert 0 == posts(sandbox)
        outcome = await pay(campfire, order, allow_overpayment=True)
        assert [CreditMemoRef] == [type(memo) for memo in outcome.credit_memos]
        # The order is booked, which is what the same call is about.
        assert outcome.payment_ids == (await pay(campfire, order)).payment_ids


async def test_an_order_above_what_is_due_where_the_api_refuses_it() -> None:
    """Its refusal is a clean failure, and nothing is held."""
    async with (
        CampfireSandbox(payments=0, overpayment="refused") as sandbox,
        open_at(sandbox) as campfire,
    ):
        for _ in range(2):
            with pytest.raises(BadRequestError, match="more than the amount due"):
                await pay(
                    campfire, attrs.evolve(PLAIN, amount=Decimal(2000)), allow_overpayment=True
                )


@pytest.mark.parametrize("amount", [Decimal(0), Decimal("0.00"), Decimal("-1.50"), 0, -1])
async def test_amounts_that_are_not_above_zero(amount: Decimal | int) -> None:
    """They are refused in items and in mappings."""
    with pytest.raises(ConfigurationError, match="amount must be above zero"):
        TransactionPayment(1, amount)
    with pytest.raises(ConfigurationError, match="amount must be above zero"):
        await CampfireProvider("sandbox-key").mark_invoice_paid(
            1, transactions=[{"transaction_id": 1, "amount": amount}]
        )


@pytest.mark.parametrize("flag", ["allow_overpayment", "rebook_voided"])
async def test_a_flag_that_is_no_flag(flag: str) -> None:
    """A flag is True or False."""
    with pytest.raises(ConfigurationError, match=f"{flag} must be True or False"):
        await pay(CampfireProvider("sandbox-key"), PLAIN, INVOICE, **{flag: "yes"})


@pytest.mark.parametrize("form", ["exact", "lower", "dropped"])
async def test_a_name_under_which_a_payment_was_voided(form: Any) -> None:  # noqa: ANN401  # one of a few words
    """It is not free unless the caller says so, in whatever form the server has kept it."""
    async with CampfireSandbox(payments=0, name_form=form) as sandbox, open_at(sandbox) as campfire:
        first = await pay(campfire, PLAIN)
        sandbox.void_payment(int(first.payment_ids[0]))
        with pytest.raises(
            ConfigurationError,
            match=f"booked and voided: payments {first.payment_ids[0]} .*rebook_voided=True",
        ):
            await pay(campfire, PLAIN)
        assert first.payment_ids != (await pay(campfire, PLAIN, rebook_voided=True)).payment_ids
        assert 2 == len(ids(sandbox))


class Late(CampfireSandbox):
    """A sandbox behind a gateway that passes orders on when it is told to, also if their clients have gone by then."""

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
        answer = self.respond(request)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    async def pass_on(self) -> None:
        """Book what is on its way, and whatever comes from now on."""
        self.may_pass.set()
        await asyncio.gather(*self.passing)


async def test_two_tasks_with_a_timeout_shorter_than_the_server() -> None:
    """The first does not know, and the second sends nothing; when the payment appears, the same call gives it."""
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
async def test_one_name_on_two_invoices_at_once(form: Any) -> None:  # noqa: ANN401  # one of a few words
    """While the one is in doubt, the other is not sent, and when it is booked, neither."""
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
    """It sends nothing, as often as it is called, until a person says that the order will not come."""
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
    """It may be the order, and stops it, with its id."""
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


async def test_a_rest_after_which_an_order_may_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When it has passed, the call looks once more, and sends if nothing is found."""
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
def test_a_rest_that_is_none(wrong: Any) -> None:  # noqa: ANN401  # anything
    """It must be a number of seconds above zero."""
    with pytest.raises(ConfigurationError, match="resend_after"):
        CampfireProvider("sandbox-key", resend_after=wrong)


@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "cut", "lower", "dropped"])
@pytest.mark.parametrize("invoice", [INVOICE, INVOICE + 1])
async def test_another_process_books_the_same_at_the_same_time(
    form: Any,  # noqa: ANN401  # one of a few words
    pay_response: Any,  # noqa: ANN401  # one of a few words
    invoice: int,
) -> None:
    """The call that finds two payments under the name is told so, and how to void, and its success is not plain."""
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
                # What another invoice shows under another name cannot be told to be the same.
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


async def test_two_were_booked_and_the_answer_is_lost() -> None:
    """Looking after a failure tells it as well."""
    faults = FaultPlan().always(status(502, processed=True), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:

        def book(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                booked(sandbox, external_id="Order-1")

        async with open_at(sandbox, on_event=book) as campfire:
            with pytest.raises(DuplicatePaymentError) as raised:
                await pay(campfire, PLAIN)
            assert raised.value.sent


async def test_looking_for_a_second_payment_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The order is booked, and a warning says that nobody could look."""
    faults = FaultPlan().on([2], status(403), method="GET", path=f"/coa/api/v1/invoice/{INVOICE}/")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        outcome = await pay(campfire, PLAIN)
        assert (ids(sandbox), True) == (outcome.payment_ids, outcome.external_ids_kept)
        assert "looking for a second payment under the same external id failed" in caplog.text


class Shared:
    """An ``exclusive`` of one process: a lock for each name."""

    def __init__(self) -> None:
        self.locks: dict[str, asyncio.Lock] = {}
        self.names: list[str] = []

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncGenerator[None]:
        """Hold a name."""
        self.names.append(name)
        async with self.locks.setdefault(name, asyncio.Lock()):
            yield


async def test_two_objects_that_share_a_lock() -> None:
    """They take turns, book once, and what is in doubt for the one is for the other."""
    shared = Shared()
    async with CampfireSandbox(payments=0) as sandbox:
        async with (
            open_at(sandbox, exclusive=shared.exclusive) as one,
            open_at(sandbox, exclusive=shared.exclusive) as other,
        ):
            outcomes = await asyncio.gather(
                *(pay(campfire, PLAIN) for campfire in (one, other) * 5)
            )
            assert 1 == len({outcome.payment_ids for outcome in outcomes}) == posts(sandbox)
        assert [
            f"campfire {sandbox.url} external_id Order-1",
            f"campfire {sandbox.url} invoice 58700",
        ] == sorted(set(shared.names))


async def test_two_objects_that_share_a_lock_share_what_is_in_doubt() -> None:
    """An order of the one whose outcome is unknown holds its name for the other."""
    shared = Shared()
    async with (
        CampfireSandbox(payments=0, commits_late=True) as sandbox,
        open_at(sandbox, exclusive=shared.exclusive) as one,
        open_at(sandbox, exclusive=shared.exclusive) as other,
    ):
        for campfire in (one, other):
            with pytest.raises(OutcomeUnknownError):
                await pay(campfire, PLAIN)
        assert 1 == posts(sandbox)


async def test_one_lock_for_all_names() -> None:
    """It is taken once for each order, so that an order does not wait for itself."""
    lock = asyncio.Lock()
    async with CampfireSandbox(payments=0) as sandbox:
        async with (
            open_at(sandbox, exclusive=lambda _: lock) as one,
            open_at(sandbox, exclusive=lambda _: lock) as other,
        ):
            async with asyncio.timeout(60):
                orders = [
                    (campfire, order) for order in (PLAIN, UNNAMED) for campfire in (one, other) * 2
                ]
                outcomes = await asyncio.gather(
                    *(pay(campfire, order) for campfire, order in orders)
                )
        assert 1 == len({outcome.payment_ids for outcome in outcomes[:4]})
        assert 5 == posts(sandbox) == len(ids(sandbox))
        assert not lock.locked()


async def test_names_that_are_held_stay_short() -> None:
    """A long name is told apart by its hash."""
    shared = Shared()
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=shared.exclusive) as campfire,
    ):
        for last in "ab":
            await pay(campfire, attrs.evolve(NAMED, external_id="x" * 255 + last))
    assert 3 == len(set(shared.names))
    assert 200 == max(map(len, shared.names))


@pytest.mark.parametrize("exclusive", ["store", 7, nullcontext()])
def test_an_exclusive_that_cannot_be_called(exclusive: object) -> None:
    """It is refused when the object is made."""
    with pytest.raises(ConfigurationError, match="exclusive must be a callable"):
        CampfireProvider("sandbox-key", exclusive=exclusive)  # type: ignore[arg-type]  # that is what is tested


async def test_an_exclusive_that_gives_no_context_manager() -> None:
    """It is refused before anything is sent."""
    campfire = CampfireProvider("sandbox-key", exclusive=lambda _: None)  # type: ignore[arg-type, return-value]  # likewise
    with pytest.raises(ConfigurationError, match="exclusive must return an async context manager"):
        await pay(campfire, PLAIN)


class Manager:
    """A context manager whose parts do what a test says."""

    def __init__(
        self, enter: Callable[[], object] = lambda: None, leave: Callable[[], object] = lambda: None
    ) -> None:
        self.enter, self.leave = enter, leave

    __slots__ = ("enter", "leave")  # so that nothing can refer to it weakly

    def __call__(self, _: str) -> Manager:
        return self

    async def __aenter__(self) -> object:
        return self.enter()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> bool:
        self.leave()
        return True


def fail() -> None:
    """Fail as a part of the user's own would."""
    raise RuntimeError("the lock broke")


async def test_an_exclusive_that_fails_on_entering() -> None:
    """Nothing is sent, and the error is its own."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Manager(fail)) as campfire,
    ):
        with pytest.raises(RuntimeError, match="the lock broke"):
            await pay(campfire, PLAIN)
        assert () == sandbox.requests


async def test_an_exclusive_that_fails_on_leaving(caplog: pytest.LogCaptureFixture) -> None:
    """The order is booked, which is what the caller is told; the failure is logged."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Manager(leave=fail)) as campfire,
    ):
        outcome = await pay(campfire, PLAIN)
        assert ids(sandbox) == outcome.payment_ids
        assert "the lock broke" in caplog.text


async def test_an_exclusive_that_swallows_errors() -> None:
    """What went wrong is raised all the same."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Manager()) as campfire,
    ):
        with pytest.raises(ConfigurationError, match="allow_overpayment"):
            await pay(campfire, attrs.evolve(PLAIN, amount=Decimal(5000)))


class Raising(Manager):
    """A context manager that raises again what it is left with."""

    __slots__ = ()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if error is not None:
            raise error
        return False


async def test_an_exclusive_that_raises_again_what_it_is_left_with(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That is no failure of its own."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Raising()) as campfire,
    ):
        with pytest.raises(ConfigurationError, match="allow_overpayment"):
            await pay(campfire, attrs.evolve(PLAIN, amount=Decimal(5000)))
        assert "" == caplog.text


async def test_an_exclusive_that_is_never_free() -> None:
    """Waiting for a turn counts for the deadline, and nothing is sent."""
    shared = Shared()
    async with CampfireSandbox(payments=0) as sandbox:
        async with (
            open_at(sandbox, exclusive=shared.exclusive, deadline=0.2) as campfire,
            shared.exclusive(f"campfire {sandbox.url} invoice {INVOICE}"),
        ):
            with pytest.raises(RequestTimeoutError, match="The deadline"):
                await pay(campfire, PLAIN)
        assert () == sandbox.requests


class Journal(MemoryJournal):
    """A journal that notes what it is told, and fails where a test says."""

    def __init__(self, fails: Sequence[str] = ()) -> None:
        super().__init__()
        self.fails = fails
        self.told: list[str] = []

    def _note(self, what: str) -> None:
        self.told.append(what)
        if what in self.fails:
            raise OSError(f"{what}: the disk is full")

    async def read_open(self) -> Sequence[OpenOrder]:
        self._note("read")
        return await super().read_open()

    async def record_sent(self, order: OpenOrder) -> None:
        self._note("draft" if order.drafted else "sent")
        await super().record_sent(order)

    async def record_settled(self, order_id: str) -> None:
        self._note("settled")
        await super().record_settled(order_id)


def kept_in(journals: dict[str, Journal], fails: Sequence[str] = ()) -> Callable[[str], Any]:
    """An ``exclusive`` that yields the journal of each name."""
    return lambda name: nullcontext(journals.setdefault(name, Journal(fails)))


async def test_a_journal_is_told_before_anything_is_sent_and_afterwards() -> None:
    """Each name's journal is read, told what goes out, and told when it was found."""
    journals: dict[str, Journal] = {}
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=kept_in(journals)) as campfire,
    ):
        await pay(campfire, PLAIN)
    assert [["read", "sent", "settled", "read"]] * 2 == [
        journal.told for journal in journals.values()
    ]
    assert [0, 0] == [len(journal) for journal in journals.values()]


async def test_a_journal_that_outlives_the_process() -> None:
    """Another object with the same journals sends nothing while the order is open, finds it later, and strikes it out."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0, commits_late=True) as sandbox:
        for _ in range(2):
            async with open_at(sandbox, exclusive=kept_in(journals)) as campfire:
                with pytest.raises(OutcomeUnknownError):
                    await pay(campfire, PLAIN)
        sandbox.book_held()
        async with open_at(sandbox, exclusive=kept_in(journals)) as campfire:
            assert ids(sandbox) == (await pay(campfire, PLAIN)).payment_ids
        assert 1 == posts(sandbox)
    assert [0, 0] == [len(journal) for journal in journals.values()]


@pytest.mark.parametrize("part", ["read", "sent"])
async def test_a_journal_that_fails_before_the_order_goes_out(part: str) -> None:
    """Nothing is sent, the error is its own, and nothing is held."""
    journals: dict[str, Journal] = {}
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=kept_in(journals, [part])) as campfire,
    ):
        with pytest.raises(OSError, match=f"{part}: the disk is full"):
            await pay(campfire, PLAIN)
        assert 0 == posts(sandbox)
        for journal in journals.values():
            journal.fails = ()
        assert 1 == len((await pay(campfire, PLAIN)).payment_ids)


@pytest.mark.parametrize("fails", [["settled"], ["draft"]])
async def test_a_journal_that_fails_after_the_order_went_out(
    fails: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The outcome is told all the same, and a warning says that it is not written down."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0, drafts=fails == ["draft"]) as sandbox:
        async with open_at(sandbox, exclusive=kept_in(journals, fails)) as campfire:
            outcome = await pay(campfire, PLAIN)
            assert (ids(sandbox), fails == ["draft"]) == (outcome.payment_ids, outcome.drafted)
            assert "could not be written down" in caplog.text
            if not outcome.drafted:
                assert outcome.payment_ids == (await pay(campfire, PLAIN)).payment_ids
        assert 1 == posts(sandbox)


async def test_a_journal_that_cannot_be_read_after_the_order_was_booked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The order is booked, and the caller is told."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0) as sandbox:

        def spoil(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                for journal in journals.values():
                    journal.fails = ["read"]

        async with open_at(sandbox, exclusive=kept_in(journals), on_event=spoil) as campfire:
            assert 1 == len((await pay(campfire, PLAIN)).payment_ids)
            assert "could not be read" in caplog.text


async def test_a_name_that_is_lost_while_waiting_to_send_again() -> None:
    """After a 429 the journal is asked once more, and if it refuses, nothing is sent."""
    journals: dict[str, Journal] = {}
    faults = FaultPlan().on(1, status(429), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:

        def lose(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                for journal in journals.values():
                    journal.fails = ["sent"]

        async with open_at(sandbox, exclusive=kept_in(journals), on_event=lose) as campfire:
            for order in (PLAIN, UNNAMED):
                with pytest.raises(OSError, match="the disk is full"):
                    await pay(campfire, order)
        assert 1 == posts(sandbox)
        assert () == ids(sandbox)


async def test_what_may_be_the_order_appears_while_it_waits_to_be_sent_again() -> None:
    """After a 429 a payment that may be this order stops it."""
    faults = FaultPlan().on(1, status(429), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:

        def book(event: Event) -> None:
            if isinstance(event, RequestSent) and event.method == "POST":
                booked(sandbox)

        async with open_at(sandbox, on_event=book) as campfire:
            with pytest.raises(DuplicatePaymentError, match="Nothing was sent"):
                await pay(campfire, PLAIN)
        assert 1 == posts(sandbox) == len(ids(sandbox))


async def test_an_open_order_that_cannot_be_read() -> None:
    """What Another version of paysdk left open is not guessed at, and nothing is sent."""
    journals: dict[str, Journal] = {}
    async with CampfireSandbox(payments=0, commits_late=True) as sandbox:
        async with open_at(sandbox, exclusive=kept_in(journals)) as campfire:
            with pytest.raises(OutcomeUnknownError):
                await pay(campfire, PLAIN)
            for journal in journals.values():
                journal._orders = {
                    name: attrs.evolve(order, details='{"to come": 1}')
                    for name, order in journal._orders.items()
                }
            with pytest.raises(ConfigurationError, match="Another version of paysdk"):
                await pay(campfire, PLAIN)
        assert 1 == posts(sandbox)


async def test_another_order_under_the_name_of_one_that_was_sent() -> None:
    """When the first is found, under whatever name, the second is told which payments it made."""
    async with (
        CampfireSandbox(payments=0, commits_late=True, name_form="lower") as sandbox,
        open_at(sandbox) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError):
            await pay(campfire, PLAIN)
        sandbox.book_held()
        for _ in range(2):
            with pytest.raises(
                DuplicatePaymentError, match="has the same external id and is booked"
            ) as raised:
                await pay(campfire, attrs.evolve(PLAIN, amount=Decimal(7)))
            assert (ids(sandbox), False) == (raised.value.payment_ids, raised.value.sent)
        assert ids(sandbox) == (await pay(campfire, PLAIN)).payment_ids


async def test_what_is_booked_under_the_name_of_another_order_that_is_open() -> None:
    """It is the outcome of the call for it, and the other order stays open."""
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
    """Cancelled while it looks, before it is sent, an order is in the way of none."""
    faults = FaultPlan().on(1, hang(), method="GET")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        first = asyncio.create_task(pay(campfire, PLAIN))
        await until(lambda: sandbox.requests)
        first.cancel()
        assert 1 == len((await pay(campfire, PLAIN)).payment_ids)


def test_memory_of_a_provider_that_shares_nothing() -> None:
    """Two objects without ``exclusive`` remember nothing of each other."""
    assert (
        CampfireProvider("sandbox-key")._payer._turns._memory
        is not CampfireProvider("sandbox-key")._payer._turns._memory
    )


async def test_a_refusal_before_anything_was_sent_leaves_the_name_free() -> None:
    """An order that was refused for certain holds nothing."""
    faults = FaultPlan().on(1, status(403), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, open_at(sandbox) as campfire:
        with pytest.raises(PermissionDeniedError):
            await pay(campfire, PLAIN)
        assert 1 == len((await pay(campfire, PLAIN)).payment_ids)


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("pay_response", ["invoice", "ids"])
@pytest.mark.parametrize("form", ["exact", "cut", "lower", "dropped"])
async def test_two_items_of_one_amount_in_one_order(
    form: Any,  # noqa: ANN401  # one of a few
    pay_response: Any,  # noqa: ANN401  # one of a few
    split: bool,
) -> None:
    """They are as many payments as were ordered, whatever the server makes of their names, and the same call books no more."""
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
