"""The commands of ``paysdk book``, from the plan to the undo."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from paysdk import CampfireProvider, OutcomeUnknownError, PermissionDeniedError, ServerError
from paysdk.booking import BookingJournal, BookingPlan, State, TargetInvoice
from paysdk.sync import SQLPaymentStore
from tests.cli.commands.conftest import POLICY

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from paysdk.booking import BookingOrder
    from paysdk.target import BeforeSending
    from tests.cli.commands.conftest import Desk
    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]


def test_a_plan_is_approved_applied_and_undone(desk: Desk) -> None:
    """The exit code is 3 while something needs a person."""
    in_german = desk.plan("--locale", "de")
    planned = desk.plan("--html", str(desk.folder / "plan.html"))
    proposed = desk.do("status")
    approved = desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    applied = desk.do("apply", "--by", "Ann")
    desk.sync()
    status = desk.do("status")
    german = desk.do("status", "--locale", "de")
    listed = desk.do("status", "--format", "json")
    ids = [json.loads(line)["payment_id"] for line in listed.out.splitlines()]
    part = desk.do("undo", "--by", "Ann", "--reason", "x", "--payment", ids[0])
    undone = desk.do(
        "undo", "--by", "Ann", "--reason", "x", "--void-date", "2025-06-01", "--format", "json"
    )

    assert [3, 3, 0, 0, 0, 0, 0] == [
        each.code for each in (planned, proposed, approved, applied, status, part, undone)
    ]
    assert "2 to book: 1,133.33 USD. 1 for review." in planned.out
    assert "2 to book: 1.133,33 USD. 1 for review." in in_german.out
    assert "only pair" in planned.out
    assert approved.err.endswith(": 1,133.33 USD.\n"), approved.err
    assert "Ann approved 2 lines of the plan" in approved.err
    assert "2  booked" in applied.out
    assert "booked" in status.out
    assert ("1,033.33 USD" in status.out, "1.033,33 USD" in german.out) == (True, True)
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
    assert "paysdk: A line failed, so the run stopped. down" in stopped.err
    assert 3 == waiting.code
    assert (1, 2) == (failed.code, failed.err.count("down"))


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
    """If it cannot be opened, nothing is booked, and if it cannot be closed, that is reported."""

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
    for name in ("plan", "approve", "apply", "status", "release", "undo"):
        assert name in shown.out


def test_a_policy_that_cannot_be_used_is_told(desk: Desk) -> None:
    """The line names the setting, and nothing is written or stored."""
    policy = desk.folder / "wrong.toml"
    for text, message in {
        "currency = ": "is not a TOML file",
        'currency = "USD"': "It needs these settings too: entity",
        f"{POLICY}colour = 1": "It has unknown settings: colour",
        POLICY.replace('"USD"', '"usd"'): "currency must be in capitals",
        POLICY.replace("54", '"54"'): "entity must be",
        POLICY.replace('"5000.00"', "5000.00"): "max_amount must be an amount above 0, not 5000.0.",
        POLICY.replace('"5000.00"', '"5,000.00"'): "max_amount must be a number such as",
        POLICY.replace("2025-01-01", '"2025-01-01"'): "since must be a date",
    }.items():
        policy.write_text(text, encoding="utf-8")
        shown = desk.plan("--policy", str(policy))
        assert (2, True, "") == (shown.code, message in shown.err, shown.out), shown
        assert 1 == shown.err.count("\n"), shown.err
    unread = desk.plan("--policy", str(desk.folder / "no.toml"))
    where = ("--in", desk.database, "--out", desk.plan_file)
    absent = desk.run("book", "plan", "notify", "campfire", *where)

    assert (2, 2) == (absent.code, unread.code)
    assert "There is no policy for these accounts yet. Give one with --policy" in absent.err
    assert "clearing account 2561 (1050 - Payments Clearing)" in absent.err
    assert "no.toml cannot be read: No such file" in unread.err
    assert not Path(desk.plan_file).exists()


def test_a_plan_that_was_approved_keeps_its_file(desk: Desk) -> None:
    """Its file is needed to undo it, so another plan is refused before anything is done."""
    desk.plan()
    approved = Path(desk.plan_file).read_text(encoding="utf-8")
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    refused = desk.plan()
    desk.do("apply")
    again = desk.plan()
    undone = desk.do("undo", "--by", "Ann", "--reason", "x")

    for shown in (refused, again):
        assert (2, "") == (shown.code, shown.out), shown
        assert "plan.json, a plan that Ann approved. You need its file" in shown.err
    assert approved == Path(desk.plan_file).read_text(encoding="utf-8")
    assert (0, True) == (undone.code, "2  voided" in undone.out), undone


def test_a_plan_replaces_only_a_plan_of_its_database(desk: Desk) -> None:
    """Neither the database, nor the policy, nor a page, nor a plan of another database."""
    out, other = Path(desk.plan_file), desk.folder / "other.db"
    out.write_text("", encoding="utf-8")
    assert 3 == desk.plan("--html", str(desk.folder / "plan.html")).code  # an empty file holds none
    assert 3 == desk.plan("--html", str(desk.folder / "plan.html")).code
    desk.folder.joinpath("cut.json").write_text(out.read_text(encoding="utf-8")[:-40], "utf-8")
    asyncio.run(_make_store(str(other)))
    before = {path: path.read_bytes() for path in sorted(desk.folder.iterdir())}
    wrong = {
        ("--out", "payments.db"): "payments.db, which is not a plan",
        ("--out", "payments.db-wal"): "payments.db-wal, which is not a plan",
        ("--out", "policy.toml"): "policy.toml, and only a plan may be replaced",
        ("--out", "plan.html"): "plan.html, and only a plan may be replaced",
        ("--out", "cut.json"): "cut.json, and only a plan may be replaced",
        ("--html", "payments.db"): "payments.db, which is not a page of a plan",
        ("--html", "policy.toml"): "policy.toml, which is not a page of a plan",
        ("--html", "plan.json"): "plan.json, which is not a page of a plan",
    }
    for (option, name), message in wrong.items():
        shown = desk.plan(option, str(desk.folder / name))
        assert (2, "", True) == (shown.code, shown.out, message in shown.err), shown
    new = str(desk.folder / "new")
    assert "name the same file" in desk.plan("--out", new, "--html", new).err
    foreign = desk.plan("--in", str(other))

    assert (2, True) == (foreign.code, "this database does not have" in foreign.err), foreign
    assert before == {path: path.read_bytes() for path in sorted(desk.folder.iterdir())}


def test_a_plan_that_cannot_be_written_is_not_made(desk: Desk) -> None:
    """Its lines would be in the database, and nobody could read them."""
    for option in ("--out", "--html"):
        for path in (desk.folder, desk.folder / "no" / "plan"):
            shown = desk.plan(option, str(path))
            assert 2 == shown.code
            assert f"paysdk: {option} takes the path of a file in a folder that exists" in shown.err
    assert not Path(desk.plan_file).exists()


def test_names_that_do_not_exist_are_told(desk: Desk) -> None:
    """Nothing is booked, approved or undone for a mistyped id or name."""
    where = ("--in", desk.database, "--out", desk.plan_file)
    for shown, message in [
        (desk.run("book", "plan", "notify", "notify", *where), "notify"),
        (desk.run("book", "plan", "campfire", "campfire", *where), "are both campfire"),
        (desk.run("book", "plan", "acme", "campfire", *where), "no complete copy of acme"),
        (desk.plan("--account", "other"), "no complete copy of notify, account other"),
        (desk.plan("--rebook", "p9"), "has no payment p9 to book again"),
    ]:
        assert (2, True) == (shown.code, message in shown.err), shown
    desk.plan()
    for shown, message in [
        (desk.do("approve", "--by", "Ann", "--limit", "2000", "--leave-out", "p9"), "no line for"),
        (desk.do("approve", "--by", " ", "--limit", "2000"), "--by must be a non-empty string"),
        (desk.do("approve", "--by", "Ann", "--limit", "0"), "--limit must be above 0"),
        (desk.do("approve", "--by", "Ann", "--limit", "100.00"), "Ann approved 100.00"),
        (desk.do("apply"), "is not approved"),
        (desk.do("undo", "--by", "Ann", "--reason", "x", "--payment", "p9"), "no booking of"),
        (desk.do("undo", "--by", "Ann", "--reason", " "), "--reason must be a non-empty string"),
        (desk.release("p9", "--by", ""), "--by must be a non-empty string"),
    ]:
        assert (2, True, "") == (shown.code, message in shown.err, shown.out), shown
    listed = desk.do("status", "--format", "json").out.splitlines()
    assert ["proposed", "proposed"] == [json.loads(line)["state"] for line in listed]


def test_only_the_newest_plan_of_this_database_is_used(desk: Desk) -> None:
    """A plan that was changed, and one of another database, are refused."""
    desk.plan()
    text = Path(desk.plan_file).read_text(encoding="utf-8")
    older, changed, broken = (desk.folder / f"{name}.json" for name in ("older", "other", "cut"))
    older.write_text(text, encoding="utf-8")
    changed.write_text(text.replace('"100.00"', '"900.00"'), encoding="utf-8")
    broken.write_text(text[:-40], encoding="utf-8")
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    newer = str(desk.folder / "newer.json")
    desk.plan("--out", newer)
    Path(newer).replace(desk.plan_file)
    foreign = str(desk.folder / "others.db")
    asyncio.run(_make_store(foreign))

    for plan, message in {
        changed: "This plan was changed",
        broken: "This is not a plan",
        older: "a newer plan has taken them over",
    }.items():
        shown = desk.run("book", "apply", str(plan), "--in", desk.database)
        assert (2, True) == (shown.code, message in shown.err), shown
    for command, *more in (
        ("approve", "--by", "Ann", "--limit", "2000"),
        ("apply",),
        ("status",),
        ("undo", "--by", "Ann", "--reason", "x"),
    ):
        shown = desk.run("book", command, desk.plan_file, "--in", foreign, *more)
        assert (2, "") == (shown.code, shown.out), shown
        assert "The store has no plan" in shown.err


def test_a_line_that_another_apply_holds_is_told(desk: Desk) -> None:
    """Neither an apply nor an undo is done then, and both say how many lines it has."""
    desk.plan()
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")

    plan = BookingPlan.from_json(Path(desk.plan_file).read_text("utf-8"))

    async def hold() -> None:
        async with SQLPaymentStore(desk.database) as store:
            journal = BookingJournal(store)
            booking, _ = await journal.read_run(plan.digest)
            await journal.take(booking, State.CLAIMED)

    asyncio.run(hold())
    applied = desk.do("apply")
    undone = desk.do("undo", "--by", "Ann", "--reason", "x")

    assert (3, 3) == (applied.code, undone.code)
    for shown in (applied, undone):
        assert "Lines that another apply has begun: 1." in shown.err
    assert "Another worker is booking it." in undone.err


def test_a_void_that_is_refused_needs_a_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is 3, and the payments are still live."""
    desk.plan()
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    desk.do("apply")

    async def refuse(*_: object) -> None:
        raise PermissionDeniedError("you may not", status=403)

    monkeypatch.setattr("paysdk.providers.campfire.booking.CampfireTarget.void", refuse)
    shown = desk.do("undo", "--by", "Ann", "--reason", "x", "--format", "json")

    assert (3, {"diverged": 2}) == (shown.code, json.loads(shown.out))
    assert 2 == shown.err.count("you may not")


def test_a_person_releases_an_order_that_will_not_come(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an order waits, the commands name the release, which sends nothing."""
    desk.plan()
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    payment_id = desk.ids()[0]
    wrong = desk.release("p9")
    early = desk.release(payment_id)

    async def drop(*_: object) -> None:
        raise OutcomeUnknownError("lost")

    async def stop(_: object, order: BookingOrder, before_sending: BeforeSending) -> None:
        invoice = desk.campfire.invoice(int(order.invoice_id))
        await before_sending(
            TargetInvoice(
                id=order.invoice_id,
                number=invoice["invoice_number"],
                entity="54",
                currency="USD",
                status="open",
                is_payable=True,
                total=invoice["total_amount"],
                due=invoice["amount_due"],
            )
        )
        await drop()

    with monkeypatch.context() as patch:
        patch.setattr("paysdk.providers.campfire.booking.CampfireTarget.book", stop)
        applied = desk.do("apply")
    status = desk.do("status")
    released = desk.release(payment_id, "--format", "json")
    desk.do("apply")
    with monkeypatch.context() as patch:
        patch.setattr("paysdk.providers.campfire.booking.CampfireTarget.void", drop)
        undone = desk.do("undo", "--by", "Ann", "--reason", "x", "--payment", payment_id)
    void = desk.release(payment_id)

    assert (2, 2, 3, 3, 0, 1, 0) == tuple(
        each.code for each in (wrong, early, applied, status, released, undone, void)
    )
    assert "no booking of payment p9" in wrong.err
    assert "Only one that is unknown, drafted or void requested can be released" in early.err
    for shown in (applied, status):
        assert "Orders without a known outcome: 2." in shown.err
        assert "paysdk book release PLAN" in shown.err
    assert "approved" == json.loads(released.out)["state"]
    assert "The line is approved again, so the next apply sends it once more." in released.err
    assert "Voids without a known outcome: 1. Run undo again" in undone.err
    assert "booked" in void.out
    assert "the next undo voids it" in void.err


def test_a_plan_without_lines_is_told(desk: Desk) -> None:
    """A newer plan has them, so nothing is undone, and a person must name the newer one."""
    desk.plan()
    older = str(desk.folder / "older.json")
    Path(older).write_text(Path(desk.plan_file).read_text(encoding="utf-8"), encoding="utf-8")
    newer = desk.plan()
    assert 3 == newer.code
    undo = ("--by", "Ann", "--reason", "x")

    for command, *more in (("status",), ("undo", *undo)):
        shown = desk.run("book", command, older, "--in", desk.database, *more)
        assert (2, True) == (shown.code, "a newer plan has taken them over" in shown.err), shown
    for payment in desk.notify.payments:
        desk.notify.change_payment(payment["id"], date="05-05-2024")
    desk.sync()
    planned = desk.plan()

    assert "It has nothing to approve." in planned.err
    assert 0 == desk.do("status").code


async def _make_store(path: str) -> None:
    async with SQLPaymentStore(path):
        pass
