"""The commands with their options.

typer reads every signature at the start, so all of them are in this module. The modules of
``sync`` and ``reconcile`` import SQLAlchemy, which may be missing.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path  # noqa: TC003  # typer reads it in an annotation
from typing import Annotated, Literal

import typer

from paysdk.cli.book import book_app
from paysdk.cli.commands.invoice import find_invoice_provider, show_invoice
from paysdk.cli.commands.list import ListOptions, list_payments
from paysdk.cli.commands.providers import show_providers
from paysdk.cli.commands.records import (
    ACCOUNTS,
    INVOICES,
    RecordQuery,
    find_record_provider,
    list_records,
)
from paysdk.cli.commands.sandbox import run_sandboxes
from paysdk.cli.options import (
    SANDBOX_PAYMENTS,
    Account,
    Bom,
    Currency,
    Filters,
    InSandbox,
    Job,
    KeyFiles,
    Limit,
    ListFormat,
    Names,
    OneProvider,
    PageSize,
    RawText,
    SandboxPayments,
    make_csv_style,
    parse_amount,
    parse_filters,
    parse_moment,
    select_providers,
)
from paysdk.cli.providers import SandboxSettings
from paysdk.errors import ConfigurationError

__all__ = ["Job", "app"]

app: typer.Typer = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print local variables, and the key is one of them
    help="List, store and compare payments of every installed provider, exact to the digit.",
    epilog=(
        "Keys: set PAYSDK_<PROVIDER>_API_KEY, or PAYSDK_<PROVIDER>_API_KEY_FILE to the path of a "
        "file that holds the key. To use another origin than the real API, set "
        "PAYSDK_<PROVIDER>_BASE_URL.\n\n"
        "Exit codes: 0 done; 1 the API or the network failed, or a file could not be written; 2 "
        "wrong input, nothing was sent; 3 reconcile found differences; 130 Ctrl-C; 143 SIGTERM; "
        "129 SIGHUP."
    ),
)

app.add_typer(book_app, name="book")

# Modules of the extras that only some commands need.
_EXTRAS = {"jinja2", "sqlalchemy"}


@app.callback(invoke_without_command=True)
def show_help(context: typer.Context) -> None:
    """Without a command, print the help."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("providers")
def providers_command() -> Job:
    """Show the installed providers, what their APIs can do, and which variables set them up."""
    return show_providers


@app.command("list", no_args_is_help=False)
def list_command(
    names: Names,
    *,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = SANDBOX_PAYMENTS,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Only payments modified at this time or later: a date, or a time with its zone.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Only payments modified up to this time. The day or moment itself is included.",
        ),
    ] = None,
    voided: Annotated[
        bool | None,
        typer.Option(
            "--voided/--not-voided", help="Only voided payments, or only those that are not voided."
        ),
    ] = None,
    page_size: Annotated[
        int | None,
        typer.Option(metavar="N", help="Payments per request. By default, the API decides."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Read only the first N payments of each provider. By default all are read, and a "
            "table shows the first 20.",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="CHECKPOINT", help="Continue a listing of one provider after an error."
        ),
    ] = None,
    filters: Filters = None,
    output_format: Annotated[
        Literal["table", "jsonl", "csv"],
        typer.Option(
            "--format", help="jsonl and csv contain every payment, and amounts as exact text."
        ),
    ] = "table",
    raw_text: RawText = False,
    bom: Bom = False,
    currency: Currency = None,
    key_file: KeyFiles = None,
) -> Job:
    """List the payments of one or more providers in one common form."""
    selection = select_providers(
        tuple(names),
        sandbox=sandbox,
        sandbox_payments=sandbox_payments,
        key_files=key_file,
        currency=currency,
    )
    if resume is not None and len(selection.names) > 1:
        raise ConfigurationError(
            "--resume is for one provider: a checkpoint belongs to one listing."
        )
    options = ListOptions(
        modified_since=parse_moment("--since", since),
        modified_until=parse_moment("--until", until),
        voided=voided,
        page_size=page_size,
        resume=resume,
        limit=limit,
        filters=parse_filters(filters),
    )
    style = make_csv_style(output_format, raw_text=raw_text, bom=bom)
    return partial(list_payments, selection, options, output_format, style)


@app.command("sync", no_args_is_help=False)
def sync_command(
    names: Names,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="DATABASE",
            help="The file of an SQLite database, or the URL of a PostgreSQL database.",
        ),
    ],
    account: Account = "default",
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="List every payment. Only this finds payments that have vanished."
        ),
    ] = False,
    skip_malformed: Annotated[
        bool,
        typer.Option(
            "--skip-malformed",
            help="Leave out records that cannot be read, and report them. Each sync tries them "
            "again.",
        ),
    ] = False,
    allow_vanish: Annotated[
        bool,
        typer.Option(
            "--allow-vanish",
            help="Allow any number of payments to vanish. By default, a full pass stops if far "
            "more than usual are missing.",
        ),
    ] = False,
    filters: Filters = None,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = SANDBOX_PAYMENTS,
    output_format: Annotated[
        Literal["table", "json"],
        typer.Option("--format", help="json prints one object on a line for each provider."),
    ] = "table",
    currency: Currency = None,
    key_file: KeyFiles = None,
) -> Job:
    """Copy payments into your own database and keep them up to date.

    You can stop it at any time: the next run continues.
    """
    try:
        from paysdk.cli.commands.sync import SyncOptions, sync  # noqa: PLC0415  # the extra may be missing
    except ModuleNotFoundError as error:
        raise _explain_missing_extra(error) from None
    selection = select_providers(
        tuple(names),
        sandbox=sandbox,
        sandbox_payments=sandbox_payments,
        key_files=key_file,
        currency=currency,
    )
    options = SyncOptions(account=account, full=full, allow_vanish=allow_vanish)
    return partial(
        sync,
        selection,
        to,
        options,
        output_format,
        skip_malformed=skip_malformed,
        filters=parse_filters(filters),
    )


@app.command("reconcile", no_args_is_help=False)
def reconcile_command(
    left: Annotated[str, typer.Argument(metavar="LEFT", help="The name of one provider.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="The name of the other provider.")],
    *,
    database: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DATABASE",
            help="The database that 'paysdk sync' filled with the payments of both.",
        ),
    ],
    account: Account = "default",
    days: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Largest number of days between counterparts."),
    ] = 7,
    tolerance: Annotated[
        str,
        typer.Option(metavar="AMOUNT", help="Largest difference between their amounts."),
    ] = "0",
    output_format: Annotated[
        Literal["table", "jsonl", "csv"],
        typer.Option(
            "--format",
            help="A table shows totals and the largest differences. jsonl has one outcome on a "
            "line, csv one payment.",
        ),
    ] = "table",
    raw_text: RawText = False,
    bom: Bom = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Also write a report that you can read, print or send."
        ),
    ] = None,
    balances: Annotated[
        bool,
        typer.Option(
            "--balances",
            help="Instead, compare what is due on each invoice that LEFT has payments for with "
            "what RIGHT says now. RIGHT must be able to book.",
        ),
    ] = False,
    key_file: KeyFiles = None,
) -> Job:
    """Compare the stored payments of two providers, and show which have no counterpart.

    The exit code is 3 if there are differences.
    """
    if balances and (html is not None or output_format == "csv"):
        raise ConfigurationError("--balances has neither a report nor CSV: leave these out.")
    if key_file and not balances:
        raise ConfigurationError("--key-file is for --balances. Reconciling needs no key.")
    try:
        if balances:
            from paysdk.cli.commands.balances import show_balances  # noqa: PLC0415  # the extra may be missing

            selection = select_providers(
                (right,), sandbox=False, sandbox_payments=0, key_files=key_file
            )
            return partial(show_balances, selection, left, database, account, output_format)
        from paysdk.cli.commands.reconcile import Comparison, reconcile_stored  # noqa: PLC0415  # the extra may be missing

        if html is not None:
            import_module("paysdk.reconcile.report.page")  # it needs Jinja2
    except ModuleNotFoundError as error:
        raise _explain_missing_extra(error) from None
    comparison = Comparison(
        left=left,
        right=right,
        database=database,
        account=account,
        days=days,
        tolerance=parse_amount("--tolerance", tolerance),
    )
    style = make_csv_style(output_format, raw_text=raw_text, bom=bom)
    return partial(reconcile_stored, comparison, output_format, style, html)


@app.command("invoice")
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
    key_file: KeyFiles = None,
) -> Job:
    """Show one invoice with its lines and payments."""
    selection = select_providers(
        (find_invoice_provider(provider),),
        sandbox=sandbox,
        sandbox_payments=sandbox_payments,
        key_files=key_file,
    )
    return partial(show_invoice, selection, invoice_id, output_format)


@app.command("invoices")
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
    return partial(list_records, selection, query, output_format, style)


@app.command("accounts")
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


@app.command("sandbox")
def sandbox_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Providers whose sandboxes to run. By default all."),
    ] = None,
    *,
    payments: Annotated[
        int, typer.Option(min=0, metavar="N", help="Number of payments in each sandbox.")
    ] = SANDBOX_PAYMENTS,
    latency: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Delay of each response.")
    ] = 0.0,
) -> Job:
    """Run sandboxes of the providers' APIs until Ctrl-C.

    It prints the environment variables that other programs need to use them.
    """
    settings = SandboxSettings(payments=payments, latency=latency)
    return partial(run_sandboxes, tuple(dict.fromkeys(names or ())), settings)


def _explain_missing_extra(error: ModuleNotFoundError) -> Exception:
    """An error that names the extra to install, or the same error for any other module."""
    return ConfigurationError(str(error)) if error.name in _EXTRAS else error
