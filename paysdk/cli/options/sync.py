"""The options of ``paysdk sync``."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from paysdk.cli.options.shared import (
    SANDBOX_PAYMENTS,
    Account,
    Currency,
    Filters,
    InSandbox,
    Job,
    KeyFiles,
    Names,
    SandboxPayments,
    explain_missing_extra,
    select_providers,
)
from paysdk.cli.parsing import parse_filters

__all__ = ["sync_command"]


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
        from paysdk.cli.commands.sync import SyncOptions, sync  # noqa: PLC0415  # it needs an extra
    except ModuleNotFoundError as error:
        raise explain_missing_extra(error) from None
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
