"""The options of ``paysdk list``."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from paysdk.cli.commands.list import list_payments
from paysdk.cli.commands.reading import ListOptions
from paysdk.cli.config import get_count
from paysdk.cli.options.shared import (
    SANDBOX_PAYMENTS,
    Bom,
    Currency,
    Customers,
    Filters,
    InSandbox,
    Job,
    KeyFiles,
    LocaleName,
    Names,
    PaidSince,
    PaidUntil,
    RawText,
    SandboxPayments,
    make_csv_style,
    select_providers,
)
from paysdk.cli.parsing import parse_filters, parse_locale, parse_moment, parse_paid
from paysdk.errors import ConfigurationError

__all__ = ["list_command"]


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
    paid_since: PaidSince = None,
    paid_until: PaidUntil = None,
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
    last: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Only the last N payments of each provider's list, which are the latest modified "
            "ones if it is in that order. All are read.",
        ),
    ] = None,
    customers: Customers = False,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="CHECKPOINT", help="Continue a listing of one provider after an error."
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Request up to N pages at a time, if the provider can."
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
    locale: LocaleName = None,
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
    if last is not None and limit is not None:
        raise ConfigurationError("--last and --limit choose different payments: give one of them.")
    options = ListOptions(
        modified_since=parse_moment("--since", since),
        modified_until=parse_moment("--until", until),
        voided=voided,
        page_size=page_size,
        resume=resume,
        limit=limit,
        filters=parse_filters(filters),
        concurrency=concurrency or get_count("PAYSDK_CONCURRENCY"),
        paid=parse_paid(paid_since, paid_until),
        last=last,
        customers=customers,
    )
    style = make_csv_style(output_format, raw_text=raw_text, bom=bom)
    return partial(list_payments, selection, options, output_format, style, parse_locale(locale))
