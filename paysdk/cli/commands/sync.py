"""``paysdk sync``: copy the payments of several providers into a database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import attrs
from rich.text import Text

from paysdk.cli.filters import convert_filters
from paysdk.cli.output.progress import make_progress, show_progress, show_wait
from paysdk.cli.output.tables import fit_table, plain_table
from paysdk.cli.output.terminal import (
    configure_utf8_stdout,
    make_console,
    print_message,
    print_table,
    report_error,
    to_printable,
)
from paysdk.cli.providers import as_paysdk_error, open_providers
from paysdk.cli.stores import run_on_store
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
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, TaskID

    from paysdk.cli.providers import ProviderSelection
    from paysdk.events import Event

__all__ = ["SyncOptions", "sync"]

_USER_ERRORS = (ConfigurationError, UnsupportedFilterError)
# Malformed records, each on a line of stderr.
_MAX_REPORTED = 20
_COUNTS = ("created", "changed", "voided", "vanished", "returned", "unchanged")


@attrs.frozen(kw_only=True)
class SyncOptions:
    """Arguments of ``sync_payments``."""

    account: str
    full: bool
    allow_vanish: bool


def sync(
    selection: ProviderSelection,
    database: str,
    options: SyncOptions,
    output_format: Literal["table", "json"],
    *,
    skip_malformed: bool,
    filters: Mapping[str, str] | None = None,
) -> int:
    """Sync, print what changed, and return the highest exit code of any provider."""
    failures: list[PaysdkError] = []
    skipped: list[MalformedResponseError] = []
    syncs = run_on_store(
        _sync_all(
            selection,
            database,
            options,
            failures,
            skipped.append if skip_malformed else None,
            filters=filters or {},
        )
    )
    reports = [sync.report for sync in syncs if sync.report is not None]
    if output_format == "json":
        converter = make_converter()
        configure_utf8_stdout().writelines(
            f"{converter.dumps(report).decode()}\n" for report in reports
        )
    elif reports:
        _print_reports(reports)
    sys.stdout.flush()
    for failure in skipped[:_MAX_REPORTED]:
        print_message(f"left out: {failure}")
    if len(skipped) > _MAX_REPORTED:
        print_message(f"left out: {len(skipped) - _MAX_REPORTED:,} more")
    return max(
        [
            0,
            *map(report_error, failures),
            *(_report_failure(sync) for sync in syncs if sync.error is not None),
        ]
    )


@attrs.define
class _ProviderSync:
    """The sync of one provider, with its report or its error."""

    provider: PaymentsProvider
    filters: Mapping[str, object]
    report: SyncReport | None = None
    error: PaysdkError | None = None

    async def run(self, store: SQLPaymentStore, options: SyncOptions) -> None:
        try:
            self.report = await sync_payments(
                self.provider, store, filters=self.filters or None, **attrs.asdict(options)
            )
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            self.error = as_paysdk_error(self.provider.name, error)


async def _sync_all(
    selection: ProviderSelection,
    database: str,
    options: SyncOptions,
    failures: list[PaysdkError],
    on_malformed: Callable[[MalformedResponseError], object] | None,
    *,
    filters: Mapping[str, str],
) -> list[_ProviderSync]:
    progress = make_progress(data_on_screen=False)
    bars: dict[str, TaskID] = {}
    on_event = partial(_show_event, progress, bars)
    async with (
        open_providers(selection, failures, on_event, on_malformed) as providers,
        SQLPaymentStore(database) as store,
    ):
        bars |= {
            provider.name: progress.add_task(provider.name, total=None, note="")
            for provider in providers
        }
        syncs = [
            _ProviderSync(provider, convert_filters(provider, filters)) for provider in providers
        ]
        with show_progress(progress):
            async with asyncio.TaskGroup() as tasks:
                for each in syncs:
                    tasks.create_task(each.run(store, options))
    return syncs


def _show_event(progress: Progress, bars: dict[str, TaskID], event: Event) -> None:
    if isinstance(event, PageRead):
        progress.update(bars[event.provider], advance=event.payments, note="")
    else:
        show_wait(progress, event)


def _report_failure(sync: _ProviderSync) -> int:
    """Write the error to stderr with advice, and return its exit code."""
    print_message(f"{sync.provider.name}: {sync.error}{_advice(sync.error)}")
    is_wrong_input = isinstance(sync.error, _USER_ERRORS) or (
        isinstance(sync.error, StoreError) and not sync.error.is_temporary
    )
    return 2 if is_wrong_input else 1


def _advice(error: PaysdkError | None) -> str:
    if isinstance(error, (*_USER_ERRORS, StoreError, AccountBusyError, TooManyVanishedError)):
        return ""
    if isinstance(error, MalformedResponseError):
        # The path of an error in a single record has its index, such as $.results[3].amount.
        if "[" in error.path:
            return (
                " The same command will stop there again until the provider fixes the record. To "
                "leave out such records, use --skip-malformed."
            )
        return " The same command tries this page again."
    return " The same command continues from there."


def _print_reports(reports: list[SyncReport]) -> None:
    table = plain_table()
    for header in ("Provider", "Pass"):
        table.add_column(header)
    for name in _COUNTS:
        table.add_column(name.capitalize(), justify="right")
    for report in reports:
        kind = f"{report.kind}, resumed" if report.resumed else report.kind
        table.add_row(
            Text(to_printable(report.provider)),
            kind,
            *(f"{getattr(report, name):,}" for name in _COUNTS),
        )
    print_table(fit_table(table, make_console(sys.stdout).width))
    for report in reports:
        for line in _describe_rest(report):
            print_table(Text(to_printable(line)))


def _describe_rest(report: SyncReport) -> Iterator[str]:
    if report.waiting:
        yield _describe_malformed_records(report)
    if report.left_out:
        one = report.left_out == 1
        yield (
            f"{report.provider}: {report.left_out:,} "
            f"{'record that is not a payment was' if one else 'records that are not payments were'}"
            " left out."
        )
    if report.untimed and report.watermark is None and report.kind != "filtered":
        yield (
            f"{report.provider}: this provider says that it lists incrementally, but no payment "
            "has the time that this needs. So each sync lists everything. Tell its author."
        )


def _describe_malformed_records(report: SyncReport) -> str:
    one = report.waiting == 1
    waiting = f"{report.provider}: {report.waiting:,} record{' is' if one else 's are'} malformed"
    if report.kind == "full":
        waiting += ", so vanished payments were not checked"
    return f"{waiting}. The next sync tries {'it' if one else 'them'} again."
