"""One call that pays: what the caller allows, its deadline, and the place of its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from paysdk.errors import PaysdkError
from paysdk.providers.campfire.endpoints import PAY
from paysdk.transport.client import Deadline  # attrs reads it

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from paysdk.transport.client import Client

__all__ = ["Consent", "PayOperation", "run_within"]

E = TypeVar("E", bound=PaysdkError)
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Consent:
    """What the caller allows.

    ``others`` are the ids of payments that the caller knows to be something else.
    """

    overpayment: bool = False
    rebook_voided: bool = False
    others: frozenset[str] = frozenset()


@attrs.frozen
class PayOperation:
    """A call on one invoice, with its deadline."""

    provider: str
    origin: str
    invoice_id: int
    deadline: Deadline

    @classmethod
    def begin(cls, client: Client, invoice_id: int) -> PayOperation:
        """Begin an operation: its deadline counts from now."""
        return cls(client.provider, client.settings.origin, invoice_id, client.deadline())

    @property
    def name(self) -> str:
        return f"mark_invoice_paid({self.invoice_id})"

    @property
    def url(self) -> str:
        return self.origin + PAY.format(self.invoice_id)

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
