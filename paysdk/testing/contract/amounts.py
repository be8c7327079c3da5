"""Find the amounts of payments in what was sent, and replace them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeAlias

import attrs

from paysdk.payment import Payment
from paysdk.testing.contract.rewrite import Json, Path, change_raws, walk_values, with_value

if TYPE_CHECKING:
    from paysdk.testing.contract.rewrite import Edit

__all__ = ["Amounts", "Place"]

# ISO 4217 has minor units of up to four digits.
_MAX_MINOR_DIGITS = 4


@attrs.frozen
class Place:
    """The place of an amount in a record, and the value that was sent.

    ``minor_digits`` is 2 if the amount was sent in cents. ``whole`` says that all payments have an
    integer in this place, so only an integer can replace it.
    """

    path: Path
    sent: Json
    minor_digits: int
    whole: bool = False


Change: TypeAlias = Callable[[Payment, Place], Json]


@attrs.frozen
class Amounts:
    """The amounts of payments, found in what was sent for them.

    Another number may equal the amount by chance. So of several places, those are chosen that hold
    the amount in most of the payments. Places of ids are chosen only if no other place is left. A
    record may also have its amount twice, such as its total beside its only line. So other places
    are chosen, too, if they hold it in the same form in more than half of the payments.
    """

    known: Sequence[Payment]
    _places: dict[str, list[Place]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Find the places of all amounts."""
        found = {payment.id: _find_amounts(payment) for payment in self.known}
        counts = Counter(_kind(place.path) for places in found.values() for place in places)
        references = Counter(
            _kind(path) for payment in self.known for path in _find_references(payment)
        )
        wholes = Counter(
            _kind(place.path)
            for places in found.values()
            for place in places
            if isinstance(place.sent, int)
        )

        def rank(place: Place) -> tuple[bool, int]:
            kind = _kind(place.path)
            return references[kind] < len(self.known), counts[kind]

        def repeats(place: Place, best: Place) -> bool:
            is_same = (type(place.sent), place.minor_digits) == (type(best.sent), best.minor_digits)
            is_no_id, count = rank(place)
            return is_same and is_no_id and count * 2 > len(self.known)

        for payment_id, places in found.items():
            ranked = sorted(places, key=rank, reverse=True)
            found[payment_id] = [
                attrs.evolve(place, whole=wholes[_kind(place.path)] == counts[_kind(place.path)])
                for place in ranked
                if rank(place) == rank(ranked[0]) or repeats(place, ranked[0])
            ]
        object.__setattr__(self, "_places", found)

    def places(self, payment: Payment) -> list[Place]:
        """Return the places where the amount of this known payment was sent."""
        return self._places[payment.id]

    def describe_places(self) -> str:
        """Return the paths of the amounts, such as ``total, lines[].amount``."""
        kinds = {_kind(place.path) for places in self._places.values() for place in places}
        return ", ".join(sorted(map(_describe_kind, kinds)))

    def edit(self, change: Change) -> Edit:
        """Make an edit that replaces each amount with the result of *change*."""

        def raw(payment: Payment, current: Json) -> Json:
            for place in self.places(payment):
                current = with_value(current, place.path, change(payment, place))
            return current

        return change_raws(self.known, raw)


def _kind(path: Path) -> Path:
    """Return the path of all such places: of a record with several payments, those in each."""
    return tuple(-1 if isinstance(step, int) else step for step in path)


def _describe_kind(kind: Path) -> str:
    return "".join("[]" if step == -1 else f".{step}" for step in kind).removeprefix(".")


def _find_amounts(payment: Payment) -> list[Place]:
    return [
        Place(path, value, digits)
        for path, value in walk_values(payment.raw)
        if (digits := _minor_digits(value, payment.amount)) is not None
    ]


def _find_references(payment: Payment) -> list[Path]:
    references = {payment.id, payment.invoice.id, payment.invoice.number}
    return [path for path, value in walk_values(payment.raw) if str(value) in references]


def _minor_digits(value: Json, amount: Decimal) -> int | None:
    try:
        number = (
            None
            if isinstance(value, bool) or not isinstance(value, int | str | Decimal)
            else Decimal(value)
        )
    except InvalidOperation:
        return None
    if number is None or not number.is_finite():
        return None
    most = _MAX_MINOR_DIGITS if isinstance(value, int) else 0
    return next((digits for digits in range(most + 1) if number.scaleb(-digits) == amount), None)
