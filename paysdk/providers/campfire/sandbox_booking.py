"""How Campfire's sandbox treats orders, voids and previews.

No document says most of it, so each choice is a switch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import attrs

from paysdk.arguments import check_day
from paysdk.errors import ConfigurationError
from paysdk.providers.campfire import sandbox_payments as made_up
from paysdk.providers.campfire.paying.sandbox import (
    NAME_FORMS,
    PAYMENT_TYPES,
    NameForm,
    find_closed,
    find_without_department,
    split_in_two,
)
from paysdk.providers.campfire.sandbox_ledger import Ledger
from paysdk.testing import drf
from paysdk.testing.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk.testing.exchange import Response
    from paysdk.testing.records import Row

__all__ = ["BookingSandbox", "Order"]

# The items of an order, each with the name of its list.
Order = list[tuple[str, "Row"]]
Verdict = Literal["accepted", "refused"]

_FIRST_JOURNAL_ENTRY, _FIRST_VOID_ENTRY = 2_681_173, 2_781_173
_NOTHING = Decimal("0.00")
_BY_AGENT = {"payment_type": "BANK_TRANSACTION", "source": "MANUAL"}
_SECOND_OF_ITS_NUMBER = made_up.OPEN_INVOICES[1]


def _check_choice(
    kind: Any,  # noqa: ANN401  # a Literal, or bool
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    choices = get_args(kind) or (True, False)

    def check(_: object, field: attrs.Attribute[Any], value: object) -> None:
        if not any(value is choice or (value == choice and kind is not bool) for choice in choices):
            listed = ", ".join(map(repr, choices))
            raise ConfigurationError(f"{field.alias} must be one of {listed}, not {value!r}.")

    return check


def _check_day(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None:
        check_day(str(field.alias), value)


@attrs.define(kw_only=True, eq=False)
class BookingSandbox(Sandbox):
    """The payments and invoices, and what orders, voids and previews do with them."""

    _size: int = attrs.field(default=1000, alias="payments", on_setattr=attrs.setters.frozen)
    seed: int = attrs.field(default=1, on_setattr=attrs.setters.frozen)
    _given: Sequence[Mapping[str, object]] | None = attrs.field(
        default=None, alias="rows", repr=False, on_setattr=attrs.setters.frozen
    )
    extra_fields: Collection[str] = attrs.field(default=(), on_setattr=attrs.setters.frozen)
    schema: Literal["2026", "documented"] = attrs.field(
        default="2026",
        validator=_check_choice(Literal["2026", "documented"]),
        on_setattr=attrs.setters.frozen,
    )
    pay_response: Literal["invoice", "ids"] = attrs.field(
        default="invoice",
        validator=_check_choice(Literal["invoice", "ids"]),
        on_setattr=attrs.setters.frozen,
    )
    name_form: NameForm = attrs.field(
        default="exact", validator=_check_choice(NameForm), on_setattr=attrs.setters.frozen
    )
    split: bool = attrs.field(
        default=False, validator=_check_choice(bool), on_setattr=attrs.setters.frozen
    )
    drafts: bool = attrs.field(
        default=False, validator=_check_choice(bool), on_setattr=attrs.setters.frozen
    )
    commits_late: bool = attrs.field(
        default=False, validator=_check_choice(bool), on_setattr=attrs.setters.frozen
    )
    overpayment: Verdict = attrs.field(
        default="accepted", validator=_check_choice(Verdict), on_setattr=attrs.setters.frozen
    )
    agent: bool = attrs.field(
        default=False, validator=_check_choice(bool), on_setattr=attrs.setters.frozen
    )
    closed_until: date | None = attrs.field(
        default=None, validator=_check_day, on_setattr=attrs.setters.frozen
    )
    department_required: bool = attrs.field(
        default=False, validator=_check_choice(bool), on_setattr=attrs.setters.frozen
    )
    shared_number: bool = attrs.field(
        default=False, validator=_check_choice(bool), on_setattr=attrs.setters.frozen
    )
    term_discount: Decimal = attrs.field(default=_NOTHING, on_setattr=attrs.setters.frozen)
    voids: Verdict = attrs.field(
        default="accepted", validator=_check_choice(Verdict), on_setattr=attrs.setters.frozen
    )
    second_void: Verdict = attrs.field(
        default="refused", validator=_check_choice(Verdict), on_setattr=attrs.setters.frozen
    )
    reversals: list[int] = attrs.field(init=False, factory=list[int], repr=False)
    _held: list[Callable[[], list[int]]] = attrs.field(
        init=False, factory=list["Callable[[], list[int]]"], repr=False
    )
    _ledger: Ledger = attrs.field(init=False, repr=False)
    _changes: int = attrs.field(init=False, default=0, repr=False)
    _latest: int = attrs.field(init=False, default=0, repr=False)

    def __attrs_post_init__(self) -> None:
        """Number the payments. Their fields are made when they are requested."""
        hidden = made_up.LATER_FIELDS if self.schema == "documented" else ()
        self._ledger = Ledger(self.seed, self._size, self._given, hidden, self.extra_fields)

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
        return {**self._ledger.invoice(invoice_id), **self._number_of(invoice_id)}

    def _number_of(self, invoice_id: int) -> dict[str, object]:
        if not self.shared_number or invoice_id != _SECOND_OF_ITS_NUMBER:
            return {}
        return {"invoice_number": made_up.make_invoice_number(made_up.OPEN_INVOICES[0])}

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
        return self._ledger.add(invoice_id, amount, {**self._number_of(invoice_id), **fields})

    def change_payment(self, payment_id: int, **fields: object) -> None:
        """Change fields of a payment. It was modified just now unless the fields say when.

        Raises KeyError if there is none.
        """
        self._ledger.change(payment_id, fields)

    def void_payment(self, payment_id: int) -> None:
        """Void a payment. Raises KeyError if there is none."""
        self.change_payment(payment_id, voided_date=self._ledger.today)

    def make_change(self) -> None:
        """Add a payment, or, every third time, void the last one. It was modified just now."""
        self._changes += 1
        now = made_up.format_moment(time.time_ns() // 1000)
        if self._changes % 3:
            self._latest = self.add_payment(
                amount=made_up.from_cents(1000 * self._changes),
                payment_date=now[:10],
                created_at=now,
                last_modified_at=now,
            )
        else:
            self.change_payment(self._latest, voided_date=now[:10], last_modified_at=now)

    def delete_payment(self, payment_id: int) -> None:
        """Delete a payment. The API shows no trace of it. Raises KeyError if there is none."""
        self._ledger.remove(payment_id)

    def book_held(self) -> list[int]:
        """Carry out the orders and voids that were held back.

        Returns the ids of the payments that were booked or voided.
        """
        held, self._held = self._held, []
        return [payment_id for carry_out in held for payment_id in carry_out()]

    def _accept(self, invoice_id: int, order: Order) -> Response | list[int]:
        """Book an order. Returns the new ids, or the response that refuses it."""
        if self.agent:
            self._book_as_agent(invoice_id, order)
        if refusal := self._refuse(invoice_id, order):
            return drf.json_response(400, refusal)
        book = partial(self._book, invoice_id, order)
        return self._hold(book) or ([] if self.drafts else book())

    def _hold(self, carry_out: Callable[[], list[int]]) -> Response | None:
        """Keep an order or a void for later, if a switch says so."""
        if self.drafts or self.commits_late:
            self._held.append(carry_out)
        return drf.detail_response(504, "Gateway Timeout") if self.commits_late else None

    def _book_as_agent(self, invoice_id: int, order: Order) -> None:
        amount = min(_add_up(order), self._ledger.amount_due(invoice_id))
        if amount > 0:
            self.add_payment(invoice_id=invoice_id, amount=amount, **_BY_AGENT)

    def _refuse(self, invoice_id: int, order: Order) -> object:
        """The messages about an order that a switch refuses, or ``None``."""
        if self.overpayment == "refused" and _add_up(order) > self._ledger.amount_due(invoice_id):
            return {"non_field_errors": ["The payment is more than the amount due."]}
        if self.closed_until is not None and find_closed(order, self.closed_until.isoformat()):
            return {"non_field_errors": ["The accounting period is closed."]}
        if self.department_required and find_without_department(order):
            return {"non_field_errors": ["A department is required."]}
        return None

    def _book(self, invoice_id: int, order: Order) -> list[int]:
        return [
            self._book_one(invoice_id, name, {**values, "amount": amount})
            for name, values in order
            for amount in (split_in_two(values["amount"]) if self.split else (values["amount"],))
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

    def _void(self, payment_id: int, void_date: str | None) -> Response | None:
        """Void a payment. Returns the response that refuses it or hides what happened, if any."""
        day = void_date or self._ledger.today
        if self.voids == "refused":
            return drf.detail_response(403, "You do not have permission to perform this action.")
        if self.payment(payment_id)["voided_date"] is not None and self.second_void == "refused":
            return _refuse_void("This payment has already been voided.")
        if self.closed_until is not None and day <= self.closed_until.isoformat():
            return _refuse_void("The accounting period is closed.")
        carry_out = partial(self._reverse, payment_id, day)
        held = self._hold(carry_out)
        if held is None and not self.drafts:
            carry_out()
        return held

    def _reverse(self, payment_id: int, day: str) -> list[int]:
        self.reversals.append(payment_id)
        self.change_payment(payment_id, voided_date=day)
        shown = self._ledger.booked.setdefault(payment_id, {})
        shown["voided_journal_entry"] = _FIRST_VOID_ENTRY + len(self.reversals)
        return [payment_id]

    def _preview(self, invoice_id: int, order: Order) -> Row:
        """The response of Calculate Invoice Payment to an order."""
        invoice: Any = self.invoice(invoice_id)
        live = [row for row in invoice["payments"] if row["voided_date"] is None]
        credited = sum(
            (row["amount"] for row in live if row["payment_type"] == "CREDIT_MEMO"), _NOTHING
        ) + _add_up(item for item in order if item[0] == "credit_memos")
        payments = sum(
            (row["amount"] for row in live if row["payment_type"] != "CREDIT_MEMO"), _NOTHING
        ) + _add_up(item for item in order if item[0] != "credit_memos")
        withheld = sum(
            (values.get("withholding_amount") or _NOTHING for _, values in order), _NOTHING
        )
        remaining = invoice["total_amount"] - payments - credited - withheld
        # The discount is all or nothing: only a payment that closes the invoice gets it.
        discount = max(remaining, _NOTHING) if remaining <= self.term_discount else _NOTHING
        return {
            "total_due": invoice["total_amount"],
            "applied_payments": payments,
            "applied_credits": credited,
            "applied_withholding": withheld,
            "term_discounts": discount,
            "remaining_due": remaining - discount,
        }


def _add_up(order: Iterable[tuple[str, Row]]) -> Decimal:
    return sum((values["amount"] for _, values in order), _NOTHING)


def _refuse_void(message: str) -> Response:
    return drf.json_response(400, {"non_field_errors": [message]})
