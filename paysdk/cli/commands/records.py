"""``paysdk invoices`` and ``paysdk accounts``: what a provider lists in addition to payments."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import attrs
from rich.text import Text

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.cli.output.formats import begin_csv, jsonl_writer
from paysdk.cli.output.layout import align_amounts
from paysdk.cli.output.tables import fit_table, plain_table
from paysdk.cli.output.terminal import (
    configure_utf8_stdout,
    make_console,
    print_message,
    print_table,
    report_error,
    to_printable,
)
from paysdk.cli.providers import as_paysdk_error, find_able_provider, open_providers
from paysdk.cli.signals import run_async
from paysdk.converter import make_converter
from paysdk.errors import PaysdkError

if TYPE_CHECKING:
    from decimal import Decimal
    from typing import TextIO

    from rich.table import Table

    from paysdk.cli.output.formats import CsvStyle
    from paysdk.cli.providers import ProviderSelection
    from paysdk.provider import Listing

__all__ = [
    "ACCOUNTS",
    "INVOICES",
    "RecordKind",
    "RecordQuery",
    "find_record_provider",
    "list_records",
]

_MAX_ROWS_SHOWN = 20


@attrs.frozen(kw_only=True)
class RecordKind:
    """A kind of record, and how it is listed and shown.

    ``method`` is the provider's. ``fields`` are the columns of CSV, in an order that is a promise:
    a new one comes at the end. ``shown`` maps the headers of a table to fields, and ``amounts`` are
    the fields that are amounts. A table shows ``most`` records if no limit is given.
    """

    method: str
    noun: str
    fields: tuple[str, ...]
    shown: Mapping[str, str]
    amounts: frozenset[str] = frozenset()
    most: int | None = None


INVOICES = RecordKind(
    method="list_invoices",
    noun="invoice",
    fields=(
        *("id", "invoice_number", "status", "payment_status", "currency", "total_amount"),
        *("amount_paid", "amount_due", "client", "client_name", "entity", "entity_name"),
        *("entity_currency", "invoice_date", "due_date", "paid_date", "voided_date"),
        *("is_deleted", "created_at", "last_modified_at"),
    ),
    shown={
        "Id": "id",
        "Number": "invoice_number",
        "Client": "client_name",
        "Status": "payment_status",
        "Due on": "due_date",
        "Total": "total_amount",
        "Due": "amount_due",
    },
    amounts=frozenset({"total_amount", "amount_paid", "amount_due"}),
    most=_MAX_ROWS_SHOWN,
)
ACCOUNTS = RecordKind(
    method="list_accounts",
    noun="account",
    fields=("id", "number", "name", "name_and_number", "currency", "status", "type", "subtype"),
    shown={
        "Id": "id",
        "Number and name": "name_and_number",
        "Subtype": "subtype",
        "Currency": "currency",
        "Status": "status",
    },
)


@attrs.frozen(kw_only=True)
class RecordQuery:
    """Which records to list: their kind, the arguments of its method, and how many at most."""

    kind: RecordKind
    filters: Mapping[str, object] = attrs.field(factory=dict[str, object])
    limit: int | None = None


def find_record_provider(name: str | None, kind: RecordKind) -> str:
    """The named provider, or the only one that lists records of this kind.

    Raises ``ConfigurationError`` if the named provider cannot, or if several can and none is named.
    """
    return find_able_provider(name, kind.method, f"list {kind.noun}s")


def list_records(
    selection: ProviderSelection,
    query: RecordQuery,
    output_format: Literal["table", "jsonl", "csv"],
    style: CsvStyle,
    numbers: NumberStyle = ENGLISH,
) -> int:
    """List and print the records, and return the exit code."""
    failures: list[PaysdkError] = []
    kind = query.kind
    if output_format == "table":
        most = query.limit or kind.most
        records: list[Any] = []
        # One more shows that there are more.
        query = attrs.evolve(query, limit=None if most is None else most + 1)
        run_async(_read(selection, query, lambda: records.extend, failures))
        has_more = most is not None and len(records) > most
        _print_records(kind, records[:most], numbers, has_more=has_more)
    else:
        start = jsonl_writer if output_format == "jsonl" else partial(_csv_writer, kind, style)
        count = run_async(_read(selection, query, lambda: start(configure_utf8_stdout()), failures))
        sys.stdout.flush()
        print_message(f"{count:,} {kind.noun}{'' if count == 1 else 's'}")
    return max([0, *map(report_error, failures)])


async def _read(
    selection: ProviderSelection,
    query: RecordQuery,
    start: Callable[[], Callable[[Sequence[Any]], object]],
    failures: list[PaysdkError],
) -> int:
    """Read the records page by page, and return how many there were."""
    count, limit = 0, query.limit
    async with open_providers(selection, failures) as providers:
        for provider in providers:
            listing: Listing[Any] = getattr(provider, query.kind.method)(**query.filters)
            write = start()
            try:
                async for page in listing.pages():
                    records = page.payments if limit is None else page.payments[: limit - count]
                    count += len(records)
                    write(records)
                    if count == limit:
                        break
            except Exception as error:
                if _is_not_the_providers(error):
                    raise
                failures.append(as_paysdk_error(provider.name, error))
                # "paysdk list" cannot resume this listing.
                failures[-1].checkpoint = None
    return count


def _is_not_the_providers(error: Exception) -> bool:
    # A failed write raises an OSError, and a closed pipe raises one, too. Some errors of paysdk are
    # OSErrors, too.
    return isinstance(error, OSError) and not isinstance(error, PaysdkError)


def _csv_writer(
    kind: RecordKind, style: CsvStyle, out: TextIO
) -> Callable[[Sequence[Any]], object]:
    converter = make_converter()
    write_row = begin_csv(out, kind.fields, kind.amounts, style)

    def write(records: Sequence[Any]) -> None:
        for record in records:
            values = converter.unstructure(record)
            write_row([values[name] for name in kind.fields])

    return write


def _print_records(
    kind: RecordKind, records: Sequence[Any], numbers: NumberStyle, *, has_more: bool
) -> None:
    if not records:
        print_table(Text(f"No {kind.noun}s."))
        return
    print_table(fit_table(_table(kind, records, numbers), make_console(sys.stdout).width))
    if has_more:
        print_table(
            "",
            Text(
                f"Only the first {len(records)} are shown. Use --limit N for more, or --format csv."
            ),
        )


def _table(kind: RecordKind, records: Sequence[Any], numbers: NumberStyle) -> Table:
    table = plain_table()
    columns: list[list[str]] = []
    for header, name in kind.shown.items():
        shown, texts = header, [to_printable(getattr(record, name)) for record in records]
        if name in kind.amounts:
            amounts: list[tuple[Decimal | None, str | None]] = [
                (getattr(record, name), record.currency) for record in records
            ]
            shown, *texts = align_amounts(header, amounts, numbers)
        is_name = name in {"client_name", "name_and_number"}
        table.add_column(shown, no_wrap=not is_name, overflow="fold")
        columns.append(texts)
    for row in zip(*columns, strict=True):
        table.add_row(*map(Text, row))
    return table
