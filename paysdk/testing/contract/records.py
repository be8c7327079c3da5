"""Cases about payments."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import attrs

from paysdk.errors import MalformedResponseError
from paysdk.exact import decode_exactly
from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.testing.contract.amounts import Amounts
from paysdk.testing.contract.harness import (
    ContractCases,
    collect_payments,
    collect_until_error,
    expect_error,
    ids,
)
from paysdk.testing.contract.promises import case, check, check_equal, fail, wire_case
from paysdk.testing.contract.rewrite import change_raws, walk_values

if TYPE_CHECKING:
    from paysdk.testing.contract.amounts import Place
    from paysdk.testing.contract.rewrite import Edit, Json

__all__ = ["PaymentCases"]

# More digits than a float has, with a final zero, which a float drops.
_AMOUNT = Decimal("90071992547409931.10")
# The same in cents, which 64 bits can hold.
_WHOLE = 9007199254740993110
_UNKNOWN = "paysdk_contract_unknown"
_NO_AMOUNTS: list[Json] = ["NaN", "Infinity", "", "12,50", "1_000", None, {}]
_NO_RECORDS: list[Json] = [{}, 7]
_OTHER_SHAPES = (b"{}", b"null", b"7", b'{"detail": "Not now"}')


class PaymentCases(ContractCases):
    """Payments."""

    @case
    async def test_gives_payments(self) -> None:
        """Each payment is a `Payment` with an id and an invoice, and its texts are strings."""
        async with self.harness() as harness:
            for payment in await collect_payments(harness.provider().list_payments()):
                check(isinstance(payment, Payment), f"it gave {payment!r}")
                check(_is_text(payment.id) and payment.id, f"the id {payment.id!r} is not a string")
                check(
                    isinstance(payment.invoice, InvoiceRef) and _is_text(payment.invoice.id),
                    f"invoice is {payment.invoice!r}",
                )
                check(
                    payment.customer is None or isinstance(payment.customer, CustomerRef),
                    f"customer is {payment.customer!r}",
                )
                for name in ("currency", "external_id", "source"):
                    value = getattr(payment, name)
                    check(
                        value is None or _is_text(value),
                        f"{name} is {value!r}, which is neither a string nor None",
                    )

    @case
    async def test_amounts_are_decimal(self) -> None:
        """Amounts, and an invoice's total and balance, are finite `Decimal`s."""
        async with self.harness() as harness:
            for payment in await collect_payments(harness.provider().list_payments()):
                amounts = {
                    "amount": payment.amount,
                    "invoice.total": payment.invoice.total,
                    "invoice.balance": payment.invoice.balance,
                }
                for name, amount in amounts.items():
                    exact = type(amount) is Decimal and amount.is_finite()
                    check(
                        exact or (amount is None and name != "amount"),
                        f"{name} of payment {payment.id} is {amount!r}",
                    )

    @case
    async def test_dates_are_dates(self) -> None:
        """`payment_date` and `voided_date` are dates without a time, or `None`."""
        async with self.harness() as harness:
            for payment in await collect_payments(harness.provider().list_payments()):
                for name in ("payment_date", "voided_date"):
                    value = getattr(payment, name)
                    check(
                        value is None or type(value) is date,
                        f"{name} of payment {payment.id} is {value!r}",
                    )

    @case
    async def test_times_are_in_utc(self) -> None:
        """`created_at` and `modified_at` are aware and in UTC, or `None`."""
        async with self.harness() as harness:
            for payment in await collect_payments(harness.provider().list_payments()):
                for name in ("created_at", "modified_at"):
                    value = getattr(payment, name)
                    right = value is None or (isinstance(value, datetime) and value.tzinfo is UTC)
                    check(right, f"{name} of payment {payment.id} is {value!r}")

    @case
    async def test_payments_are_values(self) -> None:
        """Payments are frozen and hashable. They are equal when they are listed again, and the same
        after a pickle, including `raw`.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            payments = await collect_payments(provider.list_payments())
            check_equal(
                payments,
                await collect_payments(provider.list_payments()),
                "the payments, listed again",
            )
            check_equal(harness.payments, len(set(payments)), "the number of different payments")
            for payment in payments:
                pickled = pickle.dumps(payment)
                for copied in (pickle.loads(pickled), copy.deepcopy(payment)):  # noqa: S301  # ours
                    check_equal((payment, payment.raw), (copied, copied.raw), "a copy and its raw")
                check(_is_frozen(payment), f"payment {payment.id} can be changed")

    @wire_case
    async def test_keeps_the_digits_of_amounts(self) -> None:
        """An amount has exactly the digits that were sent, however many they are, including zeros
        at the end.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            everything = await collect_payments(provider.list_payments(page_size=harness.size))
            amounts = Amounts(everything)
            for payment in everything:
                check(
                    amounts.places(payment),
                    f"the amount {payment.amount} of payment {payment.id} is not in its raw",
                )
            harness.change_records(everything, amounts.edit(_lengthen))
            expected = [
                str(_long_amount(payment, amounts.places(payment)[0])) for payment in everything
            ]
            found = [
                str(payment.amount)
                for payment in await collect_payments(
                    provider.list_payments(page_size=harness.size)
                )
            ]
            places = amounts.describe_places()
            check_equal(expected, found, f"the digits of the amounts that were changed in {places}")

    @wire_case
    async def test_keeps_the_sign_of_amounts(self) -> None:
        """An amount of zero or less is returned as it was sent, or makes its record malformed. It
        is never left out, and it keeps its sign.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            everything = await collect_payments(provider.list_payments())
            amounts = Amounts(everything)
            for factor in (0, -1):
                harness.change_records(everything, amounts.edit(partial(_multiply, factor)))
                given, error = await collect_until_error(provider.list_payments())
                if not isinstance(error, MalformedResponseError):
                    expected = [(payment.id, factor * payment.amount) for payment in everything]
                    check_equal(
                        expected,
                        [(payment.id, payment.amount) for payment in given],
                        f"the ids and amounts that were changed in {amounts.describe_places()}",
                    )

    @wire_case
    async def test_refuses_malformed_amounts(self) -> None:
        """An amount that is `NaN`, infinite, empty, missing or oddly written, such as `1_000`,
        makes its record malformed, and does not become zero.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            everything = await collect_payments(provider.list_payments())
            amounts = Amounts(everything)
            for wrong in _NO_AMOUNTS:
                harness.change_records(everything, amounts.edit(partial(_replace, wrong)))
                given, error = await collect_until_error(provider.list_payments())
                check(
                    isinstance(error, MalformedResponseError),
                    f"the amount {wrong!r} in {amounts.describe_places()} gave "
                    f"{[payment.amount for payment in given]}, and {error!r}",
                )

    @wire_case
    async def test_keeps_what_was_sent(self) -> None:
        """`raw` has everything that was sent for the payment, with exact numbers, and with fields
        that the provider does not know.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            everything = await collect_payments(provider.list_payments())
            sent = [
                value
                for response in harness.proxy.responses
                for _, value in walk_values(decode_exactly(response.body))
            ]
            for payment in everything:
                check(
                    payment.raw in sent,
                    f"the raw of payment {payment.id} is {payment.raw!r}, which was not sent",
                )
            unknown = {"amount": Decimal("0.10"), "list": [None, True, 10**25]}
            harness.change_records(
                everything,
                change_raws(everything, lambda _, raw: {**raw, _UNKNOWN: unknown}),
            )
            for payment in await collect_payments(provider.list_payments()):
                found = [
                    value for path, value in walk_values(payment.raw) if path[-1:] == (_UNKNOWN,)
                ]
                check_equal(
                    [str(unknown)],
                    [*map(str, found)],
                    f"a field that was added, in the raw of payment {payment.id}",
                )

    @wire_case
    async def test_raises_for_a_malformed_record(self) -> None:
        """A malformed record, such as `{}`, raises `MalformedResponseError` with its path and
        bytes, after the pages before it.
        """
        for wrong in _NO_RECORDS:
            async with self.harness() as harness:
                listing = harness.provider().list_payments(page_size=harness.size)
                everything = await collect_payments(listing)
                first = harness.pages_seen(everything)[0].payments
                harness.change_records(everything, _put_on_page_two(wrong, 1))
                given, error = await collect_until_error(listing)
                if not isinstance(error, MalformedResponseError):
                    fail(f"the record {wrong!r} raised {error!r}, after {len(given)} payments")
                check_equal(ids(first), ids(given), "the payments before it")
                check(
                    "1" in error.path and error.path.startswith("$"),
                    f"the path of the second record is {error.path!r}",
                )
                check_equal(json.dumps(wrong).encode(), error.raw, "the error's raw")
                harness.proxy.change(None)
                check(error.checkpoint is not None, "the error has no checkpoint")
                rest = await collect_payments(
                    harness.provider().list_payments(
                        page_size=harness.size, resume=error.checkpoint
                    )
                )
                check_equal(
                    ids(everything[len(first) :]), ids(rest), "resumed after it was repaired"
                )

    @wire_case
    async def test_sets_malformed_records_aside(self) -> None:
        """With `on_malformed` the record is left out and the rest is listed. The call and
        `report.malformed` report it once.
        """
        async with self.harness() as harness:
            aside: list[MalformedResponseError] = []
            listing = harness.provider(on_malformed=aside.append).list_payments(
                page_size=harness.size
            )
            everything = await collect_payments(listing)
            gone = ids(
                [
                    each
                    for record in harness.pages_seen(everything)[1].records[:1]
                    for each in record
                ]
            )
            harness.change_records(everything, _put_on_page_two({}))
            check_equal(
                [payment.id for payment in everything if payment.id not in gone],
                ids(await collect_payments(listing)),
                "the other payments",
            )
            check_equal([b"{}"], [error.raw for error in aside], "the raw of the malformed record")
            check_equal(1, listing.report.malformed, "report.malformed")

    @wire_case
    async def test_raises_for_a_body_of_another_shape(self) -> None:
        """A success with JSON of another shape raises `MalformedResponseError`, and is not taken
        for the end.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            await collect_payments(provider.list_payments())
            # If a page is a bare array of records, an empty array is an empty page.
            bare = any(
                isinstance(decode_exactly(response.body), list)
                for response in harness.proxy.responses
            )
            for body in _OTHER_SHAPES if bare else (*_OTHER_SHAPES, b"[]"):
                harness.proxy.change(partial(attrs.evolve, body=body))
                error = await expect_error(provider.list_payments())
                check(
                    isinstance(error, MalformedResponseError),
                    f"the body {body!r} raised {type(error).__name__}: {error}",
                )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_frozen(payment: Payment) -> bool:
    try:
        payment.amount = payment.amount  # type: ignore[misc]  # must fail
    except AttributeError:
        return True
    return False


def _put_on_page_two(wrong: Json, index: int = 0) -> Edit:
    # The last record stays: its id may be what requests the next page.
    def edit(number: int, records: list[Json]) -> list[Json]:
        edited = [*records[:index], wrong, *records[index + 1 :]]
        return edited if number == 2 else records  # noqa: PLR2004  # the page

    return edit


def _multiply(factor: int, _: Payment, place: Place) -> Json:
    sent = place.sent
    return str(factor * Decimal(sent)) if isinstance(sent, str) else factor * sent


def _replace(wrong: Json, _: Payment, __: Place) -> Json:
    return wrong


def _lengthen(payment: Payment, place: Place) -> Json:
    if isinstance(place.sent, str):
        return str(_AMOUNT)
    if not place.whole:
        return _AMOUNT
    # A zero does not show whether it was sent in cents.
    return _WHOLE if payment.amount else place.sent


def _long_amount(payment: Payment, place: Place) -> Decimal:
    if not place.whole:
        return _AMOUNT
    return Decimal(_WHOLE).scaleb(-place.minor_digits) if payment.amount else payment.amount
