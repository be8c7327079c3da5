"""A payment that looks its fields up in a row is an immutable attrs object like any other."""

from __future__ import annotations

import gc
import pydoc
import weakref
from decimal import Decimal

import attrs
import msgspec
import pytest

from paysdk.errors import ConfigurationError
from paysdk.payment import InvoiceRef, Payment
from tests.payments import WHOLE, payment, read


def test_payment_that_was_read_is_a_payment_like_any_other() -> None:
    """A payment from a row equals, hashes and prints like a constructed one."""
    made, constructed = read(WHOLE), payment()
    assert constructed == made
    assert hash(constructed) == hash(made)
    assert repr(constructed) == repr(made)
    assert constructed.raw == made.raw
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.amount = Decimal(1)  # type: ignore[misc]  # what is refused


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


def test_payment_has_slots_only() -> None:
    """A payment cannot have other attributes than its fields."""
    assert ("_row",) == Payment.__slots__  # type: ignore[attr-defined]  # made at run time
    assert not hasattr(payment(), "__dict__")
    assert not hasattr(read(WHOLE), "__dict__")
    assert not hasattr(payment().invoice, "__dict__")


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
