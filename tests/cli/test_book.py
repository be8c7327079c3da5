"""The commands of ``paysdk book``, from the plan to the undo."""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from paysdk import CampfireProvider, NotifyProvider, ServerError
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from paysdk.testing import Sandbox

    from .conftest import Outcome

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


def test_a_plan_is_approved_applied_and_undone(desk: Desk) -> None:
    """The exit code is 3 while something needs a person."""
    planned = desk.plan("--html", str(desk.folder / "plan.html"))
    approved = desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    applied = desk.do("apply", "--by", "Ann")
    desk.sync()
    status = desk.do("status")
    listed = desk.do("status", "--format", "json")
    ids = [json.loads(line)["payment_id"] for line in listed.out.splitlines()]
    part = desk.do("undo", "--by", "Ann", "--reason", "x", "--payment", ids[0])
    undone = desk.do(
        "undo", "--by", "Ann", "--reason", "x", "--void-date", "2025-06-01", "--format", "json"
    )

    assert [3, 0, 0, 0, 0, 0] == [
        each.code for each in (planned, approved, applied, status, part, undone)
    ]
    assert "2 to book: 1133.33 USD. 1 for review." in planned.out
    assert "only_pair" in planned.out
    assert "Ann approved 2 lines of the plan" in approved.err
    assert "2  booked" in applied.out
    assert "booked" in status.out
    assert {"booked"} == {json.loads(line)["state"] for line in listed.out.splitlines()}
    assert {"voided": 2} == json.loads(undone.out)
    assert (desk.folder / "plan.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_orders_and_voids_take_turns_with_all_processes_that_share_the_database(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Campfire holds their names in the database, so that an order of another program waits."""
    held: list[str] = []
    exclusive = SQLPaymentStore.exclusive

    def hold(store: SQLPaymentStore, name: str) -> object:
        held.append(name)
        return exclusive(store, name)

    monkeypatch.setattr(SQLPaymentStore, "exclusive", hold)
    desk.plan()
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    desk.do("apply")
    ordered = [name for name in held if desk.campfire.url in name]
    held.clear()
    desk.do("undo", "--by", "Ann", "--reason", "x")
    voided = [name for name in held if desk.campfire.url in name]

    assert 4 == len(ordered) == len(voided), (ordered, voided)
    assert ["paysdk:notify" in name for name in ordered].count(True) == 2


def test_an_empty_plan_needs_nobody(desk: Desk) -> None:
    """The exit code is 0, and json is the plan itself."""
    for payment in desk.notify.payments:
        desk.notify.change_payment(payment["id"], date="05-05-2024")
    desk.sync()

    shown = desk.plan("--format", "json")

    assert 0 == shown.code
    assert {"before_since": 3, "only_in_target": 2} == json.loads(shown.out)["plan"]["left_out"]
    assert "Left out: 3 before_since, 2 only_in_target." in desk.plan().out


def test_an_outage_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 1, and the rest stays approved."""
    desk.plan()
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")

    async def fail(*_: object) -> None:
        raise ServerError("down", status=503)

    with monkeypatch.context() as patch:
        patch.setattr("paysdk.providers.campfire.booking.CampfireTarget.book", fail)
        stopped = desk.do("apply", "--stop-after", "1", "--format", "json")
        waiting = desk.do("status")
    desk.do("apply")
    with monkeypatch.context() as patch:
        patch.setattr("paysdk.providers.campfire.booking.CampfireTarget.void", fail)
        failed = desk.do("undo", "--by", "Ann", "--reason", "x")

    assert (1, {"approved": 2}) == (stopped.code, json.loads(stopped.out))
    assert "1 lines in a row failed, so the run stopped. down" in stopped.err
    assert 3 == waiting.code
    assert (3, 2) == (failed.code, failed.err.count("down"))


def test_wrong_use_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 2."""
    folder = desk.folder
    (folder / "binary.json").write_bytes(b"\xff")
    results = {
        "No such file": desk.do("status"),
        "is not a text file": desk.run(
            "book", "status", str(folder / "binary.json"), "--in", desk.database
        ),
        "--void-date takes a date": desk.do(
            "undo", "--by", "Ann", "--reason", "x", "--void-date", "soon"
        ),
        "--sandbox shows the whole story": desk.run(
            "book", "--sandbox", "status", "x", "--in", "y"
        ),
    }
    desk.plan()
    results["cannot be used"] = desk.run("book", "status", desk.plan_file, "--in", str(folder))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "paysdk.sync", None)
        results["paysdk.sync"] = desk.do("status")

    for message, result in results.items():
        assert (2, True) == (result.code, message in result.err), result


def test_a_provider_that_fails_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is booked if it cannot be opened. If it cannot be closed, that is told, too."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no")

    async def fail_later(*_: object) -> None:
        raise ZeroDivisionError("no")

    with monkeypatch.context() as patch:
        patch.setattr("paysdk.cli.providers.open_provider", fail)
        unopened = desk.plan()
    monkeypatch.setattr(CampfireProvider, "aclose", fail_later)
    unclosed = desk.plan()

    assert (1, 3) == (unopened.code, unclosed.code)
    assert "The provider 'campfire' failed: ZeroDivisionError: no" in unopened.err
    assert "The provider 'campfire' failed: ZeroDivisionError: no" in unclosed.err


def test_what_is_due_is_compared(desk: Desk) -> None:
    """The exit code is 3 while any invoice differs."""
    where = ("reconcile", "notify", "campfire", "--from", desk.database, "--balances")
    before = desk.run(*where)
    listed = desk.run(*where, "--format", "jsonl")
    desk.campfire.add_payment(invoice_id=58702, amount=Decimal("1.00"))
    desk.plan()
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    desk.do("apply")
    after = desk.run(*where)

    assert (3, 0) == (before.code, after.code)
    assert "differs" in before.out
    assert "0 invoices agree, 3 do not." in before.err
    assert {"differs"} == {json.loads(line)["reason"] for line in listed.out.splitlines()}
    assert "3 invoices agree, 0 do not." in after.err
    for wrong in (
        desk.run(*where, "--format", "csv"),
        desk.run(*where[:-1], "--key-file", "campfire=key"),
        desk.run(*where[:3], "--from", str(desk.folder), "--balances"),
    ):
        assert 2 == wrong.code


def test_the_story_can_be_seen_without_an_account(paysdk: Command) -> None:
    """It ends as it began."""
    story = paysdk("book", "--sandbox")

    assert (0, "") == (story.code, story.err)
    assert "2 to book: 1133.33 USD. 1 for review." in story.out
    assert "40.00 too much" in " ".join(story.out.split())
    assert "6. Undo everything. The payments are voided, and never deleted.\n     2  voided" in (
        story.out
    )


def test_without_a_command_the_help_is_printed(paysdk: Command) -> None:
    """It lists the commands."""
    shown = paysdk("book")

    assert 0 == shown.code
    for name in ("plan", "approve", "apply", "status", "undo"):
        assert name in shown.out
