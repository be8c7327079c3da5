"""Options that several commands share, and how their texts are parsed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from paysdk.cli.output.formats import CsvStyle
from paysdk.cli.providers import ProviderSelection, SandboxSettings
from paysdk.currencies import check_currency
from paysdk.errors import ConfigurationError

__all__ = [
    "SANDBOX_PAYMENTS",
    "Account",
    "Bom",
    "Currency",
    "Filters",
    "InSandbox",
    "Job",
    "KeyFiles",
    "Limit",
    "ListFormat",
    "Names",
    "OneProvider",
    "PageSize",
    "RawText",
    "SandboxPayments",
    "make_csv_style",
    "parse_amount",
    "parse_filters",
    "parse_moment",
    "select_providers",
]

# A command only parses its options, and returns its work as a job. So the job runs outside of
# typer, which would handle its exceptions in its own way.
Job: TypeAlias = Callable[[], int | None]

SANDBOX_PAYMENTS = 3000
# Enough to watch the pages arrive.
_SANDBOX_LATENCY_SECONDS = 0.03

Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME", help="One or more providers. See: paysdk providers"),
]
InSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Use sandboxes instead of the real APIs. Needs no key.")
]
SandboxPayments = Annotated[
    int, typer.Option(min=0, metavar="N", help="Number of payments in each sandbox.")
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
        "--provider", metavar="NAME", help="Needed only if several installed providers can do this."
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
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="NAME=VALUE",
        help="A filter of the provider's own. Can be repeated. See: paysdk providers",
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
        key_files=_parse_key_files(key_files or [], once),
        currency=None if currency is None else _parse_currency(currency),
    )


def _parse_key_files(options: list[str], names: tuple[str, ...]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for option in options:
        name, equals, path = option.partition("=")
        if not (equals and path) or name not in names:
            # The message does not repeat the option: its text may be the key itself.
            raise ConfigurationError(
                "--key-file takes NAME=PATH. NAME must be a provider of this command: "
                f"{', '.join(names)}."
            )
        files[name] = Path(path)
    return files


def parse_filters(options: list[str] | None) -> dict[str, str]:
    """The filters that options give, each with its text."""
    filters: dict[str, str] = {}
    for option in options or []:
        name, equals, text = option.partition("=")
        if not (name and equals and text):
            raise ConfigurationError(f"--filter takes NAME=VALUE, not {option!r}.")
        if name in filters:
            raise ConfigurationError(f"--filter {name} is given twice.")
        filters[name] = text
    return filters


def _parse_currency(text: str) -> str:
    try:
        return check_currency("--currency", text)
    except ConfigurationError:
        raise ConfigurationError(
            f"--currency takes a code of ISO 4217, such as EUR, not {text!r}."
        ) from None


def make_csv_style(output_format: str, *, raw_text: bool, bom: bool) -> CsvStyle:
    """The style of CSV. Raises ``ConfigurationError`` for a style of another format."""
    if (raw_text or bom) and output_format != "csv":
        option = "--raw-text" if raw_text else "--bom"
        raise ConfigurationError(f"{option} is for CSV: add --format csv, or leave it out.")
    return CsvStyle(raw_text=raw_text, bom=bom)


def parse_amount(option: str, text: str) -> Decimal:
    """The amount that an option gives, which must be 0 or more."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        raise ConfigurationError(
            f"{option} takes an amount of 0 or more, such as 0.05, not {text!r}."
        )
    return amount


def parse_moment(option: str, text: str | None) -> date | datetime | None:
    """The day or the moment that an option gives. A moment needs a time zone."""
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
        raise ConfigurationError(f"{option} needs a time zone, such as UTC: {text}Z.")
    return moment
