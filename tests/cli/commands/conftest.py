"""A desk at which payments are booked with the commands."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import CampfireProvider, NotifyProvider
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]
    Serve = Callable[[str, Sandbox], AbstractContextManager[None]]


POLICY = """
currency = "USD"
entity = 54
account_id = 2561
account_name = "1050 - Payments Clearing"
since = 2025-01-01
max_amount = "5000.00"
"""


@attrs.define
class Desk:
    """Runs the commands on one plan, with Campfire's sandbox behind them."""

    run: Command
    folder: Path
    campfire: Any
    notify: Any
    database: str

    def pay(self, invoice_id: int, amount: str | None = None) -> str:
        """Add a payment of an invoice to Notify, by default of all that is due."""
        invoice = self.campfire.invoice(invoice_id)
        paid = Decimal(amount or invoice["amount_due"])
        ref = {
            "id": f"n{invoice_id}",
            "number": invoice["invoice_number"],
            "invoiceTotal": invoice["total_amount"],
            "invoiceBalance": max(invoice["amount_due"] - paid, Decimal("0.00")),
        }
        return str(self.notify.add_payment(amount=paid, invoice=ref, date="05-05-2025"))

    def sync(self) -> None:
        """Sync both sides."""
        asyncio.run(self._sync())

    async def _sync(self) -> None:
        async with (
            SQLPaymentStore(self.database) as store,
            CampfireProvider(self.campfire.api_key, base_url=self.campfire.url) as campfire,
            self.notify,
            NotifyProvider(self.notify.api_key, base_url=self.notify.url) as notify,
        ):
            await sync_payments(campfire, store, full=True)
            await sync_payments(notify, store)

    @property
    def plan_file(self) -> str:
        """The path of the plan."""
        return str(self.folder / "plan.json")

    def plan(self, *options: str) -> Outcome:
        """Make the plan."""
        policy = self.folder / "policy.toml"
        policy.write_text(POLICY, encoding="utf-8")
        where = ("--in", self.database, "--policy", str(policy), "--out", self.plan_file)
        return self.run("book", "plan", "notify", "campfire", *where, *options)

    def do(self, command: str, *options: str) -> Outcome:
        """Run a command on the plan."""
        return self.run("book", command, self.plan_file, "--in", self.database, *options)

    def release(self, payment_id: str, *options: str) -> Outcome:
        """Release the line of a payment."""
        return self.do("release", "--payment", payment_id, "--by", "Ann", "--reason", "x", *options)

    def ids(self) -> list[str]:
        """The payments of the plan's lines."""
        listed = self.do("status", "--format", "json").out.splitlines()
        return [json.loads(line)["payment_id"] for line in listed]


@pytest.fixture
def desk(paysdk: Command, serve_api: Serve, tmp_path: Path) -> Iterator[Desk]:
    """Two payments to book, and one for review."""
    campfire: Any = open_sandbox("campfire", payments=2)
    with serve_api("CAMPFIRE", campfire):
        desk = Desk(
            paysdk,
            tmp_path,
            campfire,
            open_sandbox("notify", payments=0),
            str(tmp_path / "payments.db"),
        )
        desk.pay(58700)
        desk.pay(58701, "100.00")
        desk.pay(58702, "9.00")
        campfire.add_payment(invoice_id=58702, amount=Decimal("8.00"), payment_date="2025-05-05")
        desk.sync()
        yield desk
