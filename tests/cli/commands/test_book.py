"""The commands of ``paysdk book``, from the plan to the undo."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from paysdk import CampfireProvider, ServerError
from paysdk.sync import SQLPaymentStore

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.commands.conftest import Desk
    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]


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
    assert "2 to book: 1,133.33 USD. 1 for review." in planned.out
    assert "only pair" in planned.out
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
    assert (
        "Left out: 3 from before the first day of the policy, 2 only in the target."
        in desk.plan().out
    )


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


def test_without_a_command_the_help_is_printed(paysdk: Command) -> None:
    """It lists the commands."""
    shown = paysdk("book")

    assert 0 == shown.code
    for name in ("plan", "approve", "apply", "status", "undo"):
        assert name in shown.out
