"""The options of ``paysdk sandbox``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from paysdk.cli.commands.sandbox import run_sandboxes
from paysdk.cli.options.shared import SANDBOX_PAYMENTS, Job, SandboxPayments, complete_provider
from paysdk.cli.parsing import parse_faults
from paysdk.cli.providers import SandboxSettings

__all__ = ["sandbox_command"]


def sandbox_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Providers whose sandboxes to run. By default all.",
            autocompletion=complete_provider,
        ),
    ] = None,
    *,
    payments: SandboxPayments = SANDBOX_PAYMENTS,
    latency: Annotated[
        float, typer.Option(min=0, max=3600, metavar="SECONDS", help="Delay of each response.")
    ] = 0.0,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            metavar="PORT",
            help="Port of the first sandbox. The next one has the port after it. By default any.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Make other payments than by default.")
    ] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=N",
            help="Every Nth request fails: with a status such as 429=5, or with reset, truncated, "
            "html or hang. Can be repeated.",
        ),
    ] = None,
) -> Job:
    """Run sandboxes of the providers' APIs until Ctrl-C.

    It prints the environment variables that other programs need to use them.
    """
    settings = SandboxSettings(
        payments=payments, latency=latency, seed=seed, port=port, faults=parse_faults(faults)
    )
    return partial(run_sandboxes, tuple(dict.fromkeys(names or ())), settings)
