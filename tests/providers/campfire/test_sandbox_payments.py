"""The payments that Campfire's sandbox makes up."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from paysdk.providers.campfire import sandbox_payments as made_up


def test_ids_are_unique_and_not_in_order_of_change() -> None:
    """The order of ids differs from the order of changes."""
    ids = [payment_id for _, payment_id in made_up.number_payments(1000)]

    assert 1000 == len(set(ids))
    assert any(later < earlier for earlier, later in pairwise(ids))


def test_invoices_have_one_to_three_payments() -> None:
    """Each made-up invoice has one, two or three payments, and the open invoices have none."""
    invoices = Counter(
        made_up.find_invoice_id(payment_id) for _, payment_id in made_up.number_payments(20_000)
    )

    assert {1, 2, 3} == set(invoices.values())
    assert not invoices.keys() & set(made_up.OPEN_INVOICES)


def test_made_up_fields_fit_given_ones() -> None:
    """The number and currency that are made up fit the invoice that was given."""
    alike = [
        made_up.complete_payment(1, made_up.FIRST_CHANGE, payment_id, {"invoice_id": 47_900})
        for payment_id in (1, 2)
    ]

    assert 1 == len({(row["invoice_number"], row["currency"]) for row in alike})
    assert "INV-0000529" == alike[0]["invoice_number"]


def test_cut_keeps_what_the_sample_has() -> None:
    """Fields that are not in the sample are left out at any depth, except in empty lists."""
    value = {"a": [{"b": 1, "c": 2}], "d": {"e": 3}, "f": [4], "g": 5}

    assert {"a": [{"b": 1}], "f": [4]} == made_up.keep_sample_fields(
        value, {"a": [{"b": 0}], "f": []}
    )
