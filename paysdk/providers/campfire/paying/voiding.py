"""Voiding a payment: look, check, send once, and look again.

Source: "Void Invoice Payment" in the API's own schema of July 2026. No document says what a second
void does, so a payment is never voided twice.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import attrs
import msgspec

from paysdk.errors import (
    APIError,
    BadRequestError,
    ConflictError,
    MalformedResponseError,
    OutcomeUnknownError,
    PaysdkError,
)
from paysdk.providers.campfire.invoices.normalise import read_payment
from paysdk.providers.campfire.paying.open_orders import OpenOrders  # attrs reads it
from paysdk.providers.campfire.paying.operation import PayOperation
from paysdk.providers.campfire.paying.refusals import (
    may_refund,
    not_of_this_invoice_error,
    refund_error,
)
from paysdk.providers.campfire.paying.sent_order import (
    SentVoid,
    describe_time,
    is_older_than,
)
from paysdk.records.malformed import decode_or_raise
from paysdk.transport.deadline import Deadline
from paysdk.transport.messages import Request
from paysdk.transport.observer import Attempt, RequestStats, may_have_been_processed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import date

    from paysdk.payment import Payment
    from paysdk.providers.campfire.invoices.schema import Invoice
    from paysdk.providers.campfire.paying.lookup import OrderLookup
    from paysdk.providers.campfire.paying.turns import Turns
    from paysdk.transport.client import Client
    from paysdk.transport.messages import RawResponse

__all__ = ["Voider"]

_log = logging.getLogger("paysdk")

_NOT_YET = "the payment is not voided yet; it may still be, or the void may wait for approval"


class _VoidedError(Exception):
    """Before a retry, the payment was found to be voided."""

    def __init__(self, payment: Payment) -> None:
        super().__init__()
        self.payment = payment


class _StoppedError(Exception):
    """Before a retry, looking for the payment failed, so the void must not be sent."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


@attrs.frozen
class _Turn:
    """A void during its turn: nothing else is sent for its invoice or its payment meanwhile."""

    operation: PayOperation
    journal: OpenOrders
    payment_id: int


class Voider:
    """Voids payments, one at a time.

    A void whose outcome is unknown stays open, as an order does, and no other void of its payment
    is sent. That ends when the payment is found to be voided, when a person releases the void, or
    *resend_after* seconds after it was sent.
    """

    def __init__(
        self, client: Client, lookup: OrderLookup, turns: Turns, resend_after: float | None
    ) -> None:
        self._client = client
        self._lookup = lookup
        self._turns = turns
        self._resend_after = resend_after

    async def void(
        self, invoice_id: int, payment_id: int, void_date: date | None, *, allow_refund: bool
    ) -> Payment:
        """Void a payment, unless it is voided already."""
        async with self._take(invoice_id, payment_id) as turn:
            payment, invoice = await self._find(turn, turn.operation.deadline)
            open_voids = await turn.journal.read_voids(turn.payment_id)
            if not payment.is_voided:
                for sent in open_voids:
                    self._check_resendable(turn, sent)
            for sent in open_voids:
                await turn.journal.settle(sent)
            if payment.is_voided:
                return _report_voided(payment, "Nothing was sent")
            if not allow_refund and may_refund(payment):
                raise refund_error(payment)
            return await self._send_once(turn, payment, invoice, void_date)

    async def release(self, invoice_id: int, payment_id: int) -> int:
        """Release the open voids of a payment, and return how many there were."""
        async with self._take(invoice_id, payment_id) as turn:
            open_voids = await turn.journal.read_voids(turn.payment_id)
            for sent in open_voids:
                await turn.journal.release(sent)
        return len(open_voids)

    @asynccontextmanager
    async def _take(self, invoice_id: int, payment_id: int) -> AsyncGenerator[_Turn]:
        operation = PayOperation.begin_void(self._client, invoice_id, payment_id)
        async with self._turns.take_void(operation, payment_id) as journal:
            yield _Turn(operation, journal, payment_id)

    async def _find(self, turn: _Turn, deadline: Deadline) -> tuple[Payment, Invoice]:
        invoice_id = turn.operation.invoice_id
        payment, invoice = await self._lookup.find_payment(invoice_id, turn.payment_id, deadline)
        if payment is None:
            raise not_of_this_invoice_error(invoice_id, turn.payment_id, invoice.payments)
        return payment, invoice

    async def _send_once(
        self, turn: _Turn, payment: Payment, invoice: Invoice, void_date: date | None
    ) -> Payment:
        """Write the void down, send it, and find out what came of it. See ``Sender.send_once``."""
        sent = SentVoid(invoice_id=turn.operation.invoice_id, payment_id=turn.payment_id)
        attempts: list[Attempt] = []
        try:
            await turn.journal.record(sent)
            voided = await self._client.call_within(
                turn.operation.deadline,
                Request("POST", turn.operation.path, body=_encode_body(void_date)),
                partial(_read, payment, invoice),
                RequestStats(),
                before_retry=partial(self._look_before_retry, turn, sent),
                attempts=attempts,
            )
        except _StoppedError as stopped:
            await turn.journal.settle(sent)
            raise stopped.error from None
        except _VoidedError as stopped:
            await turn.journal.settle(sent)
            return _report_voided(stopped.payment, "The request was not sent again")
        except Exception as error:
            if may_have_been_processed(attempts):
                return await self._look_for(turn, sent, error)
            await turn.journal.settle(sent)
            if isinstance(error, BadRequestError | ConflictError):
                return await self._find_voided(turn, error)
            raise
        except asyncio.CancelledError:
            if not may_have_been_processed(attempts):
                await turn.journal.settle(sent)
            raise
        await turn.journal.settle(sent)
        return voided

    async def _look_before_retry(self, turn: _Turn, sent: SentVoid) -> None:
        """Raise ``_StoppedError`` unless the void may be sent again."""
        try:
            # The deadline of the whole call is already running.
            payment, _ = await self._find(turn, Deadline(None))
            await turn.journal.record_again(sent)
        except Exception as error:  # noqa: BLE001  # whatever the user's journal raises
            raise _StoppedError(error) from None
        if payment.is_voided:
            raise _VoidedError(payment)

    async def _find_voided(self, turn: _Turn, error: APIError) -> Payment:
        """The payment, if *error* refuses a void because somebody has voided it meanwhile."""
        try:
            payment, _ = await self._find(turn, turn.operation.deadline)
        except PaysdkError:
            raise error from None
        if not payment.is_voided:
            raise error
        return _report_voided(payment, f"Campfire refused a second void ({error.detail})")

    async def _look_for(self, turn: _Turn, sent: SentVoid, error: Exception) -> Payment:
        """Look whether *sent*, which failed with *error*, was carried out."""
        try:
            payment, _ = await self._find(turn, turn.operation.deadline)
        except Exception as failure:  # noqa: BLE001  # whatever the user's own parts raise
            found = f"looking for it failed: {failure}"
        else:
            if payment.is_voided:
                await turn.journal.settle(sent)
                return payment
            found = _NOT_YET
        what = f"{turn.operation.name} failed ({error}), and it may have been processed"
        raise self._unknown_error(turn, what, found) from error

    def _check_resendable(self, turn: _Turn, sent: SentVoid) -> None:
        """Raise ``OutcomeUnknownError`` unless *sent* may be sent again by now."""
        if is_older_than(self._resend_after, sent):
            return
        what = (
            f"Nothing was sent. An earlier void of payment {turn.payment_id} "
            f"({describe_time(sent)}) has no known outcome"
        )
        raise self._unknown_error(turn, what, _NOT_YET)

    def _unknown_error(self, turn: _Turn, what: str, found: str) -> OutcomeUnknownError:
        invoice_id = turn.operation.invoice_id
        release = f"release_orders({invoice_id}, payment_id={turn.payment_id})"
        error = OutcomeUnknownError(
            f"{what}: {found}. Look with error.check() or retrieve_invoice. Until the payment is "
            "found to be voided, calls for it send nothing. If you are certain that the void will "
            f"not come, call {release}.",
            operation=turn.operation.name,
            found=found,
            look=partial(self._look_again, invoice_id, turn.payment_id),
        )
        return turn.operation.locate(error)

    async def _look_again(self, invoice_id: int, payment_id: int) -> Payment | None:
        async with self._take(invoice_id, payment_id) as turn:
            payment, _ = await self._find(turn, turn.operation.deadline)
            if not payment.is_voided:
                return None
            for sent in await turn.journal.read_voids(turn.payment_id):
                await turn.journal.settle(sent)
        return payment


def _encode_body(void_date: date | None) -> bytes:
    # Without a day, the API takes its current day (the schema).
    return msgspec.json.encode({} if void_date is None else {"void_date": void_date})


def _read(payment: Payment, invoice: Invoice, response: RawResponse) -> Payment:
    """The voided payment in *response*.

    Raises ``MalformedResponseError`` unless it is *payment* and is voided: a success may also be a
    draft that waits for approval.
    """
    voided = decode_or_raise(partial(read_payment, invoice=invoice), response.body)
    if voided.id != payment.id or not voided.is_voided:
        raise MalformedResponseError(
            f"The response is a success, but does not show that payment {payment.id} is voided",
            raw=response.body[:200],
        ).quoting()
    # The invoice was read before the void.
    return attrs.evolve(voided, invoice=attrs.evolve(voided.invoice, balance=None))


def _report_voided(payment: Payment, what: str) -> Payment:
    _log.info(
        "campfire: payment %s was voided already, on %s. %s", payment.id, payment.voided_date, what
    )
    return payment
