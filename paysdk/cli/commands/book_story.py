"""``paysdk book --sandbox``: the whole story of a booking, with no account and no database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from paysdk import CampfireProvider, NotifyProvider
from paysdk.booking import (
    BookingPolicy,
    apply_bookings,
    approve_plan,
    compare_balances,
    follow_bookings,
    plan_bookings,
    undo_bookings,
)
from paysdk.cli.output.bookings import print_plan, print_states
from paysdk.cli.output.terminal import print_lines
from paysdk.cli.signals import run_async
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from paysdk.booking import BookingPlan

__all__ = ["show_story"]

# Invoices that are open in Campfire's sandbox.
_PAID_IN_FULL, _PAID_IN_PART, _PAID_TOO_MUCH = 58700, 58701, 58702


def show_story() -> int:
    """Tell the story, and return the exit code."""
    with TemporaryDirectory() as folder:
        run_async(_tell(Path(folder, "payments.db")))
    return 0


async def _tell(database: Path) -> None:
    campfire: Any = open_sandbox("campfire", payments=20)
    notify: Any = open_sandbox("notify", payments=0)
    _fill(campfire, notify)
    async with (
        campfire,
        notify,
        SQLPaymentStore(database) as store,
        CampfireProvider(
            campfire.api_key, base_url=campfire.url, exclusive=store.exclusive
        ) as target,
        NotifyProvider(notify.api_key, base_url=notify.url, currency="USD") as source,
    ):
        print_lines(["1. Sync both sides."])
        await _sync(store, source, target)
        print_lines(["2. Plan. Nothing is booked."])
        plan = await plan_bookings(store, target=target, policy=await _make_policy(target))
        print_plan(plan)
        print_lines(["3. A person looks at the plan and approves it."])
        await approve_plan(store, plan, by="Ann", limit=Decimal(10_000))
        print_lines(["4. Apply. Each line is checked again, sent once, and verified."])
        report = await apply_bookings(store, plan.digest, target=target)
        print_states(report.states, "table")
        print_lines(["5. Sync again, follow, and compare what is due in both systems."])
        await _sync(store, source, target)
        followed = await follow_bookings(store)
        print_lines([f"{sum(followed.diverged.values())} bookings have diverged."])
        print_lines([await _describe_balances(store, target)])
        await _undo(store, target, plan)


async def _undo(store: SQLPaymentStore, target: CampfireProvider, plan: BookingPlan) -> None:
    print_lines(["6. Undo everything. The payments are voided, and never deleted."])
    report = await undo_bookings(
        store, plan.digest, target=target, by="Ann", reason="the end of the story"
    )
    print_states(report.states, "table")


async def _sync(store: SQLPaymentStore, source: NotifyProvider, target: CampfireProvider) -> None:
    for provider in (source, target):
        await sync_payments(provider, store)


async def _make_policy(target: CampfireProvider) -> BookingPolicy:
    account = (await target.retrieve_account_settings()).default_clearing
    invoice = await target.retrieve_invoice(_PAID_IN_FULL)
    return BookingPolicy(
        currency="USD",
        entity=invoice.entity or 0,
        account_id=0 if account is None else account.id,
        account_name="" if account is None else account.name_and_number or "",
        since=date(2025, 1, 1),
        max_amount=Decimal(5000),
    )


async def _describe_balances(store: SQLPaymentStore, target: CampfireProvider) -> str:
    balances = [each async for each in compare_balances(store, target=target)]
    differ = [
        f"On invoice {each.number}, {each.source} is due in Notify and {each.target} in Campfire: "
        "its payment is for review"
        for each in balances
        if not each.is_equal
    ]
    return f"{len(balances) - len(differ)} invoices agree. {'; '.join(differ)}."


def _fill(campfire: Any, notify: Any) -> None:  # noqa: ANN401  # sandboxes
    """Add the payments of three open invoices to Notify. One includes a fee."""
    amounts = {
        _PAID_IN_FULL: campfire.invoice(_PAID_IN_FULL)["amount_due"],
        _PAID_IN_PART: Decimal("100.00"),
        _PAID_TOO_MUCH: campfire.invoice(_PAID_TOO_MUCH)["amount_due"] + Decimal("40.00"),
    }
    for invoice_id, amount in amounts.items():
        invoice = campfire.invoice(invoice_id)
        notify.add_payment(
            amount=amount,
            date="05-05-2025",
            invoice={
                "id": f"n{invoice_id}",
                "number": invoice["invoice_number"],
                "invoiceTotal": invoice["total_amount"],
                "invoiceBalance": max(invoice["amount_due"] - amount, Decimal("0.00")),
            },
        )
