"""Xero's Payments endpoint and its token endpoint as documented, on this machine.

The README says what the documents leave open, and what this sandbox does about it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl

import attrs
import msgspec

from paysdk.testing import Request, Response, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["XeroSandbox"]

Record = dict[str, Any]

_PAYMENTS, _TOKEN = "/api.xro/2.0/Payments", "/connect/token"
_DEFAULT_SIZE, _MAX_SIZE = 100, 1000
_WINDOW_SECONDS = 60
_DAILY = 5000
_NEWEST = datetime(2026, 6, 30, 12, 0, 0, 314_000, tzinfo=UTC)
_TENANT = "4f4cc3f5-0000-4000-8000-000000000001"
_INSTANCE = "6489df60-0000-4000-8000-000000000001"
_OTHERS = ("ACCPAYPAYMENT", "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "APCREDITPAYMENT")

_encode = msgspec.json.Encoder(decimal_format="number").encode


@attrs.define(kw_only=True, eq=False)
class XeroSandbox(Sandbox):
    """Xero's ``GET /Payments`` and its token endpoint.

    There are ``payments`` payments of sales invoices. Every sixth was deleted. Between them are
    ``others``, such as payments of bills. ``records`` are the served records. You may
    change them while the sandbox runs. Without ``counts_pages`` a page has no ``pagination``, and
    the list ends with an empty page. With ``minute_limit`` that many requests are allowed in a
    minute; Xero allows 60.

    ``refresh_token`` is the one that the next refresh needs. Each refresh replaces it; the one
    before works for ``grace_seconds`` longer. ``expire_tokens`` ends all access tokens, ``api_key``
    among them.
    """

    scheme: ClassVar[str] = "Bearer"

    api_key: str = attrs.field(default="test_sandbox", repr=False)
    tenant_id: str = _TENANT
    payments: int = 1000
    others: int = 0
    counts_pages: bool = True
    minute_limit: int | None = None
    token_seconds: int = 1800
    grace_seconds: float = 1800
    client_id: str = "client"
    client_secret: str = attrs.field(default="words-of-the-client", repr=False)
    refresh_token: str = attrs.field(default="refresh-0", repr=False)
    records: list[Record] = attrs.field(init=False, repr=False)
    _tokens: set[str] = attrs.field(init=False, repr=False)
    _replaced: dict[str, float] = attrs.field(init=False, factory=dict[str, float], repr=False)
    _issued: int = attrs.field(init=False, default=0)
    _window: tuple[float, int] = attrs.field(init=False, default=(0.0, 0), repr=False)

    def __attrs_post_init__(self) -> None:
        """Make the records."""
        self._tokens = {self.api_key}
        kinds = ["ACCRECPAYMENT"] * self.payments
        for place in range(self.others):
            kinds.insert(2 * place, _OTHERS[place % len(_OTHERS)])
        self.records = [_record(number, kind) for number, kind in enumerate(kinds)]

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings that a provider for this sandbox needs, other than the key."""
        return {"tenant_id": self.tenant_id}

    @property
    def token_url(self) -> str:
        """Where access tokens are refreshed."""
        return self.url + _TOKEN

    def is_authorised(self, request: Request) -> bool:
        """Whether the request came with an access token that has not expired."""
        return request.key in self._tokens

    def expire_tokens(self) -> None:
        """End all access tokens, as their 30 minutes do."""
        self._tokens.clear()

    def respond(self, request: Request) -> Response:
        """Return Xero's response."""
        if (request.method, request.path) == ("POST", _TOKEN):
            return self._refresh(request)
        left = self._count()
        limits = {
            "X-DayLimit-Remaining": str(_DAILY - len(self.requests) % _DAILY),
            "X-MinLimit-Remaining": str(max(0, left)),
            "X-AppMinLimit-Remaining": "9999",
        }
        response = self._limited() if left < 0 else self._answer(request)
        return attrs.evolve(response, headers={**limits, **response.headers})

    def _answer(self, request: Request) -> Response:
        if request.key is None:
            return _problem(HTTPStatus.UNAUTHORIZED, "AuthenticationUnsuccessful")
        if not self.is_authorised(request):
            return _problem(
                HTTPStatus.UNAUTHORIZED, "TokenExpired: token expired at 06/30/2026 12:00:00"
            )
        if request.headers.get("xero-tenant-id") != self.tenant_id:
            return _problem(HTTPStatus.FORBIDDEN, "AuthenticationUnsuccessful")
        if (request.method, request.path) != ("GET", _PAYMENTS):
            return Response(
                HTTPStatus.NOT_FOUND,
                b"The resource you're looking for cannot be found",
                {"Content-Type": "text/html"},
            )
        return self._list(request)

    def _list(self, request: Request) -> Response:
        page = _whole(request.query.get("page", "1"))
        size = _whole(request.query.get("pageSize", str(_DEFAULT_SIZE)))
        if page is None or size is None:
            return _exception("page and pageSize must be whole numbers from 1")
        size = min(size, _MAX_SIZE)
        element = request.query.get("order", "UpdatedDateUTC ASC").partition(" ")[0]
        chosen = sorted(self.records, key=lambda record: str(record.get(element)))
        if (since := request.headers.get("If-Modified-Since")) is not None:
            try:
                chosen = _modified_since(chosen, since)
            except ValueError:
                return _exception(f"If-Modified-Since is not a time: {since}")
        count = -(-len(chosen) // size)
        pagination = {"page": page, "pageSize": size, "pageCount": count, "itemCount": len(chosen)}
        body = {
            "Id": _INSTANCE,
            "Status": "OK",
            "ProviderName": "paysdk",
            "DateTimeUTC": _date(_NEWEST),
            **({"pagination": pagination} if self.counts_pages else {}),
            "Payments": chosen[(page - 1) * size : page * size],
        }
        return _json(HTTPStatus.OK, body)

    def _count(self) -> int:
        """Count the request, and return how many are left in this minute."""
        limit = 60 if self.minute_limit is None else self.minute_limit
        now = time.time()
        ends, sent = self._window
        if now >= ends:
            ends, sent = now + _WINDOW_SECONDS, 0
        self._window = (ends, sent + 1)
        left = limit - sent - 1
        return left if self.minute_limit is not None else max(0, left)

    def _limited(self) -> Response:
        seconds = max(1, round(self._window[0] - time.time()))
        headers = {"X-Rate-Limit-Problem": "minute", "Retry-After": str(seconds)}
        return Response(HTTPStatus.TOO_MANY_REQUESTS, b"", headers)

    def _refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new access token and a new refresh token."""
        if request.basic != (self.client_id, self.client_secret):
            return _json(HTTPStatus.BAD_REQUEST, {"error": "invalid_client"})
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") != "refresh_token":
            return _json(HTTPStatus.BAD_REQUEST, {"error": "unsupported_grant_type"})
        sent = form.get("refresh_token", "")
        if sent != self.refresh_token and self._replaced.get(sent, 0.0) <= time.monotonic():
            return _json(HTTPStatus.BAD_REQUEST, {"error": "invalid_grant"})
        self._replaced[self.refresh_token] = time.monotonic() + self.grace_seconds
        self._issued += 1
        self.refresh_token = f"refresh-{self._issued}"
        access_token = f"access-{self._issued}"
        self._tokens.add(access_token)
        body = {
            "access_token": access_token,
            "expires_in": self.token_seconds,
            "token_type": "Bearer",
            "refresh_token": self.refresh_token,
            "scope": "accounting.transactions.read offline_access",
        }
        return _json(HTTPStatus.OK, body, {"Cache-Control": "no-store"})


def _record(number: int, kind: str) -> Record:
    paid = _NEWEST - timedelta(hours=7 * number)
    day = paid.replace(hour=0, minute=0, second=0, microsecond=0)
    amount = Decimal(number * 7919 % 90_000) / 100 + 5
    contact = {
        "ContactID": f"a3675fc4-0000-4000-8000-{number % 20:012}",
        "ContactNumber": f"C{number % 20:03}" if number % 3 else "",
        "Name": f"Contact {number % 20}",
        "HasValidationErrors": False,
    }
    invoice: Record = {
        "Type": "ACCREC" if kind == "ACCRECPAYMENT" else "ACCPAY",
        "InvoiceID": f"046d8a6d-0000-4000-8000-{number:012}",
        "InvoiceNumber": f"INV-{20_000 - number}",
        "Payments": [],
        "HasErrors": False,
        "IsDiscounted": False,
        "Contact": contact,
        "LineItems": [],
        "CurrencyCode": ("NZD", "NZD", "NZD", "GBP")[number % 4],
    }
    return {
        "PaymentID": f"99ea7f6b-0000-4000-8000-{number:012}",
        "Date": _date(day),
        "BankAmount": amount,
        "Amount": amount,
        "Reference": f"Order {number}" if number % 2 else "",
        "CurrencyRate": Decimal("1.0000000000"),
        "PaymentType": kind,
        "Status": "DELETED" if number % 6 == 5 else "AUTHORISED",  # noqa: PLR2004  # some
        "UpdatedDateUTC": _date(paid),
        "HasAccount": True,
        "IsReconciled": False,
        "Account": {"AccountID": "5690f1e8-0000-4000-8000-000000000001", "Code": "970"},
        "Invoice": invoice,
        "HasValidationErrors": False,
    }


def _date(moment: datetime) -> str:
    """The moment as .NET once wrote it: milliseconds since 1970 in UTC."""
    return f"/Date({round(moment.timestamp() * 1000)}+0000)/"


def _modified_since(records: list[Record], text: str) -> list[Record]:
    """The records that were modified at *text* or later, to the second."""
    since = datetime.fromisoformat(text)
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return [record for record in records if _seconds(record) >= int(since.timestamp())]


def _seconds(record: Record) -> int:
    return int(str(record["UpdatedDateUTC"]).removeprefix("/Date(").split("+")[0]) // 1000


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) else None


def _problem(status: HTTPStatus, detail: str) -> Response:
    body: Record = {
        "Type": None,
        "Title": status.phrase,
        "Status": int(status),
        "Detail": detail,
        "Instance": _INSTANCE,
        "Extensions": {},
    }
    return _json(status, body)


def _exception(message: str) -> Response:
    body = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [{"ValidationErrors": [{"Message": message}]}],
    }
    return _json(HTTPStatus.BAD_REQUEST, body)


def _json(status: HTTPStatus, body: object, headers: dict[str, str] | None = None) -> Response:
    # Xero escapes the slashes of its dates.
    text = _encode(body).replace(b'"/Date(', b'"\\/Date(').replace(b')/"', b')\\/"')
    content = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, text, content | (headers or {}))
