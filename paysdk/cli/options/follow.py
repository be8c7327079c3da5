"""The options of ``paysdk follow``."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from paysdk.cli.commands.follow import FollowOptions, follow
from paysdk.cli.options.shared import (
    SANDBOX_PAYMENTS,
    Currency,
    InSandbox,
    Job,
    KeyFiles,
    Names,
    SandboxPayments,
    select_providers,
)
from paysdk.cli.parsing import check_duration, parse_moment

__all__ = ["follow_command"]

_EVERY_SECONDS, _EVERY_SECONDS_IN_SANDBOX = 60.0, 1.0


def follow_command(
    names: Names,
    *,
    every: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Time between two looks at a provider. By default 60, or 1 s in sandboxes.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Begin with the changes since this date or time. By default, changes from now "
            "on. Not for a provider that cannot list by time, such as Notify.",
        ),
    ] = None,
    output_format: Annotated[
        Literal["table", "jsonl"] | None,
        typer.Option(
            "--format", help="By default a table in a terminal, and JSON lines in a pipe or file."
        ),
    ] = None,
    sandbox: InSandbox = False,
    sandbox_payments: SandboxPayments = SANDBOX_PAYMENTS,
    currency: Currency = None,
    key_file: KeyFiles = None,
) -> Job:
    """Show the payments of one or more providers as they are created, changed or voided.

    It ends with Ctrl-C. In sandboxes, something changes with each look.
    """
    selection = select_providers(
        tuple(names),
        sandbox=sandbox,
        sandbox_payments=sandbox_payments,
        key_files=key_file,
        currency=currency,
    )
    usual = _EVERY_SECONDS_IN_SANDBOX if sandbox else _EVERY_SECONDS
    options = FollowOptions(
        every=usual if every is None else check_duration("--every", every),
        since=parse_moment("--since", since),
    )
    return partial(follow, selection, options, output_format)
