"""Tests of the record: its fields, its immutability, and its exact raw."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import ConfigurationError
from paysdk.exact import decode_exactly
from paysdk.payment import InvoiceRef, Payment
from tests.payments import REQUIRED, WHOLE, payment, read


def test_payments_share_nothing() -> None:
    """Payments do not share rows, and evolving one does not change it."""
    first, second = payment(), payment(amount=Decimal(7))
    changed = attrs.evolve(first, id="changed", raw={"id": "changed"})
    assert [WHOLE["amount"], Decimal(7)] == [first.amount, second.amount]
    assert ["123", "changed"] == [first.id, changed.id]
    assert {"id": "changed"} == changed.raw
    assert decode_exactly(WHOLE["raw"]) == first.raw


@pytest.mark.parametrize("made", [payment(), read(WHOLE)], ids=["constructed", "read"])
def test_copies_are_equal_and_keep_raw(made: Payment) -> None:
    """Pickling, copying and evolving keep everything, including the raw bytes."""
    copies = [
        pickle.loads(pickle.dumps(made)),  # noqa: S301  # its own pickle
        copy.copy(made),
        copy.deepcopy(made),
        attrs.evolve(made),
    ]  # its own pickle
    assert [made] * 4 == copies
    assert [made.raw] * 4 == [each.raw for each in copies]
    assert [Payment] * 4 == [type(each) for each in copies]
    assert Decimal("5.00") == attrs.evolve(made, amount=Decimal("5.00")).amount
    assert made.raw == attrs.evolve(made, amount=Decimal("5.00")).raw


OTHER: dict[str, Any] = {
    "provider": "notify",
    "id": "124",
    "amount": Decimal("100.11"),
    "currency": None,
    "payment_date": None,
    "invoice": InvoiceRef("8"),
    "customer": None,
    "external_id": None,
    "source": None,
    "voided_date": None,
    "voided": False,
    "created_at": None,
    "modified_at": None,
}


@pytest.mark.parametrize("name", OTHER)
def test_payments_differ_by_each_field(name: str) -> None:
    """Each field except raw counts when payments are compared."""
    given = WHOLE | {"voided_date": None} if name == "voided" else WHOLE
    assert Payment(**given) != Payment(**given | {name: OTHER[name]})


def test_raw_counts_for_nothing() -> None:
    """Payments that differ only in raw are equal and hash alike; raw is not in the repr."""
    other = payment(raw={"something": "else"})
    assert payment() == other
    assert hash(payment()) == hash(other)
    assert "something" not in repr(other)


def test_only_provider_id_amount_and_invoice_are_required() -> None:
    """The other fields are None by default, and raw is an empty object."""
    made = Payment(provider="other", id="1", amount=Decimal(1), invoice=InvoiceRef("2"))
    optional = OTHER.keys() - {"provider", "id", "amount", "invoice"}
    assert {name: OTHER[name] for name in optional} == {
        name: getattr(made, name) for name in optional
    }
    assert {} == made.raw


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, False),
        ({"voided_date": date(2026, 1, 1)}, True),
        ({"voided": True}, True),
        ({"voided": True, "voided_date": date(2026, 1, 1)}, True),
        ({"voided": False, "voided_date": date(2026, 1, 1)}, True),
    ],
)
def test_payment_is_voided_with_or_without_a_date(
    given: dict[str, Any], expected: bool
) -> None:  # a table's column
    """A payment with a ``voided_date`` is voided, and one without a date may be."""
    made = attrs.evolve(REQUIRED, **given)
    assert (expected, expected) == (made.voided, made.is_voided)


@pytest.mark.parametrize(
    "amount",
    [1.5, 1, "1", None, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")],
    ids=repr,
)
def test_amount_must_be_a_finite_decimal(
    amount: Any,  # noqa: ANN401  # anything may be given
) -> None:
    """A float, a text or NaN is refused, also when a payment is evolved."""
    with pytest.raises(ConfigurationError, match=r"Payment\.amount must be a finite"):
        payment(amount=amount)
    with pytest.raises(ConfigurationError, match=r"Payment\.amount must be a finite"):
        attrs.evolve(payment(), amount=amount)


def test_raw_is_decoded_anew_each_time() -> None:
    """Changing a decoded raw does not change the payment."""
    made = payment(raw={"tags": ["a"]})
    made.raw["tags"].append("b")
    assert {"tags": ["a"]} == made.raw


MANY_DIGITS = "9" * 5000

NUMBERS: list[tuple[str, object]] = [
    ("100.10", Decimal("100.10")),
    ("1E+400", Decimal("1E+400")),
    ("-0.00", Decimal("-0.00")),
    ("123456789012345678901234567890", 123456789012345678901234567890),
    ("0." + MANY_DIGITS, Decimal("0." + MANY_DIGITS)),
    (MANY_DIGITS, Decimal(MANY_DIGITS)),
    ("1e99999999999999999999", "1e99999999999999999999"),
    ("-1e-99999999999999999999", "-1e-99999999999999999999"),
]


@pytest.mark.parametrize(
    ("digits", "expected"), NUMBERS, ids=[digits[:12] for digits, _ in NUMBERS]
)
def test_numbers_in_raw_are_exact(digits: str, expected: object) -> None:
    """A number keeps its digits, and becomes a text if no Decimal can hold it."""
    raw = payment(raw=f'{{"a":{digits},"b":[1.50,"x",null,true,7]}}'.encode()).raw
    assert {"a": expected, "b": [Decimal("1.50"), "x", None, True, 7]} == raw
    assert str(expected) == str(raw["a"])
    assert [Decimal, str, type(None), bool, int] == [type(value) for value in raw["b"]]


def test_half_of_a_surrogate_pair_is_kept() -> None:
    """Raw can contain a lone surrogate, which JSON allows and UTF-8 does not."""
    assert {"a": "\ud800"} == payment(raw=rb'{"a":"\ud800"}').raw


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(JSON_VALUES)
def test_raw_given_as_values_comes_back(value: object) -> None:
    """A raw that is passed as values is decoded to equal values."""
    assert value == payment(raw=value).raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"no",
        b"NaN",
        b"[1e]",
        b'"\xff"',
        b'{"a":Infinity}',
        Decimal("NaN"),
        object(),
        {"a": {1, object()}},
    ],
)
def test_raw_must_be_json(raw: object) -> None:
    """A raw that cannot be decoded is refused when the payment is made."""
    with pytest.raises(ConfigurationError, match=r"Payment\.raw must be JSON"):
        payment(raw=raw)
