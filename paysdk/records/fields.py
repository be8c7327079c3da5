"""The base class of the records that hold the fields of payments, and ``make_payment``: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from paysdk._row_backed import row_setter
from paysdk.payment import Payment

if TYPE_CHECKING:
    from types import SimpleNamespace

__all__ = [
    "PaymentRecord",
    "RawRecord",
    "make_payment",
]

# `make_payment` runs for each payment. A call of `typing.cast` in it would make it a fifth slower.
# The annotation of a variable is free. The __init__ of a frozen class calls object.__setattr__ for
# each field. That takes more than twice as long as the setter of the slot.
_new: Any = object.__new__
_set_row = row_setter(Payment)


class RawRecord(msgspec.Struct, kw_only=True, gc=False):
    """A record with its own bytes in ``raw``."""

    # The reader sets this field. Its name in JSON is one that no record contains, so the decoder
    # never sets it.
    raw: bytes = msgspec.field(default=b"", name="<raw>")


class PaymentRecord(RawRecord, kw_only=True, gc=False):
    """The base class for a provider's record of a payment.

    A subclass lists the fields of ``Payment``. Each of them is a field of the struct, a class
    attribute, or a property. ``provider``, ``id``, ``amount`` and ``invoice`` are required. By
    default ``voided`` is true if there is a ``voided_date``, and the others are ``None``.
    """

    # Type checkers do not see these defaults. In a subclass they would not allow a field in place
    # of a property, or a property in place of a class attribute.
    if not TYPE_CHECKING:  # pragma: no branch  # it is always true at run time
        currency = None
        payment_date = None
        customer = None
        external_id = None
        source = None
        voided_date = None

        @property
        def voided(self) -> bool:
            return self.voided_date is not None

        created_at = None
        modified_at = None

    @property
    def is_payment(self) -> bool:
        """Whether the record is a payment. ``TableReader`` leaves others out, and counts them."""
        return True


def make_payment(row: PaymentRecord | SimpleNamespace) -> Payment:
    """Return the payment with the fields of *row*. They are not converted or validated."""
    payment: Payment = _new(Payment)
    _set_row(payment, row)
    return payment
