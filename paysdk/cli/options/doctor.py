"""The options of ``paysdk doctor``."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from paysdk.cli.commands.doctor import check_installation
from paysdk.cli.options.shared import Job, complete_provider

__all__ = ["doctor_command"]


def doctor_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Providers to check. By default those with a key.",
            autocompletion=complete_provider,
        ),
    ] = None,
    *,
    store: Annotated[
        str | None, typer.Option(metavar="DATABASE", help="Also check this database of a sync.")
    ] = None,
) -> Job:
    """Check what is installed, which settings are in force, and whether the APIs respond.

    It shows no key. It sends two requests to each API, and changes nothing.
    """
    return partial(check_installation, tuple(dict.fromkeys(names or ())), store)
