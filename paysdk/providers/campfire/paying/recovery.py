"""After a failure: looking whether the order was booked, and the error if that is unknown."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from paysdk.errors import DuplicatePaymentError, OutcomeUnknownError
from paysdk.providers.campfire.paying.duplicate_checks import check_surplus
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.paying.recognition import are_external_ids_kept

if TYPE_CHECKING:
    from collections.abc import Collection

    from paysdk.errors import APIError
    from paysdk.payment import Payment
    from paysdk.providers.campfire.paying.lookup import OrderLookup, Snapshot
    from paysdk.providers.campfire.paying.order import PayOrder
    from paysdk.providers.campfire.paying.sent_order import SentOrder
    from paysdk.providers.campfire.paying.turns import Turn, Turns

__all__ = ["Recovery", "warn_unless_external_ids_kept"]

_log = logging.getLogger("paysdk")


class Recovery:
    """Looks for an order that was sent and whose response did not say what came of it."""

    def __init__(self, lookup: OrderLookup, turns: Turns) -> None:
        self._lookup = lookup
        self._turns = turns

    async def look_for(
        self, turn: Turn, sent: SentOrder, error: Exception, *, accepted: bool = False
    ) -> PayOutcome:
        """Look whether *sent*, which failed with *error*, was booked.

        If it was *accepted*, it may also wait as a draft.
        """
        if accepted:
            sent.drafted = True
            await turn.open_orders.update(sent)
        found = await self._try_find(turn, sent)
        if isinstance(found, PayOutcome):
            return found
        if accepted and not found:
            _log.warning(
                "campfire: the order for invoice %s waits in Campfire for approval",
                turn.invoice_id,
            )
            return PayOutcome((), drafted=True)
        what = f"{turn.operation.name} failed ({error}), and it may have been processed"
        raise self.unknown_error(
            turn, sent, what, found or "no new payment on the invoice yet; it may still be booked"
        ) from error

    async def find_despite(self, turn: Turn, sent: SentOrder, refusal: APIError) -> PayOutcome:
        """Look whether *sent*, which the API refused, is booked under its external ids after all.

        A gateway that sends a request twice shows only the second response. That may be a refusal
        because of the first one. Raises *refusal* if the order is not booked.
        """
        await turn.open_orders.settle(sent)
        found = await self._try_find(turn, sent) if sent.order.has_all_external_ids else ""
        if isinstance(found, PayOutcome):
            return found
        raise refusal

    def unknown_error(
        self, turn: Turn, sent: SentOrder, what: str, found: str
    ) -> OutcomeUnknownError:
        """The error for an order whose outcome is unknown. Its ``check()`` looks again."""
        error = OutcomeUnknownError(
            f"{what}: {found}. Do not pay again before you know. Look with "
            "error.check() or retrieve_invoice. Until the order is found, calls for it send "
            "nothing. If you are certain that it will not come, call "
            f"release_orders({sent.invoice_id}).",
            operation=f"mark_invoice_paid({sent.invoice_id})",
            found=found,
            look=partial(self._look_again, sent),
        )
        return turn.operation.locate(error)

    async def _try_find(self, turn: Turn, sent: SentOrder) -> PayOutcome | str:
        try:
            return await self._find(turn, sent)
        except DuplicatePaymentError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever the user's own parts raise
            return f"looking for it failed: {error}"

    async def _find(self, turn: Turn, sent: SentOrder) -> PayOutcome | str:
        """The outcome of *sent*, if it is found, or else what is new on the invoice, in words."""
        snapshot = await self._lookup.look(turn.invoice_id, turn.order, turn.operation.deadline)
        payment_ids = sent.payment_ids or snapshot.find_made_by(sent, await turn.open_orders.read())
        check_surplus(turn, sent, snapshot.payments)
        if not payment_ids:
            return _describe_new(turn, sent, snapshot)
        await turn.open_orders.settle_booked(sent, payment_ids)
        kept = warn_unless_external_ids_kept(turn.order, snapshot.payments)
        return PayOutcome(payment_ids, snapshot.invoice, external_ids_kept=kept)

    async def _look_again(self, sent: SentOrder) -> PayOutcome | None:
        async with self._turns.take(sent.invoice_id, sent.order) as turn:
            # The journal's entry knows which payments other orders made meanwhile.
            open_orders = await turn.open_orders.read()
            kept = next((each for each in open_orders if each.id == sent.id), None)
            if kept is None and not sent.payment_ids and not sent.order.has_all_external_ids:
                # Another call found or released the order. So a new payment may be anybody's.
                return None
            kept = kept or sent
            kept.payment_ids = sent.payment_ids
            outcome = await self._find(turn, kept)
            sent.payment_ids = kept.payment_ids
        return outcome if isinstance(outcome, PayOutcome) else None


def warn_unless_external_ids_kept(order: PayOrder, payments: Collection[Payment]) -> bool:
    """Whether the server shows the order's external ids as they were sent. Logs if it does not."""
    kept = are_external_ids_kept(order, payments)
    if not kept:
        _log.warning(
            "campfire: the server does not show these external ids as they were sent: %s. paysdk "
            "has to compare payments to recognise them",
            ", ".join(map(repr, sorted(order.external_ids))),
        )
    return kept


def _describe_new(turn: Turn, sent: SentOrder, snapshot: Snapshot) -> str:
    new = [
        f"{payment.id} ({payment.amount})"
        for payment in snapshot.payments_of(turn.invoice_id)
        if payment.id not in sent.before
    ]
    if not new:
        return ""
    return f"new on the invoice, but not certainly what was ordered: {', '.join(new)}"
