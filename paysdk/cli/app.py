"""The command ``paysdk``: its help, and all of its commands.

What a command takes is in ``options``, and what it does is in ``commands``. typer reads all options
at the start, so a module of ``options`` imports SQLAlchemy, which may be missing, only when its
command runs.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # typer reads it in an annotation
from typing import Annotated

import typer

from paysdk.cli.commands.providers import show_providers
from paysdk.cli.config import use_config
from paysdk.cli.environment import describe_unknown_variables
from paysdk.cli.network import with_network
from paysdk.cli.options.book import book_app
from paysdk.cli.options.doctor import doctor_command
from paysdk.cli.options.export import export_command
from paysdk.cli.options.follow import follow_command
from paysdk.cli.options.invoices import accounts_command, invoice_command, invoices_command
from paysdk.cli.options.list import list_command
from paysdk.cli.options.reconcile import reconcile_command
from paysdk.cli.options.sandbox import sandbox_command
from paysdk.cli.options.shared import Job  # noqa: TC001  # typer reads it in an annotation
from paysdk.cli.options.sync import sync_command
from paysdk.cli.output.terminal import print_message
from paysdk.distribution import __version__

__all__ = ["app"]

app: typer.Typer = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # they would print local variables, and the key is one of them
    help="List, store and compare payments of every installed provider, exact to the digit.",
    epilog=(
        "Keys: set PAYSDK_<PROVIDER>_API_KEY, or PAYSDK_<PROVIDER>_API_KEY_FILE to the path of a "
        "file that holds the key. To use another origin than the real API, set "
        "PAYSDK_<PROVIDER>_BASE_URL. A config file can hold all other settings.\n\n"
        "Exit codes: 0 done; 1 the API or the network failed, or a file could not be written; 2 "
        "wrong input, nothing was sent; 3 reconcile found differences, or book needs a person; 130 "
        "Ctrl-C; 143 SIGTERM; 129 SIGHUP."
    ),
)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The config file. By default, the one of this user."),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Read the config file. Without a command, print the help."""
    use_config(config)
    for sentence in describe_unknown_variables():
        print_message(sentence)
    if version:
        typer.echo(f"paysdk {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("providers")
def providers_command() -> Job:
    """Show the installed providers, what their APIs can do, and which variables set them up."""
    return show_providers


# Help lists them in this order. With no_args_is_help=False, a missing argument is an error.
app.command("list", no_args_is_help=False)(with_network(list_command))
app.command("follow", no_args_is_help=False)(with_network(follow_command))
app.command("sync", no_args_is_help=False)(with_network(sync_command))
app.command("reconcile", no_args_is_help=False)(with_network(reconcile_command))
app.command("export", no_args_is_help=False)(with_network(export_command))
app.command("invoice")(with_network(invoice_command))
app.command("invoices")(with_network(invoices_command))
app.command("accounts")(with_network(accounts_command))
app.command("sandbox")(sandbox_command)
app.command("doctor")(with_network(doctor_command))
app.add_typer(book_app, name="book")
