"""``paysdk book``: plan, approve, apply, status, release and undo."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.amounts import ENGLISH, NumberStyle  # attrs reads it in an annotation
from paysdk.booking import (
    BookingJournal,
    BookingPlan,
    BookingPolicy,
    State,
    apply_bookings,
    approve_plan,
    follow_bookings,
    plan_bookings,
    read_status,
    release_booking,
    undo_bookings,
)
from paysdk.cli.commands.plan_files import (
    check_not_needed,
    check_places,
    read_plan,
    write_plan,
)
from paysdk.cli.options.shared import select_providers
from paysdk.cli.output.bookings import (
    describe_approval,
    describe_release,
    describe_waits,
    print_bookings,
    print_json,
    print_plan,
    print_states,
)
from paysdk.cli.output.progress import make_progress, show_progress
from paysdk.cli.output.terminal import print_message, report_error
from paysdk.cli.providers import open_providers
from paysdk.cli.stores import run_on_store
from paysdk.errors import ConfigurationError
from paysdk.sync import SQLPaymentStore

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
    from decimal import Decimal

    from paysdk.booking import ApplyReport, Booking, UndoReport
    from paysdk.cli.providers import ProviderSelection
    from paysdk.errors import PaysdkError
    from paysdk.provider import PaymentsProvider

__all__ = [
    "PlanFile",
    "PlanOptions",
    "apply",
    "approve",
    "make_plan",
    "open_target",
    "release",
    "show_status",
    "undo",
]

_NEEDS_A_PERSON = 3
_HELD = frozenset({State.CLAIMED, State.SENT})
_NO_LINES = "The plan has no lines: it is empty, or a newer plan has taken them over."


@attrs.frozen(kw_only=True)
class PlanOptions:
    """The options of ``paysdk book plan``."""

    source: str
    database: str
    account: str
    policy: Path | None
    rebook: tuple[str, ...]
    out: Path
    html: Path | None
    by: str
    numbers: NumberStyle = ENGLISH


def make_plan(selection: ProviderSelection, options: PlanOptions, output_format: str) -> int:
    """Make, write and print a plan, and return the exit code."""
    policy = None if options.policy is None else BookingPolicy.from_toml(options.policy)
    replaced = check_places(options.out, options.html, options.database)

    async def work() -> BookingPlan:
        async with open_target(options.database, selection) as (store, provider):
            if replaced is not None:
                await check_not_needed(store, replaced, options.out)
            with _count("checks") as advance:
                return await plan_bookings(
                    store,
                    target=provider,
                    source=options.source,
                    policy=policy,
                    source_account=options.account,
                    target_account=options.account,
                    rebook=options.rebook,
                    by=options.by,
                    on_checked=advance,
                )

    def show(plan: BookingPlan) -> int:
        write_plan(plan, options.out, options.html)
        if output_format == "json":
            print_json(plan.to_json())
        else:
            print_plan(plan, options.numbers)
        what = " Look at it, and approve it." if plan.lines else " It has nothing to approve."
        print_message(f"The plan is in {options.out}.{what}")
        return _NEEDS_A_PERSON if plan.lines or plan.review else 0

    return _run(work, show)


def approve(path: Path, database: str, by: str, limit: Decimal, leave_out: tuple[str, ...]) -> int:
    """Approve a plan, and return the exit code."""
    plan = read_plan(path)

    async def work() -> list[Booking]:
        async with SQLPaymentStore(database, create=False) as store:
            await approve_plan(store, plan, by=by, limit=limit, leave_out=leave_out)
            return await BookingJournal(store).read_run(plan.digest)

    def show(bookings: list[Booking]) -> int:
        print_message(describe_approval(by, plan.digest, bookings))
        return 0

    return _run(work, show)


@attrs.frozen(kw_only=True)
class PlanFile:
    """A plan in its file, and how to reach its target and to print what was done."""

    path: Path
    database: str
    output_format: str
    key_files: list[str] | None


def apply(file: PlanFile, settings: dict[str, Any]) -> int:
    """Apply a plan, print where its lines are, and return the exit code."""

    def show(report: ApplyReport) -> int:
        print_states(report.states, file.output_format)
        if not report.states:
            return _tell_that_nothing_was_sent()
        _print_waits(report.states)
        if report.stopped is not None:
            print_message(report.stopped)
            return 1
        return _exit_code(report)

    return _run_with_target(apply_bookings, "books", show, file, settings)


def show_status(
    path: Path, database: str, output_format: str, numbers: NumberStyle = ENGLISH
) -> int:
    """Print where the lines of a plan are, and return the exit code."""
    plan = read_plan(path)

    async def work() -> tuple[Any, ApplyReport]:
        async with SQLPaymentStore(database, create=False) as store:
            await read_status(store, plan.digest)  # it raises if the store has another plan
            await follow_bookings(store, source=plan.source, source_account=plan.source_account)
            bookings = await BookingJournal(store).read_run(plan.digest)
            return bookings, await read_status(store, plan.digest)

    def show(found: tuple[Any, ApplyReport]) -> int:
        bookings, report = found
        if not bookings:
            print_message(_NO_LINES)
            # A plan that had lines is asked for by mistake.
            return 2 if plan.lines else 0
        print_bookings(bookings, output_format, numbers)
        _print_waits(report.states)
        return _exit_code(report)

    return _run(work, show)


def release(file: PlanFile, settings: dict[str, Any]) -> int:
    """Release the line of one payment, print where it is, and return the exit code."""
    payment_id = settings.pop("payment_id")
    plan = read_plan(file.path)
    selection = _select_target(plan, file.key_files)

    async def work() -> tuple[Booking, Booking]:
        async with open_target(file.database, selection) as (store, provider):
            booking = await _find_line(store, plan.digest, payment_id)
            return booking, await release_booking(store, booking, target=provider, **settings)

    def show(found: tuple[Booking, Booking]) -> int:
        before, after = found
        print_bookings([after], file.output_format)
        print_message(describe_release(before.state, after.state))
        return _NEEDS_A_PERSON if after.state.needs_person else 0

    return _run(work, show)


async def _find_line(store: SQLPaymentStore, run: str, payment_id: str) -> Booking:
    await read_status(store, run)  # it raises if the store has another plan
    for booking in await BookingJournal(store).read_run(run):
        if booking.key.payment_id == payment_id:
            return booking
    raise ConfigurationError(
        f"The run has no booking of payment {payment_id}. It is not in the plan, or a newer plan "
        "has taken it over. Nothing was released."
    )


def undo(file: PlanFile, settings: dict[str, Any]) -> int:
    """Undo a plan, print where its lines are, and return the exit code."""

    def show(report: UndoReport) -> int:
        print_states(report.states, file.output_format)
        if not report.states:
            return _tell_that_nothing_was_sent()
        for payment_id, message in report.failures.items():
            print_message(f"Payment {payment_id}: {message}")
        _print_waits(report.states)
        if any(state.needs_person or state in _HELD for state in report.states):
            return _NEEDS_A_PERSON
        if report.failures:
            return 1
        return _NEEDS_A_PERSON if State.VOID_REQUESTED in report.states else 0

    return _run_with_target(undo_bookings, "undoes", show, file, settings)


@contextmanager
def _count(what: str, total: int | None = None) -> Generator[Callable[[int], object]]:
    """Show on stderr how many payments are done, and yield what counts them."""
    progress = make_progress(data_on_screen=False)
    bar = progress.add_task(what, total=total, note="")
    with show_progress(progress):
        yield partial(progress.advance, bar)


def _tell_that_nothing_was_sent() -> int:
    """Say that a plan has no lines, and return the exit code."""
    print_message(f"{_NO_LINES} Nothing was sent.")
    return 2


def _print_waits(states: Mapping[State, int]) -> None:
    for sentence in describe_waits(states):
        print_message(sentence)


def _exit_code(report: ApplyReport) -> int:
    # A person has not approved these yet.
    proposed = report.states.get(State.PROPOSED)
    return _NEEDS_A_PERSON if report.for_a_person or report.left or proposed else 0


def _run_with_target(
    operation: Callable[..., Coroutine[Any, Any, Any]],
    what: str,
    show: Callable[[Any], int],
    file: PlanFile,
    settings: dict[str, Any],
) -> int:
    """Apply or undo a plan in its target, and return the exit code.

    *what* names the operation in the display of its progress.
    """
    plan = read_plan(file.path)
    selection = _select_target(plan, file.key_files)

    async def work() -> object:
        async with open_target(file.database, selection) as (store, provider):
            with _count(what, len(plan.lines)) as advance:

                def count_one(_: Booking) -> None:
                    advance(1)

                return await operation(
                    store,
                    plan.digest,
                    target=provider,
                    on_booking=count_one,
                    **settings,
                )

    return _run(work, show)


def _select_target(plan: BookingPlan, key_files: list[str] | None) -> ProviderSelection:
    return select_providers((plan.target,), sandbox=False, sandbox_payments=0, key_files=key_files)


def _run(work: Callable[[], Coroutine[Any, Any, Any]], show: Callable[[Any], int]) -> int:
    return show(run_on_store(work()))


@asynccontextmanager
async def open_target(
    database: str, selection: ProviderSelection
) -> AsyncGenerator[tuple[SQLPaymentStore, PaymentsProvider]]:
    """Open the store and the target that a command names, and close them in the end."""
    failures: list[PaysdkError] = []
    async with (
        SQLPaymentStore(database, create=False) as store,
        # Processes that share the store take turns with orders for the same invoice.
        open_providers(selection, failures, exclusive=store.exclusive) as providers,
    ):
        if failures:
            raise failures[0]
        yield store, providers[0]
    for failure in failures:
        report_error(failure)
