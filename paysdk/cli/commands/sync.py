"""``paysdk sync``: the payments of several providers, kept in step in a database."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Literal

import attrs
from rich.text import Text

from paysdk.cli.errors import as_paysdk_error
from paysdk.cli.output.progress import display, running, show_waiting
from paysdk.cli.output.tables import plain_table
from paysdk.cli.output.terminal import (
    as_text,
    print_message,
    print_table,
    report_error,
    utf8_stdout,
)
from paysdk.cli.providers import open_providers
from paysdk.cli.stopping import run_async
from paysdk.converter import make_converter
from paysdk.errors import (
    ConfigurationError,
    MalformedResponseError,
    PaysdkError,
    UnsupportedFilterError,
)
from paysdk.events import PageRead
from paysdk.provider import PaymentsProvider
from paysdk.sync import (
    AccountBusyError,
    SQLPaymentStore,
    StoreError,
    SyncReport,
    TooManyVanishedError,
    sync_payments,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

    from paysdk.cli.providers import ProviderSelection
    from paysdk.events import Event

__all__ = ["SyncOptions", "sync"]

_WRONG = (ConfigurationError, UnsupportedFilterError, StoreError)
# Records that were left out, each on a line of stderr.
_MAX_TOLD = 20
_COUNTS = ("created", "changed", "voided", "vanished", "returned", "unchanged")


@attrs.frozen(kw_only=True)
class SyncOptions:
    """What is synced, and how, in the words of ``sync_payments``."""

    account: str
    full: bool
    allow_vanish: bool


def sync(
    chosen: ProviderSelection,
    place: str,
    options: SyncOptions,
    output_format: Literal["table", "json"],
    *,
    skip_malformed: bool,
) -> int:
    """Sync, say what has changed, and give the exit code: the worst of any provider's."""
    faults: list[PaysdkError] = []
    skipped: list[MalformedResponseError] = []
    try:
        syncs = run_async(
            _sync_all(chosen, place, options, faults, skipped.append if skip_malformed else None)
        )
    except StoreError as error:
        print_message(error)
        return 2
    reports = [sync.report for sync in syncs if sync.report is not None]
    if output_format == "json":
        converter = make_converter()
        utf8_stdout().writelines(f"{converter.dumps(report).decode()}\n" for report in reports)
    elif reports:
        _show(reports)
    sys.stdout.flush()
    for fault in skipped[:_MAX_TOLD]:
        print_message(f"left out: {fault}")
    if len(skipped) > _MAX_TOLD:
        print_message(f"left out: {len(skipped) - _MAX_TOLD:,} more")
    return max(
        [
            0,
            *map(report_error, faults),
            *(_report(sync) for sync in syncs if sync.error is not None),
        ]
    )


@attrs.define
class _Sync:
    """One provider's: its report, or what ended it."""

    provider: PaymentsProvider
    report: SyncReport | None = None
    error: PaysdkError | None = None

    async def run(self, store: SQLPaymentStore, options: SyncOptions) -> None:
        try:
            self.report = await sync_payments(self.provider, store, **attrs.asdict(options))
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            self.error = as_paysdk_error(self.provider.name, error)


async def _sync_all(
    chosen: ProviderSelection,
    place: str,
    options: SyncOptions,
    faults: list[PaysdkError],
    on_malformed: Callable[[MalformedResponseError], object] | None,
) -> list[_Sync]:
    progress = display(data_on_screen=False)
    bars: dict[str, TaskID] = {}
    watch = partial(_show_event, progress, bars)
    async with (
        open_providers(chosen, faults, watch, on_malformed) as providers,
        SQLPaymentStore(place) as store,
    ):
        bars |= {
            provider.name: progress.add_task(provider.name, total=None, note="")
            for provider in providers
        }
        syncs = [_Sync(provider) for provider in providers]
        with running(progress):
            async with asyncio.TaskGroup() as tasks:
                for each in syncs:
                    tasks.create_task(each.run(store, options))
    return syncs


def _show_event(progress: Progress, bars: dict[str, TaskID], event: Event) -> None:
    if isinstance(event, PageRead):
        progress.update(bars[event.provider], advance=event.payments, note="")
    else:
        show_waiting(progress, event)


def _report(sync: _Sync) -> int:
    """Write what ended it to stderr, with the way to go on, and give its exit code."""
    print_message(f"{sync.provider.name}: {sync.error}{_way_on(sync.error)}")
    return 2 if isinstance(sync.error, _WRONG) else 1


def _way_on(error: PaysdkError | None) -> str:
    if isinstance(error, MalformedResponseError):
        return (
            " The same command will end there again, until the provider mends it; "
            "--skip-malformed leaves out what cannot be read."
        )
    return (
        ""
        if isinstance(error, (*_WRONG, AccountBusyError, TooManyVanishedError))
        else " The same command goes on from there."
    )


def _show(reports: list[SyncReport]) -> None:
    table = plain_table()
    for header in ("Provider", "Pass"):
        table.add_column(header)
    for name in _COUNTS:
        table.add_column(name.capitalize(), justify="right")
    for report in reports:
        kind = f"{report.kind}, resumed" if report.resumed else report.kind
        table.add_row(
            Text(as_text(report.provider)),
            kind,
            *(f"{getattr(report, name):,}" for name in _COUNTS),
        )
    print_table(table)
    for report in reports:
        if report.waiting:
            print_table(Text(as_text(_waiting(report))))


def _waiting(report: SyncReport) -> str:
    one = report.waiting == 1
    waiting = (
        f"{report.provider}: {report.waiting:,} record{' waits' if one else 's wait'} to be read"
    )
    if report.kind == "full":
        return f"{waiting}, so vanished payments were not looked for."
    return f"{waiting}. The next sync tries {'it' if one else 'them'} again."
