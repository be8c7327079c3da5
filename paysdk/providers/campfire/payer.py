"""Sending an order to pay: what is read before, the one request that books, and the look at what came of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import attrs

from paysdk.errors import ConfigurationError, MalformedResponseError, OutcomeUnknownError, PaysdkError
from paysdk.messages import Request, Response
from paysdk.providers.campfire.endpoints import PAY, PAYMENTS
from paysdk.providers.campfire.invoice_normalise import read_paid
from paysdk.providers.campfire.paying import PayOrder, PayOutcome
from paysdk.providers.campfire.recognition import booked, with_external_ids
from paysdk.reading import decoded
from paysdk.transport.watch import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.payment import Payment
    from paysdk.provider import Listing
    from paysdk.providers.campfire.invoice_schema import Invoice
    from paysdk.transport.client import Budget, Client

__all__ = ["Payer"]


@attrs.define(eq=False)
class _Sent:
    """An order that went out for an invoice. ``ids`` are the payments that it made, as soon as they are known."""

    order: PayOrder
    before: frozenset[str]
    ids: tuple[str, ...] = ()


class _BookedMeanwhileError(Exception):
    """Before it was sent again, the order was found to be booked, or could not be looked for."""

    def __init__(self, payment_ids: tuple[str, ...], error: PaysdkError | None = None) -> None:
        super().__init__()
        self.payment_ids = payment_ids
        self.error = error


class Payer:
    """Pays invoices: one order at a time on an invoice, and one at a time under an external id.

    *invoice* reads an invoice, *under* lists what is booked under an external id.
    """

    def __init__(self, client: Client, invoice: Callable[[int, Budget], Awaitable[Invoice]], under: Callable[[str], Listing]) -> None:
        self._client = client
        self._invoice = invoice
        self._under = under
        self._locks: WeakValueDictionary[str | int, asyncio.Lock] = WeakValueDictionary()
        # Those whose outcome nobody knows, and what was sent to the same invoice since.
        self._unsettled: defaultdict[int, list[_Sent]] = defaultdict(list)

    async def pay(self, number: int, order: PayOrder) -> PayOutcome:
        budget = self._client.budget()
        async with AsyncExitStack() as held:
            # Two that saw the same payments beforehand could not tell their new ones apart. All take the locks in one order.
            names: list[str | int] = [*sorted(order.external_ids), number]
            for name in names:
                lock = self._locks.setdefault(name, asyncio.Lock())
                await self._within(budget, held.enter_async_context(lock), Request("POST", PAY.format(number)))
            return await self._pay(number, order, budget)

    async def _within(self, budget: Budget, waiting: Awaitable[object], what: Request) -> None:
        try:
            async with budget.spending():
                await waiting
        except PaysdkError as error:
            error.at(self._client.provider, what.method, self._client.settings.origin + what.target)
            raise

    async def _pay(self, number: int, order: PayOrder, budget: Budget) -> PayOutcome:
        before = await self._invoice(number, budget)
        found: list[Payment] = []
        await self._within(budget, self._add_those_under(order, number, found), Request("GET", PAYMENTS))
        if (there := with_external_ids(order, [*before.payments, *found])) is not None:
            return PayOutcome(there, before)
        sent = _Sent(order, frozenset(payment.id for payment in (*before.payments, *found)))
        tally = Tally()
        try:
            payment_ids, invoice = await self._send(number, order, budget, tally)
        except _BookedMeanwhileError as stopped:
            if stopped.error is not None:
                raise stopped.error from None
            return PayOutcome(stopped.payment_ids, None)
        except Exception as error:
            # Not only what paysdk raises: the key's source, the limiter and the session are the user's, and fail in ways of their own.
            if not tally.in_doubt:
                raise
            return await self._looked_for(number, sent, budget, error)
        except BaseException:
            if tally.in_doubt:
                self._unsettled[number].append(sent)
            raise
        return await self._answered(number, sent, budget, payment_ids, invoice)

    async def _send(self, number: int, order: PayOrder, budget: Budget, tally: Tally) -> tuple[tuple[str, ...] | None, Invoice | None]:
        def read(response: Response) -> tuple[tuple[str, ...] | None, Invoice | None]:
            return decoded(read_paid, response.body)

        async def look_before_sending_again() -> None:
            found: list[Payment] = []
            try:
                await self._add_those_under(order, number, found)
                there = with_external_ids(order, found)
            except PaysdkError as error:
                raise _BookedMeanwhileError((), error) from None
            if there is not None:
                raise _BookedMeanwhileError(there)

        request = Request("POST", PAY.format(number), body=order.body)
        return await self._client.call_within(budget, request, read, tally, before_retry=look_before_sending_again)

    async def _answered(
        self, number: int, sent: _Sent, budget: Budget, payment_ids: tuple[str, ...] | None, invoice: Invoice | None
    ) -> PayOutcome:
        """What a success says. Somebody else may have paid meanwhile: what is not ours is left out, as far as it can be told."""
        taken = self._taken(number, sent)
        if invoice is not None and invoice.id == number:
            # It was booked, so where only as many as were ordered can be its, no other order has made them.
            sent.ids = booked(sent.order, invoice.payments, before=taken, currency=invoice.currency) or ()
            payment_ids = sent.ids or tuple(payment.id for payment in invoice.payments)
        elif invoice is None:
            sent.ids = tuple(payment_id for payment_id in payment_ids or () if payment_id not in taken)
        new = tuple(payment_id for payment_id in payment_ids or () if payment_id not in taken)
        if not new:
            strange = MalformedResponseError("The answer is a success, and has no new payment of this invoice in it")
            return await self._looked_for(number, sent, budget, strange.at(self._client.provider, "POST", self._url(number)))
        if number in self._unsettled:
            self._unsettled[number].append(sent)
        return PayOutcome(new, invoice)

    async def _add_those_under(self, order: PayOrder, number: int, found: list[Payment]) -> None:
        """Add the payments under the order's external ids. Raises ``ConfigurationError`` where one of them pays another invoice."""
        for external_id in sorted(order.external_ids):
            listing = self._under(external_id)
            try:
                found += [payment async for payment in listing if payment.external_id == external_id and not payment.is_voided]
            except PaysdkError as error:
                error.checkpoint = None
                raise
        for payment in found:
            if payment.invoice.id != str(number):
                raise ConfigurationError(
                    f"Nothing was sent: {payment.external_id!r} is payment {payment.id} of invoice {payment.invoice.id} already. "
                    "Use another external_id."
                )

    def _recognised(self, number: int, sent: _Sent, invoice: Invoice) -> tuple[str, ...] | None:
        rivals = [other.order for other in self._unsettled.get(number, ()) if other is not sent and not other.ids]
        return booked(sent.order, invoice.payments, before=self._taken(number, sent), currency=invoice.currency, rivals=rivals)

    def _taken(self, number: int, sent: _Sent) -> frozenset[str]:
        """The payments that cannot be those of *sent*: they stood there before, or another order made them."""
        others = [other.ids for other in self._unsettled.get(number, ()) if other is not sent]
        return sent.before.union(*others)

    async def _looked_for(self, number: int, sent: _Sent, budget: Budget, error: Exception) -> PayOutcome:
        self._unsettled[number].append(sent)  # looking may be cancelled

        async def look(within: Budget) -> PayOutcome | str:
            after = await self._invoice(number, within)
            sent.ids = sent.ids or self._recognised(number, sent, after) or ()
            if sent.ids:
                self._forget_if_settled(number)
                return PayOutcome(sent.ids, after)
            new = [f"{payment.id} ({payment.amount})" for payment in after.payments if payment.id not in self._taken(number, sent)]
            if new:
                return f"new on the invoice, but not certainly what was ordered: {', '.join(new)}"
            return "no new payment on the invoice yet; it may still be booked"

        async def look_again() -> PayOutcome | None:
            found = await look(self._client.budget())
            return found if isinstance(found, PayOutcome) else None

        try:
            found = await look(budget)
        except Exception as looking:  # noqa: BLE001  # whatever the user's own parts raise
            found = f"looking for it failed: {looking}"
        if isinstance(found, PayOutcome):
            return found
        operation = f"mark_invoice_paid({number})"
        unknown = OutcomeUnknownError(
            f"{operation} failed ({error}), and whether it was processed cannot be told: {found}. "
            "Do not send it again before you know: look with error.check() or retrieve_invoice.",
            operation=operation,
            found=found,
            look=look_again,
        )
        raise unknown.at(self._client.provider, "POST", self._url(number)) from error

    def _forget_if_settled(self, number: int) -> None:
        if all(other.ids for other in self._unsettled.get(number, ())):
            self._unsettled.pop(number, None)

    def _url(self, number: int) -> str:
        return self._client.settings.origin + PAY.format(number)
