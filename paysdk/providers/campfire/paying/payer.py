"""The steps that pay an invoice, and never twice: look, check, send once, and look again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.providers.campfire.paying.duplicate_checks import (
    check_consent,
    check_found_or_drafted,
    check_similar,
    find_already_booked,
)
from paysdk.providers.campfire.paying.lookup import OrderLookup
from paysdk.providers.campfire.paying.order import PayOrder, PayOutcome
from paysdk.providers.campfire.paying.recovery import Recovery, warn_unless_external_ids_kept
from paysdk.providers.campfire.paying.refusals import describe_sent
from paysdk.providers.campfire.paying.sending import Sender
from paysdk.providers.campfire.paying.sent_order import is_older_than
from paysdk.providers.campfire.paying.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.orders import Exclusive
    from paysdk.provider import Listing
    from paysdk.providers.campfire.invoices.schema import Invoice
    from paysdk.providers.campfire.paying.lookup import Snapshot
    from paysdk.providers.campfire.paying.operation import Consent
    from paysdk.providers.campfire.paying.sent_order import SentOrder
    from paysdk.providers.campfire.paying.turns import Turn
    from paysdk.transport.client import Client
    from paysdk.transport.deadline import Deadline

__all__ = ["Payer"]


class Payer:
    """Pays invoices: one order at a time on an invoice, and one at a time under an external id.

    An order whose outcome is unknown stays open, and nothing more is sent under its names. That
    ends when the order is found, when a person releases it, or *resend_after* seconds after it was
    sent. ``OrderLookup`` takes *retrieve_invoice* and *list_payments*.
    """

    def __init__(
        self,
        client: Client,
        retrieve_invoice: Callable[[int, Deadline], Awaitable[Invoice]],
        list_payments: Callable[[str, str], Listing],
        exclusive: Exclusive | None = None,
        resend_after: float | None = None,
    ) -> None:
        self.turns: Turns = Turns(client, exclusive)
        self.lookup: OrderLookup = OrderLookup(client, retrieve_invoice, list_payments)
        self._recovery = Recovery(self.lookup, self.turns)
        self._sender = Sender(client, self.lookup, self._recovery)
        self._resend_after = resend_after

    async def pay(self, invoice_id: int, order: PayOrder, consent: Consent) -> PayOutcome:
        """Pay an invoice, unless the order is booked already or may be."""
        async with self.turns.take(invoice_id, order, consent) as turn:
            snapshot = await self.lookup.look(invoice_id, order, turn.operation.deadline)
            open_orders = await self._find_open_orders(turn, snapshot)
            outcome = await self._settle_if_booked(turn, snapshot, open_orders)
            if outcome is not None:
                return outcome
            self._check(turn, snapshot, open_orders)
            if consent.before_sending is not None:
                await consent.before_sending(snapshot.invoice, snapshot.payments)
            for sent in open_orders:
                await turn.open_orders.settle(sent)
            return await self._sender.send_once(turn, snapshot)

    async def release(self, invoice_id: int, external_id: str | None) -> int:
        """Release the open orders of an invoice, or those under one external id.

        Returns how many there were.
        """
        async with self.turns.take(invoice_id, PayOrder(b"", ())) as turn:
            open_orders = await turn.open_orders.read()
        released = [
            sent
            for sent in open_orders
            if external_id is None or external_id in sent.order.external_ids
        ]
        # Each order is in the journal of every one of its names.
        for sent in released:
            async with self.turns.take(invoice_id, sent.order) as turn:
                await turn.open_orders.release(sent)
        return len(released)

    async def _find_open_orders(self, turn: Turn, snapshot: Snapshot) -> list[SentOrder]:
        """The open orders that may be this one, each with its payments if they are there now."""
        everything = await turn.open_orders.read()
        same = [sent for sent in everything if sent.may_be(turn.invoice_id, turn.order)]
        for sent in same:
            its = snapshot
            if sent.invoice_id != turn.invoice_id:
                its = await self.lookup.look(sent.invoice_id, sent.order, turn.operation.deadline)
            sent.payment_ids = its.find_made_by(sent, everything) or ()
        return same

    async def _settle_if_booked(
        self, turn: Turn, snapshot: Snapshot, open_orders: list[SentOrder]
    ) -> PayOutcome | None:
        payment_ids = find_already_booked(turn, snapshot, open_orders)
        if payment_ids is None:
            return None
        for sent in open_orders:
            if sent.invoice_id == turn.invoice_id and (
                sent.payment_ids or sent.order.is_same_as(turn.order)
            ):
                await turn.open_orders.settle_booked(sent, sent.payment_ids or payment_ids)
        kept = warn_unless_external_ids_kept(turn.order, snapshot.payments)
        return PayOutcome(payment_ids, snapshot.invoice, external_ids_kept=kept)

    def _check(self, turn: Turn, snapshot: Snapshot, open_orders: list[SentOrder]) -> None:
        """Raise if the order must not be sent."""
        check_similar(turn, snapshot)
        for sent in open_orders:
            check_found_or_drafted(turn, sent)
            self._check_resendable(turn, sent)
        check_consent(turn, snapshot)

    def _check_resendable(self, turn: Turn, sent: SentOrder) -> None:
        """Raise ``OutcomeUnknownError`` unless *sent* may be sent again by now."""
        if is_older_than(self._resend_after, sent):
            return
        what = f"Nothing was sent. {describe_sent(sent)} has no known outcome"
        found = "it is not found yet; it may still be booked"
        raise self._recovery.unknown_error(turn, sent, what, found)
