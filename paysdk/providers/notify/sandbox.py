"""Notify's API as documented, on this machine.

Four things are not documented. In these the sandbox does what Mollie's API does, because Notify's
pages on pagination and errors repeat Mollie's: ``limit`` is 50 by default, a larger ``limit`` than
250 counts as 250, the newest payments come first, and the last page's ``next`` is null.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import ClassVar, Literal, cast
from urllib.parse import urlencode

import attrs
import msgspec

from paysdk.testing.exchange import Request, Response
from paysdk.testing.records import Records, Row, check_fields, check_rows, scatter
from paysdk.testing.server import Sandbox

__all__ = ["NotifySandbox"]

_PATH = "/v2/payments"
_DEFAULT_LIMIT, _MAX_LIMIT = 50, 250
_NEWEST = date(2025, 6, 30)
_FIELDS = ("resource", "id", "date", "amount", "invoice", "customer")
_NESTED = {
    "invoice": ("id", "number", "invoiceTotal", "invoiceBalance"),
    "customer": ("id", "number", "name"),
}
_ELISIONS: tuple[dict[str, str], ...] = ({}, {}, {})
# An amount is a text in this API, and msgspec encodes a Decimal as a text by default.
_encode = msgspec.json.Encoder().encode


@attrs.define(kw_only=True, eq=False)
class NotifySandbox(Sandbox):
    """Notify's ``GET /v2/payments``.

    ``payments`` is how many there are at first; ``seed`` changes their content and their ids.
    ``rows`` replaces the payments with your own, newest first: mappings with any of the API's
    fields. These are served as they are, and the missing fields are made up, even those of
    ``invoice`` and ``customer``. An unknown field is refused with a list, unless ``extra_fields``
    names it. ``links`` decides which id is the ``from`` of ``next``: the first of the next page,
    the last of this page or, as in the document, the first of this page. With ``endless_links`` the
    last page also has a link, in the latter two forms. ``relative_links``, ``link_host`` (an
    origin) and ``links_with_limit`` change how the link is written. With ``with_elisions`` each
    page ends with empty objects and its count is too high by one, as in the document's sample.
    """

    scheme: ClassVar[str] = "Bearer"

    api_key: str = attrs.field(default="test_sandbox", repr=False, on_setattr=attrs.setters.frozen)
    _size: int = attrs.field(default=1000, alias="payments", on_setattr=attrs.setters.frozen)
    seed: int = attrs.field(default=1, on_setattr=attrs.setters.frozen)
    _given: Sequence[Mapping[str, object]] | None = attrs.field(
        default=None, alias="rows", repr=False, on_setattr=attrs.setters.frozen
    )
    extra_fields: Collection[str] = attrs.field(default=(), on_setattr=attrs.setters.frozen)
    links: Literal["next-page", "last-of-page", "first-of-page"] = attrs.field(
        default="next-page", on_setattr=attrs.setters.frozen
    )
    endless_links: bool = attrs.field(default=False, on_setattr=attrs.setters.frozen)
    relative_links: bool = attrs.field(default=False, on_setattr=attrs.setters.frozen)
    link_host: str | None = attrs.field(default=None, on_setattr=attrs.setters.frozen)
    links_with_limit: bool = attrs.field(default=True, on_setattr=attrs.setters.frozen)
    with_elisions: bool = attrs.field(default=False, on_setattr=attrs.setters.frozen)
    _records: Records[str] = attrs.field(init=False, repr=False)
    _added: int = attrs.field(init=False, default=0, repr=False)
    _changes: int = attrs.field(init=False, default=0, repr=False)
    _latest: str = attrs.field(init=False, default="", repr=False)

    def __attrs_post_init__(self) -> None:
        """Number the payments. Their fields are made when they are requested."""
        size = self._size if self._given is None else 0
        keys = ((index, self._id(index)) for index in range(size))
        self._records = Records(keys, self._generate, _encode)
        for index, row in enumerate(() if self._given is None else check_rows(self._given)):
            self._add(index, row)

    @property
    def payments(self) -> list[dict[str, object]]:
        """The payments as they are now, newest first, with amounts as Decimal."""
        return [*self._records.rows()]

    def payment(self, payment_id: str) -> dict[str, object]:
        """One payment as it is now. Raises KeyError if there is none."""
        return self._records.row(payment_id)

    def add_payment(self, **fields: object) -> str:
        """Add a payment, which is now the newest, and return its id. Missing fields are made up.

        Raises ValueError if the id is taken.
        """
        self._added += 1
        return self._add(-self._added, fields)

    def _add(self, position: int, fields: Mapping[str, object]) -> str:
        payment_id = str(fields.get("id", self._id(position)))
        if payment_id in self._records:
            raise ValueError(
                f"there is a payment {payment_id} already: give each one an id of its own"
            )
        made = self._generate(position, payment_id)
        self._records.put(position, payment_id, self._merge(made, fields))
        return payment_id

    def change_payment(self, payment_id: str, **fields: object) -> None:
        """Change fields of a payment, which keeps its place. Raises KeyError if there is none."""
        position, _ = self._records.key(payment_id)
        self._records.put(position, payment_id, self._merge(self._records.row(payment_id), fields))

    def make_change(self) -> None:
        """Add a payment of today, or, every third time, change the amount of the last one."""
        self._changes += 1
        if self._changes % 3:
            today = datetime.now(UTC).date()
            self._latest = self.add_payment(date=today.strftime("%d-%m-%Y"))
        else:
            self.change_payment(self._latest, amount=Decimal(10 * self._changes))

    def delete_payment(self, payment_id: str) -> None:
        """Delete a payment. The API shows no trace of it. Raises KeyError if there is none."""
        self._records.remove(payment_id)

    def respond(self, request: Request) -> Response:
        """Respond as Notify does."""
        if not self.is_authorised(request):
            return _error(
                HTTPStatus.UNAUTHORIZED,
                "Missing authentication, or failed to authenticate",
                title="Unauthorized Request",
            )
        if request.path != _PATH:
            return _error(HTTPStatus.NOT_FOUND, f"No resource exists at {request.path}")
        if request.method != "GET":
            return _error(
                HTTPStatus.METHOD_NOT_ALLOWED, f"The method {request.method} is not supported"
            )
        start = request.query.get("from", "")
        if start and start not in self._records:
            return _error(HTTPStatus.NOT_FOUND, f"No payment exists with id {start}")
        return self._page(
            request,
            self._records.index(start) if start else 0,
            _limit(request.query.get("limit", "")),
        )

    def _page(self, request: Request, start: int, limit: int) -> Response:
        ids = [payment_id for _, payment_id in self._records.keys[start : start + limit]]
        members = [
            *map(self._records.render, ids),
            *(_encode(elision) for elision in _ELISIONS if self.with_elisions),
        ]
        links = {
            "previous": self._link(request, self._records.keys[max(0, start - limit)][1], limit)
            if start
            else None,
            "next": self._link(request, self._next_from(ids, start + limit), limit),
        }
        count = len(members) + 1 if self.with_elisions else len(members)
        body = b'{"payments":[%b],"count":%d,"links":%b}' % (
            b",".join(members),
            count,
            _encode(links),
        )
        return Response(200, body, {"Content-Type": "application/hal+json"})

    def _next_from(self, ids: list[str], end: int) -> str | None:
        ended = end >= len(self._records.keys)
        if not ids or (ended and (self.links == "next-page" or not self.endless_links)):
            return None
        if self.links == "next-page":
            return self._records.keys[end][1]
        return ids[-1] if self.links == "last-of-page" else ids[0]

    def _link(self, request: Request, start: str | None, limit: int) -> dict[str, str] | None:
        if start is None:
            return None
        origin = "" if self.relative_links else self.link_host or request.origin
        query = {"from": start, **({"limit": limit} if self.links_with_limit else {})}
        return {"href": f"{origin}{_PATH}?{urlencode(query)}", "type": "application/hal+json"}

    def _merge(self, row: Row, fields: Mapping[str, object]) -> Row:
        """The row with these fields, including those within its invoice and its customer.

        Raises ``ConfigurationError`` for a field that no payment has.
        """
        check_fields("A payment of Notify's sandbox", fields, (*_FIELDS, *self.extra_fields))
        merged = {**row, **fields}
        for name, known in _NESTED.items():
            given, made = fields.get(name), row[name]
            if isinstance(given, Mapping) and isinstance(made, Mapping):
                parts = cast("Mapping[str, object]", given)
                check_fields(f"The {name} of Notify's sandbox", parts, (*known, *self.extra_fields))
                merged[name] = {**cast("Mapping[str, object]", made), **parts}
        return merged

    def _id(self, index: int) -> str:
        return _uuid(self.seed, 4 * index)

    def _generate(self, index: int, payment_id: str) -> Row:
        # Two payments to an invoice, three invoices to a customer.
        invoice, customer = index // 2, index // 6
        total = Decimal(10_000 + scatter(self.seed, 4 * invoice + 1) % 1_000_000).scaleb(-2)
        balance = (total / 5).quantize(Decimal("0.01"))
        first = ((total - balance) / 3).quantize(Decimal("0.01"))
        return {
            "resource": "payments",
            "id": payment_id,
            "date": (_NEWEST - timedelta(days=index // 20)).strftime("%d-%m-%Y"),
            "amount": first if index % 2 else total - balance - first,
            "invoice": {
                "id": _uuid(self.seed, 4 * invoice + 1),
                "number": str(10_001 + invoice),
                "invoiceTotal": total,
                "invoiceBalance": balance,
            },
            "customer": {
                "id": _uuid(self.seed, 4 * customer + 2),
                "number": str(10_001 + customer),
                "name": f"Debiteur {customer + 1} B.V.",
            },
        }


def _uuid(seed: int, index: int) -> str:
    digits = f"{scatter(seed, index):016x}{scatter(seed + 1, index):016x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _limit(text: str) -> int:
    return min(int(text), _MAX_LIMIT) if text.isdecimal() and int(text) else _DEFAULT_LIMIT


def _error(status: HTTPStatus, detail: str, *, title: str | None = None) -> Response:
    body = {"status": int(status), "title": title or status.phrase, "detail": detail}
    return Response(status, _encode(body), {"Content-Type": "application/json"})
