"""Tests of the record: its fields, its immutability, and its exact raw."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import pydoc
import weakref
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import ConfigurationError
from paysdk.exact import decode_exactly, exact_number
from paysdk.payment import CustomerRef, InvoiceRef, Payment
from paysdk.records.fields import (
    PaymentRecord,
    make_customer_ref,
    make_invoice_ref,
    make_payment,
)

WHOLE: dict[str, Any] = {
    "provider": "campfire",
    "id": "123",
    "amount": Decimal("100.10"),
    "currency": "EUR",
    "payment_date": date(2026, 1, 2),
    "invoice": InvoiceRef("7", "INV-7", Decimal("480.00"), Decimal("379.90")),
    "customer": CustomerRef("3", "10003", "Creditparters B.V."),
    "external_id": "btxn_1",
    "source": "STRIPE",
    "voided_date": date(2026, 1, 3),
    "voided": True,
    "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "modified_at": datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC),
    "raw": b'{"id":123,"amount":100.10}',
}


REQUIRED = Payment(provider="other", id="1", amount=Decimal(1), invoice=InvoiceRef("2"))


def payment(**fields: Any) -> Payment:  # noqa: ANN401  # anything may be given
    """Make a payment with every field set."""
    return Payment(**WHOLE | fields)


def read(fields: dict[str, Any]) -> Payment:
    """Make a payment as the providers make it."""
    return make_payment(SimpleNamespace(**fields))


def test_fast_constructors_make_what_the_constructors_make() -> None:
    """A reference that a provider makes equals the one that a user makes."""
    total, balance = Decimal("480.00"), Decimal("379.90")
    assert InvoiceRef("7", "INV-7", total, balance) == make_invoice_ref(
        "7", "INV-7", total, balance
    )
    assert InvoiceRef("7") == make_invoice_ref("7")
    assert CustomerRef("3", "10003", "B.V.") == make_customer_ref("3", "10003", "B.V.")
    assert CustomerRef() == make_customer_ref()


def test_record_has_defaults_for_what_is_not_sent() -> None:
    """A record has each field that a payment does not require, with the payment's default."""
    fields = attrs.fields(Payment)
    optional = [field.name for field in fields if field.default is not attrs.NOTHING and field.eq]
    assert [getattr(REQUIRED, name) for name in optional] == [
        getattr(PaymentRecord(), name) for name in optional
    ]


def test_payment_that_was_read_is_a_payment_like_any_other() -> None:
    """A payment from a row equals, hashes and prints like a constructed one."""
    made, constructed = read(WHOLE), payment()
    assert constructed == made
    assert hash(constructed) == hash(made)
    assert repr(constructed) == repr(made)
    assert constructed.raw == made.raw
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.amount = Decimal(1)  # type: ignore[misc]


@pytest.mark.parametrize(
    "name", [*(field.alias for field in attrs.fields(Payment)), "_row", "_raw"]
)
def test_fields_cannot_be_set(name: str) -> None:
    """No attribute of a payment can be set."""
    for made in (payment(), read(WHOLE)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(made, name, None)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(made, name)


def test_help_has_no_word_of_how_fields_are_looked_up() -> None:
    """The help on a field does not show the class that looks it up."""
    assert "attrgetter" not in pydoc.render_doc(Payment)


def test_payments_share_nothing() -> None:
    """Payments do not share rows, and evolving one does not change it."""
    first, second = payment(), payment(amount=Decimal(7))
    changed = attrs.evolve(first, id="changed", raw={"id": "changed"})
    assert [WHOLE["amount"], Decimal(7)] == [first.amount, second.amount]
    assert ["123", "changed"] == [first.id, changed.id]
    assert {"id": "changed"} == changed.raw
    assert decode_exactly(WHOLE["raw"]) == first.raw


def test_payment_has_slots_only() -> None:
    """A payment cannot have other attributes than its fields."""
    assert ("_row",) == Payment.__slots__  # type: ignore[attr-defined]  # type checkers read the fields
    assert not hasattr(payment(), "__dict__")
    assert not hasattr(read(WHOLE), "__dict__")
    assert not hasattr(payment().invoice, "__dict__")


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


def test_what_was_never_set_is_missing() -> None:
    """An incomplete payment has no values for the fields that were not set."""
    unmade = Payment.__new__(Payment)
    with pytest.raises(AttributeError):
        _ = unmade.amount
    object.__setattr__(unmade, "currency", "EUR")
    assert "EUR" == unmade.currency
    for name in ("amount", "id", "invoice", "customer", "raw"):
        with pytest.raises(AttributeError):
            getattr(unmade, name)

    @attrs.frozen(kw_only=True, slots=False)
    class Checked(Payment):
        amount: Decimal = attrs.field()

    with pytest.raises(AttributeError):
        _ = Checked(**WHOLE).amount


@pytest.mark.parametrize("made", [payment(), read(WHOLE)], ids=["constructed", "read"])
def test_payment_is_never_written_as_nothing(made: Payment) -> None:
    """Msgspec refuses a payment without a hook, instead of encoding an empty object."""
    with pytest.raises(TypeError, match="Encoding objects of type Payment is unsupported"):
        msgspec.json.encode([made])
    with pytest.raises(ConfigurationError, match=r"Payment\.raw must be JSON"):
        payment(raw={"of": [made]})
    assert {"id": "123"} == msgspec.json.decode(
        msgspec.json.encode(made, enc_hook=lambda each: {"id": each.id})
    )


def test_cycle_through_a_payment_is_collected() -> None:
    """The garbage collector collects a cycle through a payment."""

    @attrs.frozen(slots=False)
    class Linked(InvoiceRef):
        payments: list[Payment] = attrs.field(factory=list)

    linked = Linked("7")
    linked.payments.append(payment(invoice=linked))
    gone = weakref.ref(linked)
    del linked
    gc.collect()
    assert gone() is None


def test_subclass_keeps_the_promises() -> None:
    """A subclass can add fields, and stays immutable, comparable and picklable."""

    @attrs.frozen(kw_only=True)
    class Refund(Payment):
        reason: str

    refund = Refund(**WHOLE, reason="returned")
    assert "returned" == refund.reason
    assert refund == attrs.evolve(refund)
    assert refund != attrs.evolve(refund, reason="lost")
    assert refund != payment()


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
def test_amount_must_be_a_finite_decimal(amount: Any) -> None:  # noqa: ANN401  # anything may be given
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
    """Raw can contain half of a surrogate pair, which JSON allows and UTF-8 does not."""
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


@settings(max_examples=60)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_digits_are_those_that_were_sent(number: float) -> None:
    """No number becomes a float on the way."""
    text = json.dumps(number)
    assert Decimal(text) == decode_exactly(text.encode())
    assert str(Decimal(text)) == str(decode_exactly(text.encode()))


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


def test_number_beyond_a_decimal_is_its_digits() -> None:
    """A number that no Decimal can hold is the text of its digits."""
    assert Decimal("1E+9") == exact_number("1E+9")
    assert "1E+99999999999999999999" == exact_number("1E+99999999999999999999")
