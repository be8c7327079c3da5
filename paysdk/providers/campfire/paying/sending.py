"""Sending an order: the one request that books, and what a successful response says."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from paysdk.errors import (
    BadRequestError,
    ConflictError,
    DuplicatePaymentError,
    MalformedResponseError,
)
from paysdk.providers.campfire.endpoints import PAY
from paysdk.providers.campfire.invoices.normalise import Paid, read_paid
from paysdk.providers.campfire.paying.duplicate_checks import (
    check_similar,
    check_surplus,
    find_under_external_ids,
)
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.paying.recognition import can_be_found, find_booked, find_possible
from paysdk.providers.campfire.paying.recovery import warn_unless_external_ids_kept
from paysdk.providers.campfire.paying.sent_order import SentOrder
from paysdk.records.malformed import decode_or_raise
from paysdk.transport.deadline import Deadline
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.observer import Attempt, RequestStats, may_have_been_processed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.lookup import OrderLookup, Snapshot
    from paysdk.providers.campfire.paying.recovery import Recovery
    from paysdk.providers.campfire.paying.turns import Turn
    from paysdk.transport.client import Client

__all__ = ["Sender"]

_log = logging.getLogger("paysdk")


class _StoppedError(Exception):
    """Before a retry, the order was found to be booked, or must not be sent."""

    def __init__(self, payment_ids: tuple[str, ...], error: Exception | None = None) -> None:
        super().__init__()
        self.payment_ids = payment_ids
        self.error = error


class Sender:
    """Sends an order once, and reads the response."""

    def __init__(self, client: Client, lookup: OrderLookup, recovery: Recovery) -> None:
        self._client = client
        self._lookup = lookup
        self._recovery = recovery

    async def send_once(self, turn: Turn, snapshot: Snapshot) -> PayOutcome:
        """Write the order down, send it, and find out what came of it."""
        sent = SentOrder(
            invoice_id=turn.invoice_id,
            order=turn.order,
            before=frozenset(payment.id for payment in snapshot.payments),
        )
        attempts: list[Attempt] = []
        try:
            await turn.open_orders.record(sent)
            paid = await self._send(turn, sent, attempts)
        except _StoppedError as stopped:
            await turn.open_orders.settle(sent)
            if stopped.error is not None:
                raise stopped.error from None
            return PayOutcome(stopped.payment_ids)
        except Exception as error:
            # The error may also come from the user's code: the key source, the limiter and the
            # session raise errors of their own.
            if may_have_been_processed(attempts):
                return await self._recovery.look_for(turn, sent, error)
            if isinstance(error, BadRequestError | ConflictError):
                return await self._recovery.find_despite(turn, sent, error)
            await turn.open_orders.settle(sent)
            raise
        except asyncio.CancelledError:
            if not may_have_been_processed(attempts):
                await turn.open_orders.settle(sent)
            raise
        return await self._read_success(turn, sent, paid)

    async def _send(self, turn: Turn, sent: SentOrder, attempts: list[Attempt]) -> Paid:
        request = Request("POST", PAY.format(turn.invoice_id), body=turn.order.body)
        return await self._client.call_within(
            turn.operation.deadline,
            request,
            _decode_paid,
            RequestStats(),
            before_retry=partial(self._look_before_retry, turn, sent),
            attempts=attempts,
        )

    async def _look_before_retry(self, turn: Turn, sent: SentOrder) -> None:
        """Raise ``_StoppedError`` unless the order may be sent again."""
        try:
            payment_ids = await self._find_before_retry(turn)
            await turn.open_orders.record_again(sent)
        except Exception as error:  # noqa: BLE001  # whatever the user's journal raises
            raise _StoppedError((), error) from None
        if payment_ids is not None:
            raise _StoppedError(payment_ids)

    async def _find_before_retry(self, turn: Turn) -> tuple[str, ...] | None:
        if not turn.order.external_ids:
            return None
        # The deadline of the whole call is already running.
        snapshot = await self._lookup.look(turn.invoice_id, turn.order, Deadline(None))
        payment_ids = find_under_external_ids(turn, snapshot)
        if payment_ids is None:
            check_similar(turn, snapshot)
        return payment_ids

    async def _read_success(self, turn: Turn, sent: SentOrder, paid: Paid) -> PayOutcome:
        """Return the outcome of a success, without payments that others made meanwhile."""
        payment_ids = _find_new_payments(turn, sent, paid)
        if not payment_ids:
            error = MalformedResponseError(
                "The response is a success, but shows no new payment of this invoice"
            )
            return await self._recovery.look_for(
                turn, sent, turn.operation.locate(error), accepted=_is_draft(turn, paid)
            )
        shown = () if paid.invoice is None else paid.invoice.payments
        try:
            kept, can_be_found_again = await self._check_external_ids(turn, sent, shown)
        except DuplicatePaymentError:
            await turn.open_orders.settle_booked(sent, payment_ids)
            raise
        if can_be_found_again:
            await turn.open_orders.settle_booked(sent, payment_ids)
        else:
            await _keep_open(turn, sent, payment_ids)
        _warn_of_credit_memos(turn, paid)
        return PayOutcome(
            payment_ids, paid.invoice, credit_memos=paid.credit_memos, external_ids_kept=kept
        )

    async def _check_external_ids(
        self, turn: Turn, sent: SentOrder, shown: Iterable[Payment]
    ) -> tuple[bool, bool]:
        """Look at what is booked under the order's external ids now.

        Returns whether they are shown as they were sent, and whether a later call can find the
        order. It cannot if the server reads from a copy that is behind, or gives external ids of
        its own. Raises ``DuplicatePaymentError`` if another process booked the same meanwhile.
        """
        if not turn.order.external_ids:
            return True, True
        now = await self._look_after_success(turn)
        payments = {payment.id: payment for payment in shown} | (now or {})
        check_surplus(turn, sent, tuple(payments.values()))
        kept = warn_unless_external_ids_kept(turn.order, payments.values())
        return kept, can_be_found(turn.order, (payments if now is None else now).values())

    async def _look_after_success(self, turn: Turn) -> dict[str, Payment] | None:
        try:
            snapshot = await self._lookup.look(turn.invoice_id, turn.order, turn.operation.deadline)
        except Exception as error:  # noqa: BLE001  # whatever the user's own parts raise
            _log.warning(
                "campfire: invoice %s was paid, but looking for a second payment under the same "
                "external id failed: %s",
                turn.invoice_id,
                error,
            )
            return None
        if turn.consent.after_sending is not None:
            turn.consent.after_sending(snapshot.invoice, snapshot.payments)
        return {payment.id: payment for payment in snapshot.payments}


def _decode_paid(response: RawResponse) -> Paid:
    return decode_or_raise(read_paid, response.body)


def _find_new_payments(turn: Turn, sent: SentOrder, paid: Paid) -> tuple[str, ...]:
    """The payments of a success that may be the order's. *sent* gets those that certainly are."""
    if paid.invoice is None:
        sent.payment_ids = tuple(
            payment_id for payment_id in paid.payment_ids or () if payment_id not in sent.before
        )
        return sent.payment_ids
    if paid.invoice.id != turn.invoice_id:
        return ()
    # The response is a success. So if only as many payments as were ordered can be the order's own,
    # no other order made them. If no payment can be the order's own, the order is not booked yet,
    # and the new payments are somebody else's.
    sent.payment_ids = (
        find_booked(
            turn.order,
            paid.invoice.payments,
            before=sent.before,
            currency=paid.invoice.currency,
        )
        or ()
    )
    return sent.payment_ids or find_possible(
        turn.order, (each for each in paid.invoice.payments if each.id not in sent.before)
    )


def _is_draft(turn: Turn, paid: Paid) -> bool:
    """Whether a success without a new payment says that the order was accepted as a draft."""
    if paid.invoice is not None and paid.invoice.id == turn.invoice_id:
        return "payments" in paid.invoice.raw
    return paid.payment_ids == ()


async def _keep_open(turn: Turn, sent: SentOrder, payment_ids: tuple[str, ...]) -> None:
    # It was accepted, so it must not be sent again, not even after resend_after.
    sent.drafted = True
    await turn.open_orders.update(sent)
    what = (
        "campfire: invoice %s was paid, but its payments %s do not show under its external ids "
        "yet. Until they do, or until release_orders(%s) is called, calls for the same order send "
        "nothing"
    )
    _log.warning(what, turn.invoice_id, ", ".join(payment_ids), turn.invoice_id)


def _warn_of_credit_memos(turn: Turn, paid: Paid) -> None:
    if paid.credit_memos:
        made = ", ".join(memo.number or memo.id for memo in paid.credit_memos)
        _log.warning(
            "campfire: invoice %s was overpaid, and Campfire made credit memos for the rest: %s",
            turn.invoice_id,
            made,
        )
