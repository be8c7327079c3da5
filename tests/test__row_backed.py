"""Payments and references, however they are made, are immutable attrs objects like any other."""

from __future__ import annotations

import copy
import gc
import pickle
import pydoc
import weakref
from decimal import Decimal

import attrs
import msgspec
import pytest

from paysdk.errors import ConfigurationError
from paysdk.payment import CustomerRef, InvoiceRef, Payment
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
    """The garbage collector collects a cycle through a payment and its references."""

    class Number(str):
        __slots__ = ("__weakref__", "payments")
        payments: list[Payment]

    linked = Number("7")
    linked.payments = [payment(invoice=InvoiceRef(linked), customer=CustomerRef(linked))]
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
    "made",
    [InvoiceRef("7", "INV-7", Decimal("480.00"), Decimal("379.90")), CustomerRef("3", "10003")],
    ids=["invoice", "customer"],
)
def test_reference_is_an_attrs_object(made: InvoiceRef | CustomerRef) -> None:
    """A reference can be described, changed, copied and pickled, and cannot be set."""
    kind = type(made)
    values = attrs.asdict(made)
    assert [field.name for field in attrs.fields(kind)] == list(values)
    assert made == kind(**values)
    assert hash(made) == hash(kind(**values))
    assert made == copy.deepcopy(made)
    assert made == pickle.loads(pickle.dumps(made))  # noqa: S301  # its own
    assert "other" == attrs.evolve(made, number="other").number
    assert made != attrs.evolve(made, number="other")
    for name in values:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(made, name, None)
        with pytest.raises(AttributeError, match="immutable"):
            delattr(made, name)


def test_reference_has_defaults() -> None:
    """An invoice needs an id, and a customer needs nothing."""
    assert ("7", None, None, None) == attrs.astuple(InvoiceRef("7"))
    assert (None, None, None) == attrs.astuple(CustomerRef())
    with pytest.raises(TypeError, match="id"):
        InvoiceRef()  # type: ignore[call-arg]  # what is refused
