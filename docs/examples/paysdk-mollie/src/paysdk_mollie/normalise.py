"""What each field of a ``Payment`` is at Mollie: a class with a line for each field."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from msgspec import Meta, field

from paysdk.authoring import CustomerRef, InvoiceRef, PaymentRecord
from paysdk_mollie.schema import Moment, Money


class MollieRecord(PaymentRecord, kw_only=True, rename="camel"):
    """What Mollie calls a payment. An undocumented status is refused: it may mean money."""

    provider = "mollie"
    id: Annotated[str, Meta(min_length=1)]
    # The full amount. If only a part was captured or refunded, `raw` has it.
    money: Money = field(name="amount")
    amount = property(lambda self: self.money.value)
    currency = property(lambda self: self.money.currency)
    # The day in UTC.
    paid_at: Moment | None = None
    payment_date = property(lambda self: self.paid_at and self.paid_at.date())
    # The number is in the metadata, under a name that is the provider's setting.
    metadata: Any = None
    invoice_key: str = field(default="", name="<invoice_key>")
    invoice = property(lambda self: _invoice(self.metadata, self.invoice_key))
    # Mollie sends no name.
    customer_id: str | None = None
    customer = property(lambda self: CustomerRef(id=self.customer_id) if self.customer_id else None)
    external_id = None  # not sent
    source: str | None = field(default=None, name="method")
    voided_date = None  # not sent
    voided = False  # Mollie does not void payments.
    created_at: Moment
    modified_at = None  # not sent

    # With any other status than "paid", the money has not come yet, or never will.
    status: Literal["open", "pending", "authorized", "paid", "canceled", "expired", "failed"]

    @property
    def is_payment(self) -> bool:
        return self.status == "paid"


def _invoice(metadata: object, key: str) -> InvoiceRef:
    named = cast("dict[str, object]", metadata) if isinstance(metadata, dict) else {}
    number = named.get(key)
    if not isinstance(number, str | int) or isinstance(number, bool):
        return InvoiceRef(id="")  # Mollie was told of none
    return InvoiceRef(id=str(number), number=str(number))
