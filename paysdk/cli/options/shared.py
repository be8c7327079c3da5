"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import typer

from paysdk.cli.output.formats import CsvStyle
from paysdk.cli.parsing import parse_currency, parse_key_files
from paysdk.cli.providers import ProviderSelection, SandboxSettings
from paysdk.discovery import installed_providers
from paysdk.errors import ConfigurationError

__all__ = [
    "SANDBOX_PAYMENTS",
    "Account",
    "Bom",
    "Currency",
    "Customers",
    "Filters",
    "InSandbox",
    "Job",
    "KeyFiles",
    "Limit",
    "ListFormat",
    "LocaleName",
    "Names",
    "OneProvider",
    "PageSize",
    "PaidSince",
    "PaidUntil",
    "RawText",
    "SandboxPayments",
    "complete_provider",
    "explain_missing_extra",
    "make_csv_style",
    "select_providers",
]

# A command only parses its options, and returns its work as a job. So the job runs outside of
# typer, which would handle its exceptions in its own way.
Job: TypeAlias = Callable[[], int | None]

# Modules of the extras that only some commands need.
_EXTRAS = {"babel", "jinja2", "pyarrow", "sqlalchemy", "xlsxwriter"}

SANDBOX_PAYMENTS = 3000
# Enough to watch the pages arrive.
_SANDBOX_LATENCY_SECONDS = 0.03


def complete_provider(incomplete: str) -> list[str]:
    """The installed providers whose names begin like this, for the shell's completion."""
    return [name for name in installed_providers() if name.startswith(incomplete)]


Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME",
        help="One or more providers. See: paysdk providers",
        autocompletion=complete_provider,
    ),
]
InSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Use sandboxes instead of the real APIs. Needs no key.")
]
# A sandbox holds all of its payments in memory.
_MAX_SANDBOX_PAYMENTS = 10_000_000
SandboxPayments = Annotated[
    int,
    typer.Option(
        min=0, max=_MAX_SANDBOX_PAYMENTS, metavar="N", help="Number of payments in each sandbox."
    ),
]
KeyFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--key-file",
        metavar="NAME=PATH",
        help="Read a provider's key from a file, not from the environment. Can be repeated.",
    ),
]
OneProvider = Annotated[
    str | None,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="Needed only if several installed providers can do this.",
        autocompletion=complete_provider,
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Read only the first N.")
]
PageSize = Annotated[
    int | None,
    typer.Option(
        "--page-size", metavar="N", help="Records per request. By default, the API decides."
    ),
]
ListFormat = Annotated[
    Literal["table", "jsonl", "csv"],
    typer.Option("--format", help="jsonl and csv contain all fields, and amounts as exact text."),
]
Currency = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="Currency of payments whose provider sends none."),
]
Customers = Annotated[
    bool,
    typer.Option(
        "--customers",
        help="Also look up the customers that a provider lists apart from its payments.",
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="NAME=VALUE",
        help="A filter of the provider's own. Can be repeated. See: paysdk providers",
    ),
]
PaidSince = Annotated[
    str | None,
    typer.Option(
        "--paid-since",
        metavar="DATE",
        help="Only payments made on this day or later, by their payment date.",
    ),
]
PaidUntil = Annotated[
    str | None,
    typer.Option(
        "--paid-until",
        metavar="DATE",
        help="Only payments made up to this day. The day itself is included.",
    ),
]
LocaleName = Annotated[
    str | None,
    typer.Option(
        "--locale",
        metavar="LOCALE",
        help="How amounts are written for people, such as de or en_IN. By default 1,234.50.",
    ),
]
Account = Annotated[
    str,
    typer.Option(metavar="NAME", help="Name for the stored payments. Use one for each key."),
]
RawText = Annotated[
    bool,
    typer.Option(
        "--raw-text",
        help="For CSV: leave every text as it is. Without this option, a text that a spreadsheet "
        "would run as a formula gets an apostrophe.",
    ),
]
Bom = Annotated[
    bool, typer.Option("--bom", help="For CSV: begin with a UTF-8 signature, which Excel needs.")
]


def select_providers(
    names: tuple[str, ...],
    *,
    sandbox: bool,
    sandbox_payments: int,
    key_files: list[str] | None = None,
    currency: str | None = None,
) -> ProviderSelection:
    """The providers that the options name. A name that is repeated counts once."""
    if key_files and sandbox:
        raise ConfigurationError("--sandbox needs no key: leave --key-file out.")
    once = tuple(dict.fromkeys(names))
    settings = SandboxSettings(payments=sandbox_payments, latency=_SANDBOX_LATENCY_SECONDS)
    return ProviderSelection(
        names=once,
        sandbox=settings if sandbox else None,
        key_files=parse_key_files(key_files or [], once),
        currency=None if currency is None else parse_currency(currency),
    )


def make_csv_style(output_format: str, *, raw_text: bool, bom: bool) -> CsvStyle:
    """The style of CSV. Raises ``ConfigurationError`` for a style of another format."""
    if (raw_text or bom) and output_format != "csv":
        option = "--raw-text" if raw_text else "--bom"
        raise ConfigurationError(f"{option} is for CSV: add --format csv, or leave it out.")
    return CsvStyle(raw_text=raw_text, bom=bom)


def explain_missing_extra(error: ModuleNotFoundError) -> Exception:
    """An error that names the extra to install, or the same error for any other module."""
    return ConfigurationError(str(error)) if error.name in _EXTRAS else error
