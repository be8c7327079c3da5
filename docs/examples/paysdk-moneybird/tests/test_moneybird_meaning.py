"""What Moneybird's fields mean: the tests that no contract can know."""

from __future__ import annotations

from datetime import UTC, date, datetime

from paysdk.testing import ContractSubject, MeaningContract
from paysdk_moneybird.provider import MoneybirdProvider
from paysdk_moneybird.sandbox import MoneybirdSandbox


class TestMoneybirdMeans(MeaningContract):
    """A payment is part of a sales invoice, in the currency of the invoice."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        sandbox = MoneybirdSandbox(payments=payments)
        return ContractSubject(provider=MoneybirdProvider, sandbox=sandbox)

    def test_reads_minor_units(self) -> None:
        """Amounts are texts in major units, in every currency."""
        for currency, price in (("JPY", "1000.0"), ("KWD", "12.345"), ("EUR", "363.0")):
            (payment,) = self.read({"currency": currency, "payments.0.price": price})
            assert price == str(payment.amount)

    def test_takes_the_currency_of_the_payment(self) -> None:
        """``price`` is in the currency of the invoice, ``price_base`` in another."""
        changes = {"payments.0.price": "300.0", "payments.0.price_base": "276.31"}
        (payment,) = self.read({"currency": "USD", **changes})
        assert ("300.0", "USD") == (str(payment.amount), payment.currency)

    def test_takes_the_ids_of_the_record(self) -> None:
        """An invoice's ``invoice_id`` is its number, and a payment's is the id of the invoice."""
        changes = {
            "id": "1",
            "invoice_id": "2026-2",
            "contact.id": "3",
            "contact.customer_id": "K4",
            "payments.0.id": "5",
            "payments.0.invoice_id": "1",
            "payments.0.transaction_identifier": "psp-6",
            "payments.0.financial_mutation_id": "7",
        }
        (payment,) = self.read(changes)
        assert ("5", "1", "2026-2") == (payment.id, payment.invoice.id, payment.invoice.number)
        assert payment.customer is not None
        assert ("3", "K4") == (payment.customer.id, payment.customer.number)
        assert "psp-6" == payment.external_id

    def test_reads_times_in_their_zone(self) -> None:
        """Times have an offset, and a payment's day is sent as a day."""
        changes = {
            "updated_at": "2026-03-31T00:50:06.772+02:00",
            "payments.0.payment_date": "2026-03-30",
            "payments.0.created_at": "2026-03-30T23:59:06.757Z",
        }
        (payment,) = self.read(changes)
        assert date(2026, 3, 30) == payment.payment_date
        assert datetime(2026, 3, 30, 23, 59, 6, 757_000, UTC) == payment.created_at
        assert datetime(2026, 3, 30, 22, 50, 6, 772_000, UTC) == payment.modified_at

    def test_lists_only_money_that_moved(self) -> None:
        """What counts is the list of payments, whatever the state of the invoice."""
        states = ("open", "scheduled", "pending_payment", "late", "reminded", "paid")
        for state in (*states, "uncollectible"):
            (payment,) = self.read({"state": state})
            assert not payment.voided
        assert [] == self.read({"state": "draft", "payments": []})
        (refund,) = self.read({"payments.0.price": "-12.5"})
        assert "-12.5" == str(refund.amount)
