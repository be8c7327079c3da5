"""Moneybird's API as documented, on this machine.

The README says what the documents leave open, and what this sandbox does about it.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

import attrs
import msgspec

from paysdk.testing import Request, Response, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MoneybirdSandbox"]

Invoice = dict[str, Any]

_DEFAULT_PER_PAGE, _MAX_PER_PAGE = 50, 100
_WINDOW_SECONDS = 300
_NEWEST = datetime(2026, 6, 28, 12, tzinfo=UTC)
_NEWEST_NUMBER = 20_000
_FIRST_ID = 496_081_000_000_000_000
_STATES = (
    "draft",
    "open",
    "scheduled",
    "pending_payment",
    "late",
    "reminded",
    "paid",
    "uncollectible",
)
_ACTIONS = (None, "payment_without_proof", "cash_payment")
_PERIOD = re.compile(r"(\d{8})\.\.(\d{8})", re.ASCII)


@attrs.define(kw_only=True, eq=False)
class MoneybirdSandbox(Sandbox):
    """Moneybird's sales invoices: the list, and the two requests of ``synchronization``.

    There are ``payments`` payments, ``per_invoice`` in each invoice, and ``unpaid`` invoices
    without a payment. ``invoices`` are the served records, newest first. You may change them while
    the sandbox runs. With ``request_limit`` that many requests are allowed in five minutes;
    Moneybird allows 150. ``today`` says which year is ``this_year``.
    """

    scheme: ClassVar[str] = "Bearer"

    api_key: str = attrs.field(default="test_sandbox", repr=False)
    administration_id: str = "123456789012345678"
    payments: int = 1000
    per_invoice: int = 1
    unpaid: int = 0
    request_limit: int | None = None
    today: date = date(2026, 6, 30)
    invoices: list[Invoice] = attrs.field(init=False, repr=False)
    _window: tuple[float, int] = attrs.field(init=False, default=(0.0, 0), repr=False)

    def __attrs_post_init__(self) -> None:
        """Make the invoices."""
        full, rest = divmod(self.payments, self.per_invoice)
        counts = [self.per_invoice] * full + [rest] * bool(rest)
        for place in range(self.unpaid):
            counts.insert(2 * place, 0)
        self.invoices = [
            _invoice(self.administration_id, _NEWEST_NUMBER - place, paid)
            for place, paid in enumerate(counts)
        ]

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings that a provider for this sandbox needs, other than the key."""
        return {"administration_id": self.administration_id}

    def respond(self, request: Request) -> Response:
        """Return Moneybird's response."""
        if (limited := self._limit()) is not None:
            return limited
        if not self.is_authorised(request):
            return _error(HTTPStatus.UNAUTHORIZED, "The access token is invalid")
        folder = f"/api/v2/{self.administration_id}/sales_invoices"
        match request.method, request.path.removesuffix(".json"):
            case "GET", path if path == folder:
                return self._list(request)
            case "GET", path if path == f"{folder}/synchronization":
                return self._versions(request)
            case "POST", path if path == f"{folder}/synchronization":
                return self._by_ids(request)
            case _:
                return _error(HTTPStatus.NOT_FOUND, "record not found")

    def _limit(self) -> Response | None:
        """Count the request, and refuse it if there were too many in this window."""
        if self.request_limit is None:
            return None
        now = time.time()
        ends, sent = self._window
        if now >= ends:
            ends, sent = now + _WINDOW_SECONDS, 0
        self._window = (ends, sent + 1)
        if sent < self.request_limit:
            return None
        reset = str(int(ends))
        headers = {
            "RateLimit-Limit": str(self.request_limit),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": reset,
            "Retry-After": reset,  # a time too, and no number of seconds
        }
        return _json(HTTPStatus.TOO_MANY_REQUESTS, "Retry later", headers)

    def _list(self, request: Request) -> Response:
        page = _whole(request.query.get("page", "1"))
        size = _whole(request.query.get("per_page", str(_DEFAULT_PER_PAGE)))
        if page is None:
            return _error(HTTPStatus.BAD_REQUEST, "page does not have a valid value")
        if size is None or size > _MAX_PER_PAGE:
            return _error(HTTPStatus.BAD_REQUEST, "per_page does not have a valid value")
        chosen = self._chosen(request.query.get("filter", "period:this_year"))
        if isinstance(chosen, Response):
            return chosen
        headers = {"X-Total-Count": str(len(chosen))}
        links = [
            _link(request, number, size, relation)
            for number, relation, there in (
                (page - 1, "prev", page > 1),
                (page + 1, "next", page * size < len(chosen)),
            )
            if there
        ]
        if links:
            headers["Link"] = ", ".join(links)
        return _json(HTTPStatus.OK, chosen[(page - 1) * size : page * size], headers)

    def _versions(self, request: Request) -> Response:
        chosen = self._chosen(request.query.get("filter", ""))
        if isinstance(chosen, Response):
            return chosen
        versions = [{"id": each["id"], "version": each["version"]} for each in chosen]
        return _json(HTTPStatus.OK, versions)

    def _by_ids(self, request: Request) -> Response:
        try:
            body = msgspec.json.decode(request.body, type=dict[str, list[str | int]])
        except msgspec.MsgspecError:
            return _error(HTTPStatus.BAD_REQUEST, "ids is missing")
        if "ids" not in body:
            return _error(HTTPStatus.BAD_REQUEST, "ids is missing")
        invoices = {each["id"]: each for each in self.invoices}
        found = [invoices[each] for each in map(str, body["ids"]) if each in invoices]
        return _json(HTTPStatus.OK, found[:_MAX_PER_PAGE])

    def _chosen(self, text: str) -> list[Invoice] | Response:
        """The invoices that a filter chooses. Moneybird ignores names that it does not know."""
        chosen = self.invoices
        for term in filter(None, text.split(",")):
            name, _, value = term.partition(":")
            try:
                chosen = [each for each in chosen if self._fits(each, name, value)]
            except ValueError as error:
                return _error(HTTPStatus.BAD_REQUEST, str(error), {"filter": "invalid"})
        return chosen

    def _fits(self, invoice: Invoice, name: str, value: str) -> bool:
        match name:
            case "state":
                states = value.split("|")
                if not {*states} <= {"all", *_STATES}:
                    raise ValueError("Status is not included in the list")
                return "all" in states or invoice["state"] in states
            case "period":
                first, last = self._period(value)
                day: str = invoice["invoice_date"]
                return first <= day.replace("-", "") <= last
            case "contact_id":
                return bool(value == invoice["contact_id"])
            case "created_after" | "updated_after":
                sent = invoice[name.replace("_after", "_at")]
                return datetime.fromisoformat(sent) > _moment(value)
            case _:
                return True

    def _period(self, value: str) -> tuple[str, str]:
        if value == "this_year":
            return f"{self.today.year}0101", f"{self.today.year}1231"
        if (days := _PERIOD.fullmatch(value)) is None:
            raise ValueError("Period must have both a start and end date")
        return days[1], days[2]


def _invoice(administration_id: str, number: int, paid: int) -> Invoice:
    """The invoice with this number; a higher number is newer."""
    created = _NEWEST - timedelta(hours=7) * (_NEWEST_NUMBER - number)
    invoice_id = str(_FIRST_ID + 1000 * number)
    total = Decimal(number * 7919 % 90_000) / 100 + 5
    parts = [Decimal(1)] * (paid - 1)
    parts.append(total - sum(parts))
    payments = [
        _payment(administration_id, invoice_id, place, part, created)
        for place, part in enumerate(parts[:paid])
    ]
    updated = payments[-1]["updated_at"] if payments else _text(created)
    return {
        "id": invoice_id,
        "administration_id": int(administration_id),
        **_contact(administration_id, number % 20),
        "contact_person_id": None,
        "invoice_id": f"2026-{number:05}",
        "workflow_id": "496081347889071247",
        "draft_id": None,
        "state": "paid" if paid else "open",
        "invoice_date": created.date().isoformat(),
        "due_date": (created.date() + timedelta(days=14)).isoformat(),
        "reference": f"Project {number}",
        "language": "nl",
        "currency": ("EUR", "EUR", "EUR", "EUR", "GBP")[number % 5],
        "paid_at": payments[-1]["payment_date"] if payments else None,
        "created_at": _text(created),
        "updated_at": updated,
        "version": int(datetime.fromisoformat(updated).timestamp()),
        "details": [],
        "payments": payments,
        "total_paid": _decimal(total if paid else Decimal(0)),
        "total_unpaid": _decimal(Decimal(0) if paid else total),
        "total_price_incl_tax": _decimal(total),
        "url": f"https://moneybird.com/{administration_id}/sales_invoices/{invoice_id}",
        "notes": [],
        "events": [],
    }


def _contact(administration_id: str, number: int) -> Invoice:
    contact_id = str(_FIRST_ID - 1000 - number)
    company = {"company_name": f"Klant {number} B.V.", "firstname": None, "lastname": None}
    person = {"company_name": None, "firstname": "Jip", "lastname": f"de Vries-{number}"}
    contact = {
        "id": contact_id,
        "administration_id": int(administration_id),
        **(person if number % 4 == 0 else company),
        "country": "NL",
        "customer_id": f"K{number:04}",
    }
    return {"contact_id": contact_id, "contact": contact}


def _payment(
    administration_id: str, invoice_id: str, place: int, amount: Decimal, invoiced: datetime
) -> Invoice:
    made = invoiced + timedelta(days=1 + place, milliseconds=525)
    return {
        "id": str(int(invoice_id) + 1 + place),
        "administration_id": int(administration_id),
        "invoice_type": "SalesInvoice",
        "invoice_id": invoice_id,
        "financial_account_id": None,
        "user_id": "496081346724103269",
        "payment_transaction_id": None,
        "transaction_identifier": f"psp-{invoice_id}" if place else None,
        "price": _decimal(amount),
        "price_base": _decimal(amount),
        "payment_date": made.date().isoformat(),
        "credit_invoice_id": None,
        "financial_mutation_id": None,
        "ledger_account_id": "496081347379463299",
        "linked_payment_id": None,
        "manual_payment_action": _ACTIONS[(int(invoice_id) // 1000 + place) % len(_ACTIONS)],
        "created_at": _text(made),
        "updated_at": _text(made),
    }


def _decimal(amount: Decimal) -> str:
    """The amount as Moneybird writes it: ``363.0``, ``12.45``."""
    whole, _, digits = f"{amount:f}".partition(".")
    return f"{whole}.{digits.rstrip('0') or '0'}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    """A time as ISO 8601 has it, or as ``2026-08-21 13:50:12 UTC``; without a zone it is UTC."""
    moment = datetime.fromisoformat(text.replace(" UTC", "Z"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) else None


def _link(request: Request, page: int, size: int, relation: str) -> str:
    kept = {name: value for name, value in request.query.items() if name == "filter"}
    query = urlencode({**kept, "page": page, "per_page": size})
    return f'<{request.origin}{request.path}?{query}>; rel="{relation}"'


def _error(status: HTTPStatus, message: str, symbolic: dict[str, str] | None = None) -> Response:
    body = {"error": message} | ({"symbolic": symbolic} if symbolic else {})
    return _json(status, body)


def _json(status: HTTPStatus, body: object, headers: dict[str, str] | None = None) -> Response:
    content = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, msgspec.json.encode(body), content | (headers or {}))
