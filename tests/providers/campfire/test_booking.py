"""Booking what Notify has and Campfire has not, in the sandboxes of both."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import CampfireProvider, ConfigurationError, NotifyProvider
from paysdk.booking import (
    BookingJournal,
    BookingKey,
    BooksPayments,
    State,
    apply_bookings,
    approve_plan,
    compare_balances,
    follow_bookings,
    plan_bookings,
    release_booking,
    undo_bookings,
)
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import open_sandbox
from tests.booking.policies import CAMPFIRE_POLICY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paysdk.booking import ApplyReport, Booking, BookingPlan

POLICY = attrs.evolve(CAMPFIRE_POLICY, since=date(2025, 1, 1), max_amount=Decimal(10_000))


@attrs.define
class Pair:
    """Both sandboxes, both providers, and a store."""

    campfire: Any
    notify: Any
    target: CampfireProvider
    source: NotifyProvider
    store: SQLPaymentStore

    def pay(self, invoice_id: int, amount: str | None = None, **fields: Any) -> str:
        """Add a payment of an invoice to Notify, by default of all that is due."""
        invoice = self.campfire.invoice(invoice_id)
        paid = Decimal(amount or invoice["amount_due"])
        ref = {
            "id": f"n{invoice_id}",
            "number": invoice["invoice_number"],
            "invoiceTotal": invoice["total_amount"],
            "invoiceBalance": invoice["amount_due"] - paid,
        }
        return str(self.notify.add_payment(amount=paid, invoice=ref, date="05-05-2025", **fields))

    async def plan(self, **options: Any) -> BookingPlan:
        """Sync both and plan."""
        await sync_payments(self.source, self.store)
        await sync_payments(self.target, self.store, full=True)
        return await plan_bookings(self.store, target=self.target, **{"policy": POLICY, **options})

    async def approve(self) -> str:
        """Plan and approve everything."""
        plan = await self.plan()
        await approve_plan(self.store, plan, by="Ann", limit=Decimal(100_000))
        return plan.digest

    async def apply(self, run: str, rest: float = 0) -> ApplyReport:
        """Apply a run."""
        return await apply_bookings(self.store, run, target=self.target, rest=rest)

    async def booking(self, payment_id: str) -> Booking:
        """The booking of a payment."""
        found = await BookingJournal(self.store).read(BookingKey("notify", "default", payment_id))
        assert found is not None
        return found


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of Campfire's sandbox, for a test to override."""
    return {}


@pytest.fixture
async def pair(tmp_path: Path, settings: dict[str, Any]) -> AsyncIterator[Pair]:
    """Both sandboxes. Notify is empty, and Campfire has two payments."""
    campfire = open_sandbox("campfire", payments=2, **settings)
    notify = open_sandbox("notify", payments=0)
    async with (
        campfire,
        notify,
        SQLPaymentStore(tmp_path / "payments.db") as store,
        CampfireProvider(
            campfire.api_key, base_url=campfire.url, exclusive=store.exclusive
        ) as target,
        NotifyProvider(notify.api_key, base_url=notify.url) as source,
    ):
        yield Pair(campfire, notify, target, source, store)


async def test_the_whole_story(pair: Pair) -> None:
    """One payment takes five requests from plan to undo."""
    first, second = pair.pay(58700), pair.pay(58701, "100.00")
    before = [pair.campfire.invoice(each)["amount_due"] for each in (58700, 58701)]
    run = await pair.approve()
    sent = len(pair.campfire.requests)

    report = await pair.apply(run)
    used = len(pair.campfire.requests) - sent
    plan = await pair.plan()
    followed = await follow_bookings(pair.store)
    balances = [each async for each in compare_balances(pair.store, target=pair.target)]

    assert isinstance(pair.target.booking_target(), BooksPayments)
    assert ({State.BOOKED: 2}, 10) == (report.states, used)
    assert ((), ()) == (plan.lines, plan.review)
    assert (0, {}, 0) == (followed.adopted, followed.diverged, followed.healed)
    assert [True, True] == [each.is_equal for each in balances]
    assert (await pair.booking(first)).details["verified"] is True

    undone = await undo_bookings(
        pair.store, run, target=pair.target, by="Ann", reason="wrong account"
    )

    assert ({State.VOIDED: 2}, {}) == (undone.states, undone.failures)
    assert before == [pair.campfire.invoice(each)["amount_due"] for each in (58700, 58701)]
    again = await undo_bookings(pair.store, run, target=pair.target, by="Ann", reason="again")
    assert again.states == undone.states
    review = (await pair.plan()).review
    assert {first: "counterpart_voided", second: "counterpart_voided"} == {
        line.payment_id: line.reason for line in review
    }
    rebooked = await pair.plan(rebook=[first])
    assert [f"paysdk:notify:default:{first}:g2"] == [line.external_id for line in rebooked.lines]
    await approve_plan(pair.store, rebooked, by="Ann", limit=Decimal(10_000))
    assert {State.BOOKED: 1} == (await pair.apply(rebooked.digest)).states


@pytest.mark.parametrize(
    "settings",
    [
        {"split": True},
        {"pay_response": "ids"},
        {"schema": "documented"},
        {"name_form": "lower"},
        {"name_form": "cut"},
    ],
    ids=str,
)
async def test_a_server_may_treat_orders_in_its_own_way(pair: Pair) -> None:
    """Each payment is booked once and recognised, with five requests."""
    pair.pay(58700)
    run = await pair.approve()
    sent = len(pair.campfire.requests)

    assert {State.BOOKED: 1} == (await pair.apply(run)).states
    assert 5 == len(pair.campfire.requests) - sent
    assert {State.BOOKED: 1} == (await pair.apply(run)).states
    assert 0 == pair.campfire.invoice(58700)["amount_due"]


@pytest.mark.parametrize("settings", [{"drafts": True}, {"commits_late": True}], ids=str)
async def test_an_order_that_waits_is_adopted_later(pair: Pair) -> None:
    """It is not sent again meanwhile."""
    payment_id = pair.pay(58700)
    run = await pair.approve()

    first = await pair.apply(run)
    second = await pair.apply(run)
    pair.campfire.book_held()
    third = await pair.apply(run)

    assert first.states == second.states
    assert (await pair.booking(payment_id)).payment_ids
    assert {State.BOOKED: 1} == third.states
    assert 0 == pair.campfire.invoice(58700)["amount_due"]


async def test_an_order_that_is_booked_already_is_found(pair: Pair) -> None:
    """The record of it was lost, so nothing is sent."""
    payment_id = pair.pay(58700)
    run = await pair.approve()
    pair.campfire.add_payment(
        invoice_id=58700,
        amount=pair.campfire.invoice(58700)["amount_due"],
        payment_date="2025-05-05",
        external_id=f"paysdk:notify:default:{payment_id}",
    )

    report = await pair.apply(run)

    assert {State.BOOKED: 1} == report.states
    booking = await pair.booking(payment_id)
    assert ("found", True) == (booking.reason, booking.details["verified"])
    assert 0 == pair.campfire.invoice(58700)["amount_due"]


@pytest.mark.parametrize("settings", [{"drafts": True}], ids=str)
async def test_a_person_can_release_an_order_that_will_not_come(pair: Pair) -> None:
    """It is sent again then, under the same external id."""
    payment_id = pair.pay(58700)
    run = await pair.approve()
    await pair.apply(run)

    released = await release_booking(
        pair.store,
        await pair.booking(payment_id),
        target=pair.target,
        by="Ann",
        reason="rejected in Campfire",
    )

    assert State.APPROVED is released.state
    assert {State.DRAFTED: 1} == (await pair.apply(run, rest=1000)).states


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"agent": True}, "overpaid"),
        ({"closed_until": date(2025, 12, 31)}, "refused_by_target"),
        ({"department_required": True}, "refused_by_target"),
    ],
    ids=str,
)
async def test_what_campfire_does_by_itself_is_seen(pair: Pair, reason: str) -> None:
    """A refusal has Campfire's words, and a double payment is found at once."""
    payment_id = pair.pay(58700)
    run = await pair.approve()

    await pair.apply(run)

    assert reason == (await pair.booking(payment_id)).reason


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"shared_number": True}, "several_invoices"),
        ({"term_discount": Decimal(10)}, "term_discount"),
    ],
    ids=str,
)
async def test_what_is_not_clear_is_for_review(pair: Pair, reason: str) -> None:
    """Nothing is guessed."""
    # The sandbox grants the discount to the payment that is short of exactly that much.
    pair.pay(58700, "1023.33")

    plan = await pair.plan()

    assert ((), [reason]) == (plan.lines, [line.reason for line in plan.review])


@pytest.mark.parametrize(
    ("fields", "payable", "voided"),
    [
        *(({"payment_status": status}, True, False) for status in ("open", "sent", "partial")),
        *(
            ({"payment_status": status}, False, False)
            for status in ("draft", "paid", "uncollectible", None)
        ),
        ({"payment_status": "voided"}, False, True),
        ({"voided_date": date(2026, 1, 1)}, False, True),
        ({"is_deleted": True}, False, True),
    ],
    ids=str,
)
async def test_only_an_open_invoice_can_be_paid(
    pair: Pair,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
    *,
    payable: bool,
    voided: bool,
) -> None:
    """A draft, a paid, a voided and a deleted one cannot."""
    found = attrs.evolve(await pair.target.retrieve_invoice(58700), **fields)

    async def retrieve(*_: object) -> Any:
        return found

    monkeypatch.setattr(CampfireProvider, "retrieve_invoice", retrieve)

    invoice = await pair.target.booking_target().retrieve_invoice("58700")
    assert (payable, voided) == (invoice.is_payable, invoice.is_voided)


async def test_a_payment_by_stripe_is_never_voided(pair: Pair) -> None:
    """A void that would refund real money is left to a person."""
    payment_id = pair.pay(58700)
    run = await pair.approve()
    await pair.apply(run)
    (booked,) = (await pair.booking(payment_id)).payment_ids
    pair.campfire.change_payment(int(booked), source="STRIPE")

    report = await undo_bookings(pair.store, run, target=pair.target, by="Ann", reason="wrong")

    assert {State.DIVERGED: 1} == report.states
    assert "void_refused" == (await pair.booking(payment_id)).reason
    assert 0 == pair.campfire.invoice(58700)["amount_due"]


async def test_what_stripe_has_paid_is_not_booked_too(pair: Pair) -> None:
    """A payment that only Campfire's invoice shows stops the order before it is sent."""
    payment_id = pair.pay(58701, "100.00")
    run = await pair.approve()
    pair.campfire.add_payment(
        invoice_id=58701, amount=Decimal("100.00"), payment_date="2025-05-05", source="STRIPE"
    )

    assert {State.REFUSED: 1} == (await pair.apply(run)).states
    assert "possible_duplicate" == (await pair.booking(payment_id)).reason


@pytest.mark.parametrize("settings", [{"voids": "refused"}], ids=str)
async def test_a_void_that_is_refused_is_for_a_person(pair: Pair) -> None:
    """The payment is still live."""
    payment_id = pair.pay(58700)
    run = await pair.approve()
    await pair.apply(run)

    report = await undo_bookings(pair.store, run, target=pair.target, by="Ann", reason="wrong")

    assert ({State.DIVERGED: 1}, [payment_id]) == (report.states, [*report.failures])
    assert "void_refused" == (await pair.booking(payment_id)).reason


async def test_the_suggested_account_is_the_clearing_account(pair: Pair) -> None:
    """An error about a missing policy names it."""
    account = await pair.target.booking_target().suggest_account()

    assert account is not None
    assert (2561, "1050 - Payments Clearing") == (account.id, account.name)


async def test_an_organisation_may_have_no_clearing_account(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is suggested."""

    async def settings(_: object) -> Any:
        return attrs.make_class("Settings", {"default_clearing": attrs.field(default=None)})()

    monkeypatch.setattr(CampfireProvider, "retrieve_account_settings", settings)

    assert await pair.target.booking_target().suggest_account() is None


@pytest.mark.parametrize(
    ("account_id", "name", "message"),
    [
        (2551, "1000 - Operating Bank", "is a bank account, and the bank feed brings the same"),
        (2561, "1000 - Operating Bank", "it is called 1050 - Payments Clearing, and the policy"),
        (2562, "1050 - Payments Clearing", "account 2562 of campfire: it does not exist"),
        (2569, "1090 - Old Clearing", "1090 - Old Clearing is not active"),
    ],
)
async def test_an_account_that_must_not_be_used_is_refused(
    pair: Pair, account_id: int, name: str, message: str
) -> None:
    """No plan is made for an id that a person may have mistyped."""
    pair.pay(58700)
    policy = attrs.evolve(POLICY, account_id=account_id, account_name=name)

    with pytest.raises(ConfigurationError, match=message):
        await pair.plan(policy=policy)


async def test_an_account_may_have_its_name_without_the_number(pair: Pair) -> None:
    """The documents do not say which of the two a payment takes."""
    plan = await pair.plan(policy=attrs.evolve(POLICY, account_name="Payments Clearing"))

    assert "Payments Clearing" == plan.policy.account_name
