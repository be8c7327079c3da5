"""Campfire's API as documented, on this machine: a list of payments, and invoices to pay.

What no document says follows stock Django REST framework (``paysdk.testing.drf``).
"""

from __future__ import annotations

import re
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar

import attrs
import msgspec

from paysdk.providers.campfire import sandbox_payments as made_up
from paysdk.providers.campfire.accounts.sandbox import make_accounts, make_settings
from paysdk.providers.campfire.paying.sandbox import (
    read_pay_request,
    read_preview_request,
    read_void_request,
)
from paysdk.providers.campfire.sandbox_booking import BookingSandbox
from paysdk.testing import drf
from paysdk.testing.drf.fields import parse_integer
from paysdk.testing.drf.pages import InvalidCursorError, paginate
from paysdk.testing.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paysdk.testing.exchange import Request
    from paysdk.testing.records import Row

__all__ = ["CampfireSandbox"]

_DEFAULT_LIMIT, _MAX_LIMIT = 100, 10_000
_FIRST_CREDIT_MEMO = 4_030
_INVOICE = "/coa/api/v1/invoice/"
# The path of each endpoint, the method that responds, and the HTTP methods that are allowed.
_ROUTES = tuple(
    (re.compile(path), name, methods)
    for path, name, methods in (
        ("/coa/api/v1/invoice-payments", "list_payments", ("GET",)),
        (_INVOICE, "list_invoices", ("GET",)),
        (f"{_INVOICE}(?P<invoice>[0-9]+)/", "invoice", ("GET",)),
        (f"{_INVOICE}(?P<invoice>[0-9]+)/pay/", "pay", ("POST",)),
        (f"{_INVOICE}(?P<invoice>[0-9]+)/calculate-payment", "preview", ("POST",)),
        (
            f"{_INVOICE}(?P<invoice>[0-9]+)/payment/(?P<payment>[0-9]+)/void/",
            "void",
            ("POST", "DELETE"),
        ),
        ("/coa/api/account", "list_accounts", ("GET",)),
        ("/coa/api/chart-account-settings", "settings", ("GET",)),
    )
)

# The filters of the listing, and the functions that parse their values. An empty filter is ignored
# (provider's schema, about external_id).
_FILTERS: Mapping[str, Callable[[str], object]] = {
    "last_modified_at__gte": drf.parse_moment,
    "last_modified_at__lte": partial(drf.parse_moment, ends_day=True),
    "voided": drf.parse_boolean,
    "invoice_id": parse_integer,
    "external_id": str,
}

_INVOICE_FILTERS: Mapping[str, Callable[[str], object]] = {
    "invoice_number": str,
    "status": str,
    "client": parse_integer,
    "entity": parse_integer,
    "currency": str,
}
# Fields of an invoice that the list leaves out.
_NOT_LISTED = {"payments", "payment_journal_entries", "attachments"}


@attrs.define(kw_only=True, eq=False)
class CampfireSandbox(BookingSandbox):
    """Campfire's payments, invoices and accounts, and paying, previews and voids.

    ``payments`` is how many there are at first; ``seed`` changes their content and their ids. The
    open invoices have the same ids with each seed. ``rows`` replaces the payments with your own:
    mappings with any of the list's fields. These are served as they are, and the missing fields are
    made up. With ``client`` and ``client_name``, a row names the customer of its invoice, which the
    list of payments does not show. An unknown field is refused with a list, unless ``extra_fields``
    names it. ``schema="documented"`` serves only the fields in the documents' samples. ``"2026"``
    also serves those of the provider's later schema, which requires more of a pay request too.
    ``pay_response="ids"`` responds to a payment with ids, as the later schema says, instead of the
    invoice.

    No document says how Campfire treats an order, so you can try each way. ``name_form`` is the
    form in which an external id is kept. ``split`` books each payment as two (the organisation's
    setting "split invoice payments by line"). ``drafts`` accepts orders and voids, and
    ``book_held`` approves them. With ``commits_late`` the response to an order or a void is 504,
    and ``book_held`` carries it out. ``overpayment="refused"`` refuses an order for more than is
    due. With ``agent``, Campfire's own agent books what an order pays just before the order.
    Orders and voids of a day up to ``closed_until`` are refused. ``department_required`` refuses a
    manual payment without ``department_id``. With ``shared_number``, invoices 58700 and 58701 have
    one number. ``term_discount`` is what a payment that closes an invoice need not pay.
    ``voids="refused"`` refuses every void. ``second_void="accepted"`` reverses a voided payment
    again. ``reversals`` are the ids of the payments that were voided by a request, in order.
    """

    scheme: ClassVar[str] = "Token"

    api_key: str = attrs.field(default="sandbox-key", repr=False, on_setattr=attrs.setters.frozen)

    def respond(self, request: Request) -> Response:
        """Respond as Campfire does."""
        route = _find_route(request.path)
        if route is None:
            return _respond_elsewhere(request)
        if not self.is_authorised(request):
            reason = (
                "Authentication credentials were not provided."
                if request.key is None
                else "Invalid token."
            )
            return drf.detail_response(401, reason, {"WWW-Authenticate": self.scheme})
        if request.method not in route.methods:
            return drf.detail_response(
                405,
                f'Method "{request.method}" not allowed.',
                {"Allow": ", ".join((*route.methods, "OPTIONS"))},
            )
        if route.invoice_id and not self._ledger.has_invoice(route.invoice_id):
            return drf.detail_response(404, "Not found.")
        return self._responders[route.name](request, route)

    @property
    def _responders(self) -> Mapping[str, Callable[[Request, _Route], Response]]:
        return {
            "list_payments": self._list,
            "list_invoices": self._list_invoices,
            "invoice": self._retrieve_invoice,
            "pay": self._pay,
            "preview": self._respond_to_preview,
            "void": self._respond_to_void,
            "list_accounts": self._list_accounts,
            "settings": self._retrieve_settings,
        }

    def _list(self, request: Request, _: _Route) -> Response:
        filters, errors = drf.parse_parameters(request.query, _FILTERS)
        if errors:
            return drf.json_response(400, errors)
        matching = self._ledger.select(filters)
        try:
            page = paginate(
                matching, request.url, request.query, default=_DEFAULT_LIMIT, largest=_MAX_LIMIT
            )
        except InvalidCursorError:
            return drf.detail_response(404, "Invalid cursor")
        uncounted = request.query.get("skip_count", "").lower() == "true"
        count = page.start + len(page.keys) + page.has_more if uncounted else len(matching)
        results = [
            msgspec.Raw(self._ledger.payments.render(payment_id)) for _, payment_id in page.keys
        ]
        return drf.json_response(
            200, {"count": count, "next": page.next, "previous": page.previous, "results": results}
        )

    def _list_invoices(self, request: Request, _: _Route) -> Response:
        filters, errors = drf.parse_parameters(request.query, _INVOICE_FILTERS)
        if errors:
            return drf.json_response(400, errors)
        invoices = [self.invoice(invoice_id) for invoice_id in self._ledger.invoice_ids]
        matching = [
            invoice
            for invoice in invoices
            if all(invoice[name] == value for name, value in filters.items())
        ]
        order = request.query.get("sort", "-invoice_date")
        matching.sort(key=itemgetter(order.removeprefix("-")), reverse=order.startswith("-"))
        return _page_response(
            request,
            [
                {name: value for name, value in invoice.items() if name not in _NOT_LISTED}
                for invoice in matching
            ],
        )

    def _retrieve_invoice(self, _: Request, route: _Route) -> Response:
        return self._invoice_response(route.invoice_id, "retrieve_invoice")

    def _invoice_response(self, invoice_id: int, document: str) -> Response:
        return drf.json_response(200, self._show(self.invoice(invoice_id), document))

    def _show(self, invoice: Row, document: str) -> Row:
        if self.schema != "documented":
            return invoice
        kept: Row = made_up.keep_sample_fields(invoice, made_up.read_sample(document))
        return kept

    def _list_accounts(self, request: Request, _: _Route) -> Response:
        return _page_response(request, make_accounts())

    def _retrieve_settings(self, _: Request, __: _Route) -> Response:
        return drf.json_response(200, make_settings(split=self.split))

    def _pay(self, request: Request, route: _Route) -> Response:
        read = read_pay_request(request, requires_all=self.schema == "2026")
        booked = read if isinstance(read, Response) else self._accept(route.invoice_id, read)
        if isinstance(booked, Response):
            return booked
        return (
            self._ids_response(route.invoice_id, booked)
            if self.pay_response == "ids"
            else self._invoice_response(route.invoice_id, "mark_invoice_paid")
        )

    def _respond_to_preview(self, request: Request, route: _Route) -> Response:
        read = read_preview_request(request)
        if isinstance(read, Response):
            return read
        preview = self._preview(route.invoice_id, read)
        if self.schema == "documented":
            # The documents' sample lacks it.
            del preview["applied_withholding"]
        return drf.json_response(200, preview)

    def _respond_to_void(self, request: Request, route: _Route) -> Response:
        if route.payment_id not in [
            payment["id"] for payment in self._find_payments(route.invoice_id)
        ]:
            return drf.detail_response(404, "Not found.")
        if request.method == "DELETE":
            self.delete_payment(route.payment_id)
            return Response(204, b"", {})
        read = read_void_request(request)
        refused = read if isinstance(read, Response) else self._void(route.payment_id, read)
        if refused is not None:
            return refused
        return drf.json_response(
            200,
            next(
                payment
                for payment in self._find_payments(route.invoice_id)
                if payment["id"] == route.payment_id
            ),
        )

    def _find_payments(self, invoice_id: int) -> list[Row]:
        payments: list[Row] = self._show(self.invoice(invoice_id), "mark_invoice_paid")["payments"]
        return payments

    def _ids_response(self, invoice_id: int, ids: list[int]) -> Response:
        entries = [self._ledger.booked[payment_id]["payment_journal_entry"] for payment_id in ids]
        body: dict[str, object] = {"journal_entry_ids": entries, "payment_ids": ids}
        if ids and self._ledger.amount_due(invoice_id) < 0:
            # Only after an overpayment (provider's schema).
            memo_id = _FIRST_CREDIT_MEMO + len(self._ledger.booked)
            body["auto_created_credit_memos"] = [
                {"id": memo_id, "credit_memo_number": f"CM-{memo_id:07d}"}
            ]
        return drf.json_response(200, body)


@attrs.frozen
class _Route:
    """An endpoint, and the ids in its path. Only an endpoint of one invoice has ids."""

    name: str
    methods: tuple[str, ...]
    invoice_id: int = 0
    payment_id: int = 0


def _find_route(path: str) -> _Route | None:
    for pattern, name, methods in _ROUTES:
        if (match := pattern.fullmatch(path)) is not None:
            ids = match.groupdict(default="0")
            return _Route(name, methods, int(ids.get("invoice", 0)), int(ids.get("payment", 0)))
    return None


def _page_response(request: Request, rows: list[Row]) -> Response:
    """A page of *rows*, by offset."""
    places = [(place, place) for place in range(len(rows))]
    page = paginate(places, request.url, request.query, default=_DEFAULT_LIMIT, largest=_MAX_LIMIT)
    results = [rows[place] for place, _ in page.keys]
    return drf.json_response(
        200,
        {"count": len(rows), "next": page.next, "previous": page.previous, "results": results},
    )


def _respond_elsewhere(request: Request) -> Response:
    # Django redirects a GET to the path with the right slash, and loses the body of a POST to the
    # wrong one.
    path = request.path.rstrip("/") if request.path.endswith("/") else request.path + "/"
    if request.method == "GET" and _find_route(path) is not None:
        return drf.permanent_redirect(request.target.replace(request.path, path, 1))
    return drf.not_found_page(request.path)
