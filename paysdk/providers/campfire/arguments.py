"""The arguments of Campfire's operations: checked, and as the query that the API takes.

Document: "List Invoice Payments" on docs.campfire.ai.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from paysdk.arguments import as_moment, check_bool, check_int, is_id
from paysdk.currencies import check_currency
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import date, datetime

__all__ = [
    "FILTERS",
    "INVOICE_FILTERS",
    "SINCE",
    "UNTIL",
    "check_external_id",
    "check_invoice_id",
    "check_payment_ids",
    "check_record_id",
    "encode_filters",
    "encode_invoice_filters",
    "format_moment",
    "looks_like_uuid",
]

# No id of the API is longer. Python converts no text of more than 4,300 digits.
_DIGITS = re.compile("[0-9]{1,19}")
_UUID = re.compile("[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
SINCE = "last_modified_at__gte"
UNTIL = "last_modified_at__lte"
FILTERS = (SINCE, UNTIL, "voided", "invoice_id", "external_id")
INVOICE_FILTERS = ("invoice_number", "status", "client", "entity", "currency")


def encode_filters(
    *,
    modified_since: datetime | date | None,
    modified_until: datetime | date | None,
    voided: bool | None,
    invoice_id: int | None,
    external_id: str | None,
) -> dict[str, str]:
    """Return the query parameters of these filters. Raises ``ConfigurationError`` for a bad one."""
    filters: dict[str, str] = {}
    since = (
        None
        if modified_since is None
        else as_moment("modified_since", modified_since, end_of_day=False)
    )
    until = (
        None
        if modified_until is None
        else as_moment("modified_until", modified_until, end_of_day=True)
    )
    if since is not None and until is not None and since > until:
        raise ConfigurationError(
            f"modified_since ({since}) is later than modified_until ({until})."
        )
    if since is not None:
        filters[SINCE] = format_moment(since)
    if until is not None:
        filters[UNTIL] = format_moment(until)
    if voided is not None:
        filters["voided"] = str(check_bool("voided", voided)).lower()
    if invoice_id is not None:
        filters["invoice_id"] = str(check_invoice_id(invoice_id))
    if external_id is not None:
        filters["external_id"] = check_external_id(external_id)
    return filters


def encode_invoice_filters(
    *,
    invoice_number: str | None,
    status: str | None,
    client: int | None,
    entity: int | None,
    currency: str | None,
) -> dict[str, str]:
    """Return the query parameters of these filters. Raises ``ConfigurationError`` for a bad one."""
    filters: dict[str, str] = {}
    if invoice_number is not None:
        filters["invoice_number"] = _check_text("invoice_number", invoice_number, "invoice")
    if status is not None:
        filters["status"] = _check_text("status", status, "invoice")
    if client is not None:
        filters["client"] = str(check_int("client", client, 0))
    if entity is not None:
        filters["entity"] = str(check_int("entity", entity, 0))
    if currency is not None:
        filters["currency"] = check_currency("currency", currency)
    return filters


def format_moment(moment: datetime) -> str:
    """Format an aware UTC time as the API takes it."""
    # With "Z", as documented. A "+" would have to be escaped, and no document names the time zone
    # in which the API reads a bare date.
    return moment.replace(tzinfo=None).isoformat() + "Z"


def check_invoice_id(invoice_id: int) -> int:
    """Return *invoice_id* if it can be the id of an invoice."""
    return check_int("invoice_id", invoice_id, 0)


def check_record_id(name: str, value: object, what: str) -> int:
    """Return *value* as a number if it is the id of a record, or the text of one.

    *name* is the argument's, and *what* is the kind of record in words.
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if looks_like_uuid(value):
        raise ConfigurationError(
            f"{name} must be the integer id of the {what.replace('_', ' ')}, in its field id. "
            f"{value!r} is a UUID, which this request does not take."
        )
    return check_int(name, value, 0)


def looks_like_uuid(value: object) -> bool:
    """Whether *value* is a UUID. Campfire gives some records one and an integer id."""
    return isinstance(value, UUID) or (
        isinstance(value, str) and _UUID.fullmatch(value) is not None
    )


def check_external_id(external_id: str) -> str:
    """Return *external_id* if the API can filter by it."""
    return _check_text("external_id", external_id, "payment")


def _check_text(name: str, value: object, listed: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(
            f"{name} must be a non-empty string, not {value!r}. The API would "
            f"ignore an empty one and list every {listed}."
        )
    if not value.isprintable():
        raise ConfigurationError(f"{name} must have only printable characters, not {value!r}.")
    return value


def check_payment_ids(name: str, ids: Iterable[int | str]) -> frozenset[str]:
    """Return *ids* as a set of strings. *name* is the name of the argument."""
    given: object = ids
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ConfigurationError(f"{name} takes a list of payment ids, not {given!r}.")
    listed: list[object] = list(given)
    if not all(map(is_id, listed)):
        raise ConfigurationError(f"{name} takes payment ids, as int or str, not {listed!r}.")
    return frozenset(map(str, listed))
