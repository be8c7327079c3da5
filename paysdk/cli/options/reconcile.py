"""The options of ``paysdk reconcile``."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path  # noqa: TC003  # typer reads it in an annotation
from typing import Annotated, Literal

import typer

from paysdk.cli.options.shared import (
    Account,
    Bom,
    Job,
    KeyFiles,
    LocaleName,
    PaidSince,
    PaidUntil,
    RawText,
    complete_provider,
    explain_missing_extra,
    make_csv_style,
    select_providers,
)
from paysdk.cli.parsing import parse_amount, parse_locale, parse_paid
from paysdk.errors import ConfigurationError

__all__ = ["reconcile_command"]


def reconcile_command(
    left: Annotated[
        str,
        typer.Argument(
            metavar="LEFT", help="The name of one provider.", autocompletion=complete_provider
        ),
    ],
    right: Annotated[
        str,
        typer.Argument(
            metavar="RIGHT",
            help="The name of the other provider.",
            autocompletion=complete_provider,
        ),
    ],
    *,
    database: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DATABASE",
            help="The database that 'paysdk sync' filled with the payments of both providers.",
        ),
    ],
    account: Account = "default",
    days: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Largest number of days between counterparts."),
    ] = 7,
    paid_since: PaidSince = None,
    paid_until: PaidUntil = None,
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
    locale: LocaleName = None,
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
    if balances and (paid_since or paid_until):
        raise ConfigurationError(
            "--balances compares what is due now: leave --paid-since and --paid-until out."
        )
    if key_file and not balances:
        raise ConfigurationError("--key-file is for --balances. Reconciling needs no key.")
    try:
        if balances:
            from paysdk.cli.commands.balances import show_balances  # noqa: PLC0415  # an extra

            selection = select_providers(
                (right,), sandbox=False, sandbox_payments=0, key_files=key_file
            )
            numbers = parse_locale(locale)
            return partial(
                show_balances,
                selection,
                left,
                database,
                account,
                output_format=output_format,
                numbers=numbers,
            )
        from paysdk.cli.commands.reconcile import (  # noqa: PLC0415  # it needs an extra
            Comparison,
            reconcile_stored,
        )

        if html is not None:
            import_module("paysdk.reconcile.report.page")  # it needs Jinja2
    except ModuleNotFoundError as error:
        raise explain_missing_extra(error) from None
    comparison = Comparison(
        left=left,
        right=right,
        database=database,
        account=account,
        days=days,
        tolerance=parse_amount("--tolerance", tolerance),
        paid=parse_paid(paid_since, paid_until),
    )
    style = make_csv_style(output_format, raw_text=raw_text, bom=bom)
    return partial(reconcile_stored, comparison, output_format, style, html, locale)
