"""The options of ``paysdk invoice``, ``invoices`` and ``accounts``."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from paysdk.cli.commands.invoice import find_invoice_provider, show_invoice
from paysdk.cli.commands.records import (
    ACCOUNTS,
    INVOICES,
    RecordQuery,
    find_record_provider,
    list_records,
)
from paysdk.cli.options.shared import (
    SANDBOX_PAYMENTS,
    Bom,
    InSandbox,
    Job,
    KeyFiles,
    Limit,
    ListFormat,
    LocaleName,
    OneProvider,
    PageSize,
    RawText,
    SandboxPayments,
    make_csv_style,
    select_providers,
)
from paysdk.cli.parsing import parse_locale

__all__ = ["accounts_command", "invoice_command", "invoices_command"]


def invoice_command(
    invoice_id: Annotated[
        int, typer.Argument(metavar="ID", help="The provider's id of the invoice, not its number.")
    ],
    *,
    provider: OneProvider = None,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = SANDBOX_PAYMENTS,
    output_format: Annotated[
        Literal["panel", "json"],
        typer.Option("--format", help="json contains every field, and amounts as exact text."),
    ] = "panel",
    locale: LocaleName = None,
    key_file: KeyFiles = None,
) -> Job:
    """Show one invoice with its lines and payments."""
    selection = select_providers(
        (find_invoice_provider(provider),),
        sandbox=sandbox,
        sandbox_payments=sandbox_payments,
        key_files=key_file,
    )
    return partial(show_invoice, selection, invoice_id, output_format, parse_locale(locale))


def invoices_command(
    *,
    number: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Only invoices with exactly this number."),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="Only invoices with this status, in the API's words."),
    ] = None,
    client: Annotated[
        int | None, typer.Option(min=0, metavar="ID", help="Only invoices of this client.")
    ] = None,
    entity: Annotated[
        int | None, typer.Option(min=0, metavar="ID", help="Only invoices of this entity.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only invoices in this currency.")
    ] = None,
    page_size: PageSize = None,
    limit: Limit = None,
    provider: OneProvider = None,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = SANDBOX_PAYMENTS,
    output_format: ListFormat = "table",
    locale: LocaleName = None,
    raw_text: RawText = False,
    bom: Bom = False,
    key_file: KeyFiles = None,
) -> Job:
    """List invoices without their lines and payments."""
    selection = select_providers(
        (find_record_provider(provider, INVOICES),),
        sandbox=sandbox,
        sandbox_payments=sandbox_payments,
        key_files=key_file,
    )
    filters = {
        "invoice_number": number,
        "status": status,
        "client": client,
        "entity": entity,
        "currency": currency,
        "page_size": page_size,
    }
    style = make_csv_style(output_format, raw_text=raw_text, bom=bom)
    query = RecordQuery(kind=INVOICES, filters=filters, limit=limit)
    return partial(list_records, selection, query, output_format, style, parse_locale(locale))


def accounts_command(
    *,
    limit: Limit = None,
    provider: OneProvider = None,
    sandbox: InSandbox = False,
    output_format: ListFormat = "table",
    raw_text: RawText = False,
    bom: Bom = False,
    key_file: KeyFiles = None,
) -> Job:
    """List the accounts that payments can be booked to."""
    selection = select_providers(
        (find_record_provider(provider, ACCOUNTS),),
        sandbox=sandbox,
        sandbox_payments=0,
        key_files=key_file,
    )
    style = make_csv_style(output_format, raw_text=raw_text, bom=bom)
    query = RecordQuery(kind=ACCOUNTS, limit=limit)
    return partial(list_records, selection, query, output_format, style)
