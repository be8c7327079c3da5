"""What Mollie's fields mean: the tests that no contract can know."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from paysdk import MalformedResponseError
from paysdk.testing import ContractSubject, MeaningContract
from paysdk_mollie.provider import MollieProvider
from paysdk_mollie.sandbox import MollieSandbox


class TestMollieMeans(MeaningContract):
    """A payment at Mollie is money that came in, in major units."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        return ContractSubject(provider=MollieProvider, sandbox=MollieSandbox(payments=payments))

    def test_reads_minor_units(self) -> None:
        """Mollie sends major units as a text, with the digits of the currency."""
        for currency, value in (("JPY", "1000"), ("KWD", "12.345"), ("EUR", "10.00")):
            (payment,) = self.read({"amount.value": value, "amount.currency": currency})
            assert value == str(payment.amount)

    def test_takes_the_currency_of_the_payment(self) -> None:
        """The currency is that of ``amount``, and not of the settlement."""
        settled = {"value": "9.10", "currency": "EUR"}
        paid = {"value": "10.00", "currency": "USD"}
        (payment,) = self.read({"amount": paid, "settlementAmount": settled})
        assert (Decimal("10.00"), "USD") == (payment.amount, payment.currency)

    def test_takes_the_ids_of_the_record(self) -> None:
        """Neither the order nor the settlement is the invoice."""
        changes = {
            "id": "tr_1",
            "orderId": "ord_2",
            "settlementId": "stl_3",
            "customerId": "cst_4",
            "metadata": {"invoice_number": "INV-5"},
        }
        (payment,) = self.read(changes)
        ids = (payment.id, payment.invoice.id, payment.invoice.number, payment.external_id)
        assert ("tr_1", "INV-5", "INV-5", None) == ids
        assert payment.customer is not None
        assert "cst_4" == payment.customer.id

    def test_reads_times_in_their_zone(self) -> None:
        """Times have an offset. The day is that of UTC."""
        (payment,) = self.read(
            {"createdAt": "2026-03-20T23:59:00+01:00", "paidAt": "2026-03-21T00:30:00+01:00"}
        )
        assert date(2026, 3, 20) == payment.payment_date
        assert datetime(2026, 3, 20, 22, 59, tzinfo=UTC) == payment.created_at
        assert payment.modified_at is None

    def test_lists_only_money_that_moved(self) -> None:
        """Only ``paid`` is a payment. A refunded payment stays one, and an unknown status stops."""
        for status in ("open", "pending", "authorized", "canceled", "expired", "failed"):
            assert [] == self.read({"status": status})
        refunded = {"value": "10.00", "currency": "EUR"}
        (payment,) = self.read({"status": "paid", "amountRefunded": refunded})
        assert not payment.voided
        with pytest.raises(MalformedResponseError, match="status"):
            self.read({"status": "settled"})
