"""The options of ``paysdk export``."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path  # noqa: TC003  # typer reads it in an annotation
from typing import Annotated

import typer

from paysdk.cli.commands.export import Export, StoredSource, export_listed, export_stored
from paysdk.cli.options.shared import (
    SANDBOX_PAYMENTS,
    Account,
    Bom,
    Currency,
    Customers,
    InSandbox,
    Job,
    KeyFiles,
    Names,
    PaidSince,
    PaidUntil,
    RawText,
    SandboxPayments,
    explain_missing_extra,
    select_providers,
)
from paysdk.cli.output.exports import check_export
from paysdk.cli.output.formats import CsvStyle
from paysdk.cli.parsing import parse_paid
from paysdk.errors import ConfigurationError

__all__ = ["export_command"]


def export_command(
    names: Names,
    *,
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FILE",
            help="The file to write: .parquet, .csv, .xlsx or .jsonl. It replaces an earlier one.",
        ),
    ],
    database: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DATABASE",
            help="Take the payments from a database that 'paysdk sync' filled, not from the APIs.",
        ),
    ] = None,
    account: Account = "default",
    paid_since: PaidSince = None,
    paid_until: PaidUntil = None,
    customers: Customers = False,
    raw_text: RawText = False,
    bom: Bom = False,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = SANDBOX_PAYMENTS,
    currency: Currency = None,
    key_file: KeyFiles = None,
) -> Job:
    """Write payments to a file for a spreadsheet, a notebook or another program.

    The file is complete, or it is not written at all.
    """
    export = Export(
        path=to,
        style=CsvStyle(raw_text=raw_text, bom=bom),
        paid=parse_paid(paid_since, paid_until),
    )
    try:
        check_export(export.path, export.style)
        if database is not None:
            import_module("paysdk.sync")
    except ModuleNotFoundError as error:
        raise explain_missing_extra(error) from None
    if database is None:
        if account != "default":
            raise ConfigurationError("--account is for --from: leave it out.")
        selection = select_providers(
            tuple(names),
            sandbox=sandbox,
            sandbox_payments=sandbox_payments,
            key_files=key_file,
            currency=currency,
        )
        return partial(export_listed, selection, export, customers=customers)
    if sandbox or customers or currency or key_file:
        raise ConfigurationError(
            "With --from, nothing is requested from an API: leave --sandbox, --customers, "
            "--currency and --key-file out."
        )
    source = StoredSource(names=tuple(dict.fromkeys(names)), database=database, account=account)
    return partial(export_stored, source, export)
