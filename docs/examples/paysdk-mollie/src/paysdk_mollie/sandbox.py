"""Mollie's API as documented, on this machine.

The documents do not say how Mollie responds to an invalid ``limit`` or an unknown ``from``. This
sandbox responds with 422 and 404.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import cycle, islice
from typing import ClassVar

import attrs
import msgspec

from paysdk.testing import Request, Response, Sandbox

__all__ = ["MollieSandbox"]

_PATH = "/v2/payments"
_DEFAULT_LIMIT, _MAX_LIMIT = 50, 250
_NEWEST = datetime(2026, 6, 30, 12, tzinfo=UTC)
_UNPAID = ("open", "expired", "canceled", "failed", "pending", "authorized")
_METHODS = ("ideal", "creditcard", "banktransfer")


@attrs.define(kw_only=True, eq=False)
class MollieSandbox(Sandbox):
    """Mollie's ``GET /v2/payments``.

    ``payments`` is the number of paid payments, and ``unpaid`` the number of others between them.
    ``records`` are the served records, newest first. You may change them while the sandbox runs.
    """

    scheme: ClassVar[str] = "Bearer"

    api_key: str = attrs.field(default="test_sandbox", repr=False)
    payments: int = 1000
    unpaid: int = 0
    records: list[dict[str, object]] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Make the records."""
        statuses = ["paid"] * self.payments
        for place, status in enumerate(islice(cycle(_UNPAID), self.unpaid)):
            statuses.insert(2 * place, status)
        self.records = [_record(number, status) for number, status in enumerate(statuses)]

    def respond(self, request: Request) -> Response:
        """Return Mollie's response."""
        if not self.is_authorised(request):
            return _error(HTTPStatus.UNAUTHORIZED, "Failed to authenticate")
        if (request.method, request.path) != ("GET", _PATH):
            return _error(HTTPStatus.NOT_FOUND, f"No resource exists at {request.path}")
        limit = request.query.get("limit", str(_DEFAULT_LIMIT))
        if not limit.isdecimal() or not 1 <= int(limit) <= _MAX_LIMIT:
            return _error(HTTPStatus.UNPROCESSABLE_ENTITY, f"The limit is 1 to {_MAX_LIMIT}")
        ids = [record["id"] for record in self.records]
        start = request.query.get("from")
        if start is not None and start not in ids:
            return _error(HTTPStatus.NOT_FOUND, f"No payment exists with token {start}")
        return self._page(request, ids.index(start) if start else 0, int(limit))

    def _page(self, request: Request, first: int, limit: int) -> Response:
        page, rest = self.records[first : first + limit], self.records[first + limit :]
        before = max(0, first - limit)
        links = {
            "self": _link(request.url),
            "previous": _link_from(request, self.records[before]["id"], limit) if first else None,
            "next": _link_from(request, rest[0]["id"], limit) if rest else None,
        }
        body = {"count": len(page), "_embedded": {"payments": page}, "_links": links}
        return _hal(HTTPStatus.OK, body)


def _record(number: int, status: str) -> dict[str, object]:
    created = _NEWEST - timedelta(hours=7 * number)
    paid = {"paidAt": (created + timedelta(minutes=3)).isoformat()} if status == "paid" else {}
    return {
        "resource": "payment",
        "id": f"tr_{number:010}",
        "mode": "test",
        "createdAt": created.isoformat(),
        "status": status,
        **paid,
        "amount": {
            "value": f"{(number * 7919) % 90_000 / 100 + 5:.2f}",
            "currency": ("EUR", "EUR", "EUR", "EUR", "GBP")[number % 5],
        },
        "description": f"Order #{20_000 - number}",
        "method": _METHODS[number % len(_METHODS)],
        # Some payments have no invoice number in their metadata.
        "metadata": {"invoice_number": f"INV-{20_000 - number}"} if (number + 1) % 6 else None,
        **({"customerId": f"cst_{number % 20:010}"} if number % 3 else {}),
        "profileId": "pfl_0000000001",
        "sequenceType": "oneoff",
    }


def _link_from(request: Request, first: object, limit: int) -> dict[str, str]:
    return _link(f"{request.origin}{_PATH}?from={first}&limit={limit}")


def _link(href: str) -> dict[str, str]:
    return {"href": href, "type": "application/hal+json"}


def _error(status: HTTPStatus, detail: str) -> Response:
    return _hal(status, {"status": int(status), "title": status.phrase, "detail": detail})


def _hal(status: HTTPStatus, body: object) -> Response:
    return Response(status, msgspec.json.encode(body), {"Content-Type": "application/hal+json"})
