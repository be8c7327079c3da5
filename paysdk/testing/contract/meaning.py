"""The tests about a provider's records that its author must write: no contract can know them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from paysdk.testing.contract.harness import ContractCases, collect_payments
from paysdk.testing.contract.promises import fail
from paysdk.testing.contract.rewrite import KnownRecords, value_at, with_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.payment import Payment
    from paysdk.testing.contract.rewrite import Json

__all__ = ["MeaningContract"]


class MeaningContract(ContractCases):
    """What the fields of an API mean: the tests that every author must write.

    Subclass it in a test file, return the provider from ``subject`` as for ``ProviderContract``,
    and override every test. A test that is not overridden fails, and says what to test. In a test,
    ``self.read`` returns the payments of a record that you have changed:

        def test_reads_minor_units(self) -> None:
            (yen,) = self.read({"amount.value": "1000", "amount.currency": "JPY"})
            assert Decimal(1000) == yen.amount
    """

    def read(self, changes: Mapping[str, object]) -> list[Payment]:
        """Return the payments of the sandbox's first record, with *changes* to what is sent.

        A change names a field of the record, such as ``amount.currency`` or ``lines.0.price``.
        Numbers in a change are sent as they are. Raises what the provider raises, such as
        ``MalformedResponseError``.
        """
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(self._read(changes))

    def test_reads_minor_units(self) -> None:
        """Amounts have the right number of digits in every currency."""
        _must_be_written(
            "the amount of a record in a currency without minor units, such as JPY, with three "
            "digits, such as KWD, and with two. If the API sends amounts in major units, test that "
            "1 stays 1"
        )

    def test_takes_the_currency_of_the_payment(self) -> None:
        """The currency belongs to the amount, not to the account or the settlement."""
        _must_be_written(
            "the currency of a record that was paid in one currency and settled in another"
        )

    def test_takes_the_ids_of_the_record(self) -> None:
        """The ids of the payment, its invoice and its customer are the right ones of several."""
        _must_be_written(
            "id, invoice.id, invoice.number, customer.id and external_id of a record in which all "
            "ids differ"
        )

    def test_reads_times_in_their_zone(self) -> None:
        """Times are in the zone that the API means, and a day is the day that it means."""
        _must_be_written(
            "payment_date, created_at and modified_at of a record from shortly before midnight, "
            "both in UTC and in the zone of the API"
        )

    def test_lists_only_money_that_moved(self) -> None:
        """Attempts that failed are not payments, and refunds and voids are told apart."""
        _must_be_written(
            "that a record of each status of the API's document is a payment, is voided, is "
            "malformed or is left out, and that a refund has the sign that you want"
        )

    async def _read(self, changes: Mapping[str, object]) -> list[Payment]:
        async with self.harness(1) as harness:
            provider = harness.provider()
            known = await collect_payments(provider.list_payments())

            raw = known[0].raw
            for name, value in changes.items():
                raw = _set(raw, name, value)

            def change(number: int, records: list[Json]) -> list[Json]:
                if number > 1:
                    return []
                path, _ = next(KnownRecords(known).find(records[0]))
                return [with_value(records[0], path, raw)]

            harness.change_records(known, change)
            return await collect_payments(provider.list_payments())


def _set(record: Json, name: str, value: object) -> Json:
    *steps, last = (int(step) if step.isdecimal() else step for step in name.split("."))
    place = tuple(steps)
    try:
        parent = value_at(record, place).copy()
        parent[last] = value
    except (LookupError, TypeError, AttributeError):
        fail(f"the record has no place for {name!r}: {record!r}")
    return with_value(record, place, parent)


def _must_be_written(what: str) -> NoReturn:
    raise AssertionError(
        f"Override this test, since paysdk cannot know what the API means. Test {what}."
    )
