"""Campfire's API as documented, on this machine: a list of payments, and invoices to pay.

What no document says follows stock Django REST framework (``paysdk.testing.drf``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs
import msgspec

from paysdk.providers.campfire import sandbox_payments as made_up
from paysdk.providers.campfire.paying.sandbox import (
    NAME_FORMS,
    PAYMENT_TYPES,
    NameForm,
    read_pay_request,
    split_in_two,
)
from paysdk.providers.campfire.sandbox_ledger import Ledger
from paysdk.testing import drf
from paysdk.testing.drf.fields import parse_integer
from paysdk.testing.drf.pages import InvalidCursorError, paginate
from paysdk.testing.exchange import Response
from paysdk.testing.records import Row
from paysdk.testing.server import Sandbox

if TYPE_CHECKING:
    from paysdk.testing.exchange import Request

__all__ = ["CampfireSandbox"]

_LIST_PATH = "/coa/api/v1/invoice-payments"
_INVOICES_PATH = "/coa/api/v1/invoice/"
_INVOICE_PATH = re.compile(r"/coa/api/v1/invoice/(?P<id>\d+)/(?P<pay>pay/)?")
_DEFAULT_LIMIT, _MAX_LIMIT = 100, 10_000
_FIRST_JOURNAL_ENTRY, _FIRST_CREDIT_MEMO = 2_681_173, 4_030

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
class CampfireSandbox(Sandbox):
    """Campfire's list of invoice payments, its invoices, and paying them.

    ``payments`` is how many there are at first; ``seed`` changes their content. ``rows`` replaces
    them with payments of your own: mappings with any of the list's fields. These are served as they
    are, and the missing fields are made up. ``schema="documented"`` serves only the fields in the
    documents' samples. ``"2026"`` also serves those of the provider's later schema, which requires
    more of a pay request too. ``pay_response="ids"`` responds to a payment with ids, as the later
    schema says, instead of the invoice.

    No document says how Campfire treats an order, so you can try each way. ``name_form`` is the
    form in which an external id is kept. ``split`` books each payment as two (the organisation's
    setting "split invoice payments by line"). ``drafts`` accepts orders, and ``book_held`` approves
    them. With ``commits_late`` the response to an order is 504, and ``book_held`` books it.
    ``overpayment="refused"`` refuses an order for more than is due.
    """

    scheme: ClassVar[str] = "Token"

    api_key: str = attrs.field(default="sandbox-key", repr=False, on_setattr=attrs.setters.frozen)
    _size: int = attrs.field(default=1000, alias="payments", on_setattr=attrs.setters.frozen)
    seed: int = attrs.field(default=1, on_setattr=attrs.setters.frozen)
    _given: Sequence[Mapping[str, object]] | None = attrs.field(
        default=None, alias="rows", repr=False, on_setattr=attrs.setters.frozen
    )
    schema: Literal["2026", "documented"] = attrs.field(
        default="2026", on_setattr=attrs.setters.frozen
    )
    pay_response: Literal["invoice", "ids"] = attrs.field(
        default="invoice", on_setattr=attrs.setters.frozen
    )
    name_form: NameForm = attrs.field(default="exact", on_setattr=attrs.setters.frozen)
    split: bool = attrs.field(default=False, on_setattr=attrs.setters.frozen)
    drafts: bool = attrs.field(default=False, on_setattr=attrs.setters.frozen)
    commits_late: bool = attrs.field(default=False, on_setattr=attrs.setters.frozen)
    overpayment: Literal["accepted", "refused"] = attrs.field(
        default="accepted", on_setattr=attrs.setters.frozen
    )
    _held: list[tuple[int, str, Row]] = attrs.field(
        init=False, factory=list[tuple[int, str, Row]], repr=False
    )
    _ledger: Ledger = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Number the payments. Their fields are made when they are requested."""
        hidden = made_up.LATER_FIELDS if self.schema == "documented" else ()
        self._ledger = Ledger(self.seed, self._size, self._given, hidden)

    @property
    def payments(self) -> list[dict[str, object]]:
        """The payments as they are now, in the API's order.

        They have the fields of the later schema. Amounts are Decimal.
        """
        return [*self._ledger.payments.rows()]

    def payment(self, payment_id: int) -> dict[str, object]:
        """One payment as it is now. Raises KeyError if there is none."""
        return self._ledger.payments.row(payment_id)

    @property
    def invoice_ids(self) -> list[int]:
        """The ids of all invoices. 58700 to 58719 are open at first."""
        return self._ledger.invoice_ids

    def invoice(self, invoice_id: int) -> dict[str, object]:
        """One invoice as it is now, with every field of the documents and its payments.

        Raises KeyError if there is none.
        """
        return self._ledger.invoice(invoice_id)

    def add_payment(
        self,
        *,
        invoice_id: int = made_up.OPEN_INVOICES[0],
        amount: Decimal = Decimal("100.00"),
        **fields: object,
    ) -> int:
        """Add a payment, and return its id. It was modified just now unless the fields say when.

        Raises ValueError if the id is taken.
        """
        return self._ledger.add(invoice_id, amount, fields)

    def change_payment(self, payment_id: int, **fields: object) -> None:
        """Change fields of a payment. It was modified just now unless the fields say when.

        Raises KeyError if there is none.
        """
        self._ledger.change(payment_id, fields)

    def void_payment(self, payment_id: int) -> None:
        """Void a payment. Raises KeyError if there is none."""
        self.change_payment(payment_id, voided_date=self._ledger.today)

    def delete_payment(self, payment_id: int) -> None:
        """Delete a payment. The API shows no trace of it. Raises KeyError if there is none."""
        self._ledger.remove(payment_id)

    def book_held(self) -> list[int]:
        """Book the orders that were held back, and return the ids of their payments."""
        held, self._held = self._held, []
        return [payment_id for order in held for payment_id in self._book(*order)]

    def respond(self, request: Request) -> Response:
        """Respond as Campfire does."""
        match = _INVOICE_PATH.fullmatch(request.path)
        if match is None and request.path not in {_LIST_PATH, _INVOICES_PATH}:
            return _respond_elsewhere(request)
        if not self.is_authorised(request):
            reason = (
                "Authentication credentials were not provided."
                if request.key is None
                else "Invalid token."
            )
            return drf.detail_response(401, reason, {"WWW-Authenticate": self.scheme})
        allowed = "POST" if match is not None and match["pay"] else "GET"
        if request.method != allowed:
            return drf.detail_response(
                405, f'Method "{request.method}" not allowed.', {"Allow": f"{allowed}, OPTIONS"}
            )
        if match is None:
            is_payments = request.path == _LIST_PATH
            return self._list(request) if is_payments else self._list_invoices(request)
        invoice_id = int(match["id"])
        if not self._ledger.has_invoice(invoice_id):
            return drf.detail_response(404, "Not found.")
        return (
            self._pay(invoice_id, request)
            if match["pay"]
            else self._invoice_response(invoice_id, "retrieve_invoice")
        )

    def _list(self, request: Request) -> Response:
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

    def _list_invoices(self, request: Request) -> Response:
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
        page = paginate(
            [(place, place) for place in range(len(matching))],
            request.url,
            request.query,
            default=_DEFAULT_LIMIT,
            largest=_MAX_LIMIT,
        )
        results = [
            {name: value for name, value in matching[place].items() if name not in _NOT_LISTED}
            for place, _ in page.keys
        ]
        return drf.json_response(
            200,
            {
                "count": len(matching),
                "next": page.next,
                "previous": page.previous,
                "results": results,
            },
        )

    def _invoice_response(self, invoice_id: int, document: str) -> Response:
        invoice = self.invoice(invoice_id)
        return drf.json_response(
            200,
            made_up.keep_sample_fields(invoice, made_up.read_sample(document))
            if self.schema == "documented"
            else invoice,
        )

    def _pay(self, invoice_id: int, request: Request) -> Response:
        read = read_pay_request(request, requires_all=self.schema == "2026")
        return read if isinstance(read, Response) else self._accept(invoice_id, read)

    def _accept(self, invoice_id: int, payables: list[tuple[str, Row]]) -> Response:
        due = self._ledger.amount_due(invoice_id)
        if (
            self.overpayment == "refused"
            and sum((values["amount"] for _, values in payables), Decimal(0)) > due
        ):
            return drf.json_response(
                400, {"non_field_errors": ["The payment is more than the amount due."]}
            )
        if self.drafts or self.commits_late:
            self._held += [(invoice_id, name, values) for name, values in payables]
            payables = []
        if self.commits_late:
            return drf.detail_response(504, "Gateway Timeout")
        ids = [
            payment_id
            for name, values in payables
            for payment_id in self._book(invoice_id, name, values)
        ]
        return (
            self._ids_response(invoice_id, ids)
            if self.pay_response == "ids"
            else self._invoice_response(invoice_id, "mark_invoice_paid")
        )

    def _book(self, invoice_id: int, name: str, values: Row) -> list[int]:
        amounts = split_in_two(values["amount"]) if self.split else (values["amount"],)
        return [
            self._book_one(invoice_id, name, {**values, "amount": amount}) for amount in amounts
        ]

    def _book_one(self, invoice_id: int, name: str, values: Row) -> int:
        paid_on = values.get("payment_date") or values.get("posted_at") or self._ledger.today
        external_id = values.get("external_id")
        payment_id = self.add_payment(
            invoice_id=invoice_id,
            amount=values["amount"],
            payment_type=PAYMENT_TYPES.get(name),
            external_id=external_id and NAME_FORMS[self.name_form](external_id),
            payment_date=paid_on,
        )
        memo = values.get("credit_memo_number") or values.get("credit_memo_id")
        self._ledger.booked[payment_id] = {
            "payment_journal_entry": _FIRST_JOURNAL_ENTRY + len(self._ledger.booked) + 1,
            "payment_transaction": values.get("transaction_id"),
            "credit_memo": None if memo is None else str(memo),
        }
        return payment_id

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


def _respond_elsewhere(request: Request) -> Response:
    # Django redirects a GET to the path with the right slash, and loses the body of a POST to the
    # wrong one.
    path = request.path.rstrip("/") if request.path.endswith("/") else request.path + "/"
    if request.method == "GET" and (
        path in {_LIST_PATH, _INVOICES_PATH} or _INVOICE_PATH.fullmatch(path)
    ):
        return drf.permanent_redirect(request.target.replace(request.path, path, 1))
    return drf.not_found_page(request.path)
