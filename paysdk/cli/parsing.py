"""The texts of options, as values. Each error is one line for the user."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from paysdk.amounts import ENGLISH, NumberStyle, load_number_style
from paysdk.cli.config import WHOLE_NUMBER
from paysdk.currencies import check_currency
from paysdk.errors import ConfigurationError
from paysdk.paid import PaidRange
from paysdk.testing.faults import FaultPlan, hang, reset, status, truncated, wrong_body

__all__ = [
    "check_duration",
    "parse_amount",
    "parse_currency",
    "parse_day",
    "parse_faults",
    "parse_filters",
    "parse_key_files",
    "parse_locale",
    "parse_moment",
    "parse_paid",
]

_FAULTS = {"reset": reset, "truncated": truncated, "html": wrong_body, "hang": hang}


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


def parse_currency(text: str) -> str:
    """The code of a currency that ``--currency`` gives."""
    try:
        return check_currency("--currency", text)
    except ConfigurationError:
        raise ConfigurationError(
            f"--currency takes a code of ISO 4217, such as EUR, not {text!r}."
        ) from None


def parse_key_files(options: list[str], names: tuple[str, ...]) -> dict[str, Path]:
    """The file of each provider's key that ``--key-file`` options give."""
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


def parse_amount(option: str, text: str) -> Decimal:
    """The amount that an option gives, which must be 0 or more."""
    # Only digits: a person may misread 1e6, and Decimal also accepts 1_0.
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        raise ConfigurationError(
            f"{option} takes an amount of 0 or more, such as 0.05, not {text!r}."
        )
    return Decimal(text)


def parse_locale(text: str | None) -> NumberStyle:
    """How people write numbers in the locale that ``--locale`` gives."""
    if text is None:
        return ENGLISH
    try:
        return load_number_style(text)
    except ConfigurationError:
        raise ConfigurationError(
            f"--locale takes a language and perhaps a country, such as de or en_IN, not {text!r}."
        ) from None
    except ModuleNotFoundError as error:
        raise ConfigurationError(str(error)) from None


def parse_paid(since: str | None, until: str | None) -> PaidRange:
    """The range of days that ``--paid-since`` and ``--paid-until`` give."""
    first, last = parse_day("--paid-since", since), parse_day("--paid-until", until)
    if first is not None and last is not None and last < first:
        raise ConfigurationError(
            f"--paid-since {first} is after --paid-until {last}, so no payment can be between them."
        )
    return PaidRange(since=first, until=last)


def parse_day(option: str, text: str | None) -> date | None:
    """The day that an option gives."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} takes a date, such as 2026-01-31, not {text!r}. A payment has a day "
            "without a time."
        ) from None


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


def check_duration(source: str, seconds: float) -> float:
    """The seconds that an option or a setting gives, which must be above zero and finite."""
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(
            f"{source} must be a number of seconds above zero, not {seconds:g}."
        )
    return seconds


def parse_faults(options: list[str] | None) -> FaultPlan | None:
    """The faults of a sandbox that ``--faults`` options give: a kind, and how often it comes."""
    plan: FaultPlan | None = None
    for option in options or []:
        kind, _, every = option.partition("=")
        is_status = re.fullmatch("[45][0-9][0-9]", kind) is not None
        if not re.fullmatch(WHOLE_NUMBER, every) or not (is_status or kind in _FAULTS):
            raise ConfigurationError(
                "--faults takes KIND=N, such as 503=10 for every tenth request. KIND is a status "
                f"from 400 to 599, or one of {', '.join(_FAULTS)}; not {option!r}."
            )
        fault = status(int(kind)) if is_status else _FAULTS[kind]()
        plan = (plan or FaultPlan()).every(int(every), fault)
    return plan
