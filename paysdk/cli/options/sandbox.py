"""The options of ``paysdk sandbox``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from paysdk.cli.commands.sandbox import run_sandboxes
from paysdk.cli.options.shared import SANDBOX_PAYMENTS, Job
from paysdk.cli.providers import SandboxSettings

__all__ = ["sandbox_command"]


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
