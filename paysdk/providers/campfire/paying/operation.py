"""One call that pays or voids: what the caller allows, its deadline, and the place of errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import attrs

from paysdk.errors import PaysdkError
from paysdk.payment import Payment  # attrs reads it
from paysdk.providers.campfire.endpoints import PAY, VOID
from paysdk.providers.campfire.invoices.schema import Invoice  # likewise
from paysdk.transport.deadline import Deadline  # likewise

if TYPE_CHECKING:
    from paysdk.transport.client import Client

__all__ = ["Consent", "PayOperation", "run_within"]

E = TypeVar("E", bound=PaysdkError)
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Consent:
    """What the caller allows, and what it wants to see.

    ``others`` are the ids of payments that, as the caller knows, this order did not make.
    ``before_sending`` is awaited with the invoice as it is just before the order is sent. If it
    raises, nothing is sent. ``after_sending`` is called with the invoice as it is afterwards, if it
    could be read.
    """

    overpayment: bool = False
    rebook_voided: bool = False
    others: frozenset[str] = frozenset()
    before_sending: Callable[[Invoice, tuple[Payment, ...]], Awaitable[None]] | None = None
    after_sending: Callable[[Invoice, tuple[Payment, ...]], None] | None = None


@attrs.frozen
class PayOperation:
    """A call on one invoice, with its deadline. ``path`` is where its one write goes."""

    provider: str
    origin: str
    invoice_id: int
    deadline: Deadline
    name: str
    path: str

    @classmethod
    def begin(cls, client: Client, invoice_id: int) -> PayOperation:
        """Begin to pay: the deadline counts from now."""
        name = f"mark_invoice_paid({invoice_id})"
        return cls._begin(client, invoice_id, name, PAY.format(invoice_id))

    @classmethod
    def begin_void(cls, client: Client, invoice_id: int, payment_id: int) -> PayOperation:
        """Begin to void a payment: the deadline counts from now."""
        name = f"void_payment({invoice_id}, {payment_id})"
        return cls._begin(client, invoice_id, name, VOID.format(invoice_id, payment_id))

    @classmethod
    def _begin(cls, client: Client, invoice_id: int, name: str, path: str) -> PayOperation:
        origin = client.settings.origin
        return cls(client.provider, origin, invoice_id, client.deadline(), name, path)

    @property
    def url(self) -> str:
        return self.origin + self.path

    def locate(self, error: E) -> E:
        """Note in *error* that it happened here, unless it knows a place already."""
        error.at(self.provider, "POST", self.url)
        return error

    async def run(self, waiting: Awaitable[T]) -> T:
        """Await *waiting* within the deadline."""
        return await run_within(self.deadline, waiting, self.provider, "POST", self.url)


async def run_within(
    deadline: Deadline, waiting: Awaitable[T], provider: str, method: str, url: str
) -> T:
    """Await *waiting* within *deadline*. An error without a place gets this one."""
    try:
        async with deadline.enforce():
            return await waiting
    except PaysdkError as error:
        error.at(provider, method, url)
        raise
