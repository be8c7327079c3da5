"""What Xero's fields mean: the tests that no contract can know."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from paysdk import MalformedResponseError
from paysdk.testing import ContractSubject, MeaningContract
from paysdk_xero.provider import XeroProvider
from paysdk_xero.sandbox import XeroSandbox


class TestXeroMeans(MeaningContract):
    """A payment pays a sales invoice, in the currency of the invoice."""

    def subject(self, payments: int) -> ContractSubject:
        """Return a provider with this number of payments."""
        return ContractSubject(provider=XeroProvider, sandbox=XeroSandbox(payments=payments))

    def test_reads_minor_units(self) -> None:
        """Amounts are numbers in major units, in every currency."""
        for currency, amount in (("JPY", "1000"), ("KWD", "12.345"), ("NZD", "46.00")):
            changes = {"Amount": Decimal(amount), "Invoice.CurrencyCode": currency}
            (payment,) = self.read(changes)
            assert (amount, currency) == (str(payment.amount), payment.currency)

    def test_takes_the_currency_of_the_payment(self) -> None:
        """``Amount`` is in the currency of the invoice, ``BankAmount`` in that of the account."""
        changes = {"Amount": 46, "BankAmount": 32, "CurrencyRate": 1, "Invoice.CurrencyCode": "NZD"}
        (payment,) = self.read(changes)
        assert (Decimal(46), "NZD") == (payment.amount, payment.currency)

    def test_takes_the_ids_of_the_record(self) -> None:
        """Each id is that of its own object."""
        changes = {
            "PaymentID": "p-1",
            "Reference": "r-2",
            "Account.AccountID": "a-3",
            "Invoice.InvoiceID": "i-4",
            "Invoice.InvoiceNumber": "INV-5",
            "Invoice.Contact.ContactID": "c-6",
        }
        (payment,) = self.read(changes)
        invoice = payment.invoice
        assert ("p-1", "i-4", "INV-5", None) == (
            payment.id,
            invoice.id,
            invoice.number,
            payment.external_id,
        )
        assert payment.customer is not None
        assert "c-6" == payment.customer.id

    def test_reads_times_in_their_zone(self) -> None:
        """``Date`` is midnight of the day, and times are milliseconds in UTC."""
        moments = {
            "Date": "/Date(1543449600000+0000)/",
            "UpdatedDateUTC": "/Date(1543535999690+0000)/",
        }
        (payment,) = self.read(moments)
        assert date(2018, 11, 29) == payment.payment_date
        assert datetime(2018, 11, 29, 23, 59, 59, 690_000, UTC) == payment.modified_at
        assert payment.created_at is None

    def test_lists_only_money_that_moved(self) -> None:
        """``DELETED`` is void, other types are left out, and what is not documented stops."""
        for status, voided in (("AUTHORISED", False), ("DELETED", True)):
            (payment,) = self.read({"Status": status})
            assert voided is payment.voided
        for other in (
            "ACCPAYPAYMENT",
            "ARCREDITPAYMENT",
            "APCREDITPAYMENT",
            "AROVERPAYMENTPAYMENT",
            "APOVERPAYMENTPAYMENT",
            "ARPREPAYMENTPAYMENT",
            "APPREPAYMENTPAYMENT",
        ):
            assert [] == self.read({"PaymentType": other})
        for field in ("Status", "PaymentType"):
            with pytest.raises(MalformedResponseError, match=field):
                self.read({field: "OTHER"})
