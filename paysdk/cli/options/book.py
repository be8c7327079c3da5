"""The options of ``paysdk book`` and its commands."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path  # typer reads it in an annotation
from typing import Annotated, Literal

import typer

from paysdk.arguments import check_not_blank
from paysdk.cli.network import with_network
from paysdk.cli.options.shared import (
    Account,
    Job,
    KeyFiles,
    LocaleName,
    complete_provider,
    select_providers,
)
from paysdk.cli.parsing import parse_amount, parse_day, parse_locale
from paysdk.errors import ConfigurationError

__all__ = ["book_app"]

book_app: typer.Typer = typer.Typer(
    help="Book payments that one provider has and another has not.\n\n"
    "A plan proposes, a person approves it, and each line is booked exactly once. The exit code is "
    "0 if nothing is left, 1 after an outage, and 3 if something needs a person."
)

Database = Annotated[
    str,
    typer.Option(
        "--in", metavar="DATABASE", help="The database that 'paysdk sync' filled with both sides."
    ),
]
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The file of the plan.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this, for the history.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the history.")]
Format = Annotated[Literal["table", "json"], typer.Option("--format", help="json is for programs.")]


@book_app.callback(invoke_without_command=True)
def book_callback(
    context: typer.Context,
    *,
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox",
            help="Show the whole story in sandboxes: sync, plan, approve, apply, verify and undo. "
            "Needs no key and no database.",
        ),
    ] = False,
) -> Job | None:
    """Without a command and without --sandbox, print the help."""
    if context.invoked_subcommand is not None:
        if sandbox:
            raise ConfigurationError("--sandbox shows the whole story: leave the command out.")
        return None
    if not sandbox:
        typer.echo(context.get_help())
        return None
    _check_extra()
    from paysdk.cli.commands.book_story import show_story  # noqa: PLC0415  # it needs an extra

    return show_story


@book_app.command("plan", no_args_is_help=False)
@with_network
def plan_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="The provider that has the payments.",
            autocompletion=complete_provider,
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="Where to book them.", autocompletion=complete_provider
        ),
    ],
    *,
    database: Database,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write the plan, as JSON.")
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A TOML file with the policy. By default, the policy of the last plan.",
        ),
    ] = None,
    rebook: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Book a payment again after its booking was voided."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page to look at.")
    ] = None,
    by: By = "",
    account: Account = "default",
    output_format: Format = "table",
    locale: LocaleName = None,
    key_file: KeyFiles = None,
) -> Job:
    """Find what is missing, and check each payment without booking anything."""
    _check_extra()
    from paysdk.cli.commands.book import PlanOptions, make_plan  # noqa: PLC0415  # an extra

    selection = select_providers((target,), sandbox=False, sandbox_payments=0, key_files=key_file)
    options = PlanOptions(
        source=source,
        database=database,
        account=account,
        policy=policy,
        rebook=tuple(rebook or ()),
        out=out,
        html=html,
        by=by,
        numbers=parse_locale(locale),
    )
    return partial(make_plan, selection, options, output_format)


@book_app.command("approve")
def approve_command(
    plan: PlanFile,
    *,
    database: Database,
    by: By,
    limit: Annotated[
        str, typer.Option(metavar="AMOUNT", help="The largest sum that may be booked.")
    ],
    leave_out: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A payment not to book.")
    ] = None,
) -> Job:
    """Approve a plan that you have looked at."""
    _check_extra()
    from paysdk.cli.commands.book import approve  # noqa: PLC0415  # the extra may be missing

    amount = parse_amount("--limit", limit)
    if not amount:
        raise ConfigurationError("--limit must be above 0.")
    _check_texts(by=by)
    return partial(approve, plan, database, by, amount, tuple(leave_out or ()))


@book_app.command("apply")
@with_network
def apply_command(
    plan: PlanFile,
    *,
    database: Database,
    by: By = "",
    stop_after: Annotated[
        int, typer.Option(min=1, metavar="N", help="Stop after N failures in a row.")
    ] = 5,
    rest: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Look an unknown order up again after this time."
        ),
    ] = 120.0,
    output_format: Format = "table",
    key_file: KeyFiles = None,
) -> Job:
    """Book the approved lines. Run it again after anything that ended it."""
    _check_extra()
    from paysdk.cli.commands.book import PlanFile, apply  # noqa: PLC0415  # an extra

    file = PlanFile(path=plan, database=database, output_format=output_format, key_files=key_file)
    return partial(apply, file, {"by": by, "stop_after": stop_after, "rest": rest})


@book_app.command("status")
def status_command(
    plan: PlanFile,
    *,
    database: Database,
    output_format: Format = "table",
    locale: LocaleName = None,
) -> Job:
    """Show where each line is, with what the last sync found."""
    _check_extra()
    from paysdk.cli.commands.book import show_status  # noqa: PLC0415  # the extra may be missing

    return partial(show_status, plan, database, output_format, parse_locale(locale))


@book_app.command("release")
@with_network
def release_command(
    plan: PlanFile,
    *,
    database: Database,
    payment: Annotated[
        str, typer.Option(metavar="ID", help="The payment whose order or void to release.")
    ],
    by: By,
    reason: Reason,
    output_format: Format = "table",
    key_file: KeyFiles = None,
) -> Job:
    """Let an order or a void whose outcome is unknown be sent again.

    Use it only if you are certain that the first one will never be carried out. It is looked up
    first: if it is found, nothing is released. Nothing is sent.
    """
    _check_extra()
    from paysdk.cli.commands.book import PlanFile, release  # noqa: PLC0415  # an extra

    file = PlanFile(path=plan, database=database, output_format=output_format, key_files=key_file)
    _check_texts(by=by, reason=reason)
    return partial(release, file, {"payment_id": payment, "by": by, "reason": reason})


@book_app.command("undo")
@with_network
def undo_command(
    plan: PlanFile,
    *,
    database: Database,
    by: By,
    reason: Reason,
    payment: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Undo only this payment. Can be repeated."),
    ] = None,
    void_date: Annotated[
        str | None, typer.Option(metavar="DATE", help="The day of the reversing entry.")
    ] = None,
    output_format: Format = "table",
    key_file: KeyFiles = None,
) -> Job:
    """Void the payments of a plan. Nothing is deleted."""
    _check_extra()
    from paysdk.cli.commands.book import PlanFile, undo  # noqa: PLC0415  # the extra may be missing

    file = PlanFile(path=plan, database=database, output_format=output_format, key_files=key_file)
    settings = {
        "by": by,
        "reason": reason,
        "payment_ids": None if payment is None else tuple(payment),
        "void_date": parse_day("--void-date", void_date),
    }
    _check_texts(by=by, reason=reason)
    return partial(undo, file, settings)


def _check_texts(**given: str) -> None:
    """Raise ``ConfigurationError`` if an option that the history needs is blank."""
    for name, text in given.items():
        check_not_blank(f"--{name}", text)


def _check_extra() -> None:
    try:
        import_module("paysdk.sync")
    except ModuleNotFoundError as error:
        raise ConfigurationError(str(error)) from None
