"""The commands and their options, and what each outcome is to the shell."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from paysdk.cli.commands import invoice as invoices
from paysdk.cli.commands import list as listings
from paysdk.cli.commands import providers as installed
from paysdk.cli.commands import sandbox as sandboxes
from paysdk.cli.output.formats import CsvStyle
from paysdk.cli.output.terminal import discard_output, print_message, report_error
from paysdk.cli.providers import ProviderSelection, SandboxSettings
from paysdk.cli.stopping import StoppedBySignal
from paysdk.errors import ConfigurationError, PaysdkError

__all__ = ["run"]

# A command only reads its options, and gives what is to be done with them: so typer has no hand in
# how that may end.
Job: TypeAlias = Callable[[], int | None]

app: typer.Typer = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,  # they would show local variables, a key among them
    help="Payments from every installed provider, exact to the digit.",
    epilog=(
        "Keys come from PAYSDK_<PROVIDER>_API_KEY, or from a file named by "
        "PAYSDK_<PROVIDER>_API_KEY_FILE; "
        "origins from PAYSDK_<PROVIDER>_BASE_URL. "
        "Exit codes: 0 done, 1 the API or the network failed, 2 wrong input and nothing sent, 3 "
        "reconciled and different, "
        "130 Ctrl-C, 143 SIGTERM, 129 SIGHUP."
    ),
)

_DEMO_PAYMENTS = 3000
# Seconds: enough to see the pages come in.
_DEMO_LATENCY = 0.03

InSandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        help="Use sandboxes in this process instead of the real APIs. No key is needed.",
    ),
]
SandboxPayments = Annotated[
    int, typer.Option(min=0, metavar="N", help="How many payments each sandbox has.")
]
KeyFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--key-file",
        metavar="NAME=PATH",
        help="Read a provider's key from a file. Goes before the environment.",
    ),
]
RawText = Annotated[
    bool,
    typer.Option(
        "--raw-text",
        help="CSV with texts exactly as they are. By default a text that a spreadsheet would run "
        "as a formula gets an apostrophe.",
    ),
]
Bom = Annotated[
    bool,
    typer.Option("--bom", help="CSV that begins with a UTF-8 signature (BOM), which Excel needs."),
]


def run(arguments: Sequence[str]) -> int:
    """Run one command and give its exit code; whatever goes wrong is one line on stderr.

    Ctrl-C is the caller's to catch.
    """
    # Whoever waits for a retry sees so in the progress display; without this, logging would write
    # warnings about it to stderr.
    logging.basicConfig(level=logging.ERROR, format="paysdk: %(message)s")
    try:
        # Where only help was asked for there is an exit code in place of a job.
        chosen = _parse(arguments)
        status = chosen() if callable(chosen) else chosen
        sys.stdout.flush()
    except typer.TyperException as error:
        print_message(f"{error.format_message().rstrip('.')}. See: paysdk --help")
        return 2
    except PaysdkError as error:
        return report_error(error)
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does. That is no error.
        discard_output(sys.stdout)
        return 0
    except OSError as error:
        print_message(error)
        return 1
    return status or 0


def _parse(arguments: Sequence[str]) -> Job | int | None:
    """What the command line asks for: a job, or the exit code of the help that was shown."""
    try:
        return app(args=list(arguments), prog_name="paysdk", standalone_mode=False)  # type: ignore[no-any-return]
    except StoppedBySignal:
        raise
    except SystemExit:
        # rich writes the help, and exits with 1 if the reader has closed the pipe. Nothing else
        # exits here: commands only return their jobs.
        raise BrokenPipeError from None


@app.callback(invoke_without_command=True)
def show_help(context: typer.Context) -> None:
    """Without a command, say which there are."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def providers() -> Job:
    """List the installed providers, what their APIs can do, and whether a key is set."""
    return installed.show_providers


@app.command("list", no_args_is_help=False)
def list_payments(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Providers, as 'paysdk providers' names them."),
    ],
    *,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = _DEMO_PAYMENTS,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Only what was modified since: a date, or a time with its zone."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Only what was modified until then, the day or moment included."
        ),
    ] = None,
    voided: Annotated[
        bool | None,
        typer.Option("--voided/--not-voided", help="Only voided payments, or only the others."),
    ] = None,
    page_size: Annotated[
        int | None,
        typer.Option(metavar="N", help="Payments per request. By default what the API does."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Read and show only the first N payments of each provider. A table shows 20 of "
            "all by default.",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="CHECKPOINT", help="Go on where an error said; for one provider."),
    ] = None,
    output_format: Annotated[
        Literal["table", "jsonl", "csv"],
        typer.Option(
            "--format",
            help="jsonl and csv give every payment, amounts as text with exactly their digits.",
        ),
    ] = "table",
    raw_text: RawText = False,
    bom: Bom = False,
    currency: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="The currency of those providers' payments that send none."
        ),
    ] = None,
    key_file: KeyFiles = None,
) -> Job:
    """List payments of one or several providers, normalised."""
    once = tuple(dict.fromkeys(names))
    if resume is not None and len(once) > 1:
        raise ConfigurationError(
            "--resume is for one provider: a checkpoint belongs to one listing."
        )
    selection = listings.Selection(
        modified_since=_moment("--since", since),
        modified_until=_moment("--until", until),
        voided=voided,
        page_size=page_size,
        resume=resume,
        limit=limit,
    )
    chosen = _select_providers(once, _sandbox(sandbox, sandbox_payments), key_file, currency)
    style = _csv_style(output_format, raw_text=raw_text, bom=bom)
    return partial(listings.list_payments, chosen, selection, output_format, style)


@app.command("sync", no_args_is_help=False)
def sync_payments(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Providers, as 'paysdk providers' names them."),
    ],
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="DATABASE",
            help="A file for SQLite, or the URL of a PostgreSQL database.",
        ),
    ],
    account: Annotated[
        str, typer.Option(metavar="NAME", help="Tells apart the payments of several keys.")
    ] = "default",
    full: Annotated[
        bool, typer.Option("--full", help="List everything, which alone tells what has vanished.")
    ] = False,
    skip_malformed: Annotated[
        bool,
        typer.Option(
            "--skip-malformed",
            help="Leave out records that cannot be read, and say which they are. Each sync tries "
            "them again.",
        ),
    ] = False,
    allow_vanish: Annotated[
        bool,
        typer.Option(
            "--allow-vanish",
            help="Let any number of payments vanish; else a full pass stops when far more do "
            "than usual.",
        ),
    ] = False,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = _DEMO_PAYMENTS,
    output_format: Annotated[
        Literal["table", "json"],
        typer.Option("--format", help="json gives one object a line for each provider."),
    ] = "table",
    currency: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="The currency of those providers' payments that send none."
        ),
    ] = None,
    key_file: KeyFiles = None,
) -> Job:
    """Keep payments in step in a database of your own.

    Stop it when you like: the next run goes on.
    """
    try:
        from paysdk.cli.commands.sync import SyncOptions, sync  # noqa: PLC0415  # the extra may be missing
    except ModuleNotFoundError as error:
        if error.name != "sqlalchemy":
            raise
        raise ConfigurationError(str(error)) from None
    chosen = _select_providers(
        tuple(dict.fromkeys(names)), _sandbox(sandbox, sandbox_payments), key_file, currency
    )
    options = SyncOptions(account=account, full=full, allow_vanish=allow_vanish)
    return partial(sync, chosen, to, options, output_format, skip_malformed=skip_malformed)


@app.command("reconcile", no_args_is_help=False)
def reconcile_payments(
    left: Annotated[str, typer.Argument(metavar="LEFT", help="The one provider, by its name.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="The other provider, by its name.")],
    *,
    place: Annotated[
        str,
        typer.Option(
            "--from", metavar="DATABASE", help="Where 'paysdk sync' has put the payments of both."
        ),
    ],
    account: Annotated[
        str, typer.Option(metavar="NAME", help="The account that they were put under.")
    ] = "default",
    days: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="How far apart the dates of counterparts may be."),
    ] = 7,
    tolerance: Annotated[
        str, typer.Option(metavar="AMOUNT", help="How far apart their amounts may be.")
    ] = "0",
    output_format: Annotated[
        Literal["table", "jsonl", "csv"],
        typer.Option(
            "--format",
            help="jsonl gives one outcome a line, csv one payment; a table the figures and the "
            "largest differences.",
        ),
    ] = "table",
    raw_text: RawText = False,
    bom: Bom = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write a report to read, print or send besides."
        ),
    ] = None,
) -> Job:
    """Say which stored payments of one provider have their counterpart in another.

    Ends with 3 where there are differences.
    """
    try:
        from paysdk.cli.commands.reconcile import Comparison, reconcile_stored  # noqa: PLC0415  # the extra may be missing

        if html is not None:
            import_module("paysdk.reconcile.report.page")  # it needs Jinja2
    except ModuleNotFoundError as error:
        if error.name not in {"jinja2", "sqlalchemy"}:
            raise
        raise ConfigurationError(str(error)) from None
    comparison = Comparison(
        left=left,
        right=right,
        place=place,
        account=account,
        days=days,
        tolerance=_amount("--tolerance", tolerance),
    )
    style = _csv_style(output_format, raw_text=raw_text, bom=bom)
    return partial(reconcile_stored, comparison, output_format, style, html)


@app.command()
def invoice(
    invoice_id: Annotated[
        int, typer.Argument(metavar="ID", help="The invoice's id at the provider; not its number.")
    ],
    *,
    provider: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="By default the only provider that can give single invoices."
        ),
    ] = None,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = _DEMO_PAYMENTS,
    output_format: Annotated[
        Literal["panel", "json"],
        typer.Option(
            "--format", help="json gives every field, amounts as text with exactly their digits."
        ),
    ] = "panel",
    key_file: KeyFiles = None,
) -> Job:
    """Show one invoice with its lines and payments."""
    chosen = _select_providers(
        (invoices.invoice_provider(provider),), _sandbox(sandbox, sandbox_payments), key_file, None
    )
    return partial(invoices.show_invoice, chosen, invoice_id, output_format)


@app.command()
def sandbox(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Whose sandboxes; all by default.")
    ] = None,
    *,
    payments: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many payments each has.")
    ] = _DEMO_PAYMENTS,
    latency: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="By how much each answer is delayed.")
    ] = 0.0,
) -> Job:
    """Run sandboxes of the providers' APIs until Ctrl-C, and print what to set in the environment to use them."""
    return partial(
        sandboxes.run_sandboxes,
        tuple(dict.fromkeys(names or ())),
        SandboxSettings(payments=payments, latency=latency),
    )


def _sandbox(wanted: bool, payments: int) -> SandboxSettings | None:  # noqa: FBT001  # as the option gives it
    return SandboxSettings(payments=payments, latency=_DEMO_LATENCY) if wanted else None


def _select_providers(
    names: tuple[str, ...],
    sandbox: SandboxSettings | None,
    key_files: list[str] | None,
    currency: str | None,
) -> ProviderSelection:
    files: dict[str, Path] = {}
    for given in key_files or ():
        name, equals, path = given.partition("=")
        if not (equals and path) or name not in names:
            # What was given is not shown: it may be the key itself.
            raise ConfigurationError(
                "--key-file takes NAME=PATH, where NAME is a provider that is asked for: "
                f"{', '.join(names)}."
            )
        files[name] = Path(path)
    if files and sandbox is not None:
        raise ConfigurationError("--sandbox has keys of its own: leave --key-file out.")
    return ProviderSelection(names=names, sandbox=sandbox, key_files=files, currency=currency)


def _csv_style(output_format: str, *, raw_text: bool, bom: bool) -> CsvStyle:
    if (raw_text or bom) and output_format != "csv":
        option = "--raw-text" if raw_text else "--bom"
        raise ConfigurationError(f"{option} is for CSV: add --format csv, or leave it out.")
    return CsvStyle(raw_text=raw_text, bom=bom)


def _amount(option: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        raise ConfigurationError(f"{option} takes an amount from 0, such as 0.05, not {text!r}.")
    return amount


def _moment(option: str, text: str | None) -> date | datetime | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} takes a date or a time, such as 2026-01-31 or 2026-01-31T08:00Z, not "
            f"{text!r}."
        ) from None
    if moment.tzinfo is None:
        raise ConfigurationError(f"{option} needs a zone with a time: {text}Z, for one, is in UTC.")
    return moment
