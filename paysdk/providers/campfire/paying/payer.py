"""Sending an order to pay: what is read before, the one request that books, and the look at what came of it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import attrs

from paysdk.errors import (
    ConfigurationError,
    DuplicatePaymentError,
    MalformedResponseError,
    OutcomeUnknownError,
    PaysdkError,
)
from paysdk.orders import OrderJournal  # attrs reads it
from paysdk.payment import Payment  # likewise
from paysdk.providers.campfire.endpoints import PAY, PAYMENTS
from paysdk.providers.campfire.invoices.normalise import Paid, read_paid
from paysdk.providers.campfire.invoices.schema import Invoice  # likewise
from paysdk.providers.campfire.paying.order import PayOrder, PayOutcome
from paysdk.providers.campfire.paying.recognition import (
    find_booked,
    fits_name,
    may_be_booked,
    may_have_made,
    names_kept,
    refuse_surplus,
    voided_under,
    with_external_ids,
    would_be_found,
)
from paysdk.providers.campfire.paying.refusals import (
    draft_waits,
    may_be_booked_already,
    name_pays_another,
    overpays,
    sent_at,
    was_sent_before,
    was_voided,
)
from paysdk.providers.campfire.paying.sent import SentOrder, read_open_order
from paysdk.providers.campfire.paying.turns import Turns, name_of
from paysdk.records.page import decode_or_raise
from paysdk.transport.client import Deadline
from paysdk.transport.messages import Request, Response
from paysdk.transport.observer import RequestStats

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Iterable

    from paysdk.orders import Exclusive
    from paysdk.provider import Listing
    from paysdk.transport.client import Client

__all__ = ["Consent", "Payer"]

E = TypeVar("E", bound=PaysdkError)
T = TypeVar("T")

_log = logging.getLogger("paysdk")


@attrs.frozen(kw_only=True)
class Consent:
    """What the caller allows.

    ``others`` are the ids of payments that the caller knows to be something else.
    """

    overpayment: bool = False
    rebook_voided: bool = False
    others: frozenset[str] = frozenset()


@attrs.frozen
class _Turn:
    """An order whose names are held, each with its journal."""

    number: int
    order: PayOrder
    deadline: Deadline
    journals: dict[str, OrderJournal]
    consent: Consent = Consent()


@attrs.frozen
class _Seen:
    """An invoice, and its payments together with what is listed under the external ids."""

    invoice: Invoice
    payments: tuple[Payment, ...]

    def of(self, number: int) -> list[Payment]:
        return [payment for payment in self.payments if payment.invoice.id == str(number)]


class _StoppedError(Exception):
    """Before it was sent again, the order was found to be booked, or must not be sent."""

    def __init__(self, payment_ids: tuple[str, ...], error: Exception | None = None) -> None:
        super().__init__()
        self.payment_ids = payment_ids
        self.error = error


class Payer:
    """Pays invoices: one order at a time on an invoice, and one at a time under an external id.

    *invoice* reads an invoice, *under* lists the payments that a filter has this value for. An
    order whose outcome is unknown holds its names: nothing more is sent under them until it is
    found, until a person releases it, or, if *resend_after* is given, until so many seconds after
    it was sent.
    """

    def __init__(
        self,
        client: Client,
        invoice: Callable[[int, Deadline], Awaitable[Invoice]],
        under: Callable[[str, str], Listing],
        exclusive: Exclusive | None = None,
        resend_after: float | None = None,
    ) -> None:
        self._client = client
        self._invoice = invoice
        self._under = under
        self._turns = Turns(exclusive)
        self._resend_after = resend_after

    async def pay(self, number: int, order: PayOrder, consent: Consent) -> PayOutcome:
        async with self._turn(number, order, consent) as turn:
            return await self._pay(turn)

    async def release(self, number: int, external_id: str | None) -> int:
        """Strike out the open orders of an invoice, or only those under one external id, and give how many there were."""
        async with self._turn(number, PayOrder(b"", ())) as turn:
            there = await self._read_open(turn)
        released = [
            sent for sent in there if external_id is None or external_id in sent.order.external_ids
        ]
        # Each of them is kept under every one of its names.
        for sent in released:
            async with self._turn(number, sent.order) as turn:
                for journal in turn.journals.values():
                    await self._within(turn.deadline, journal.record_settled(sent.id), number)
        return len(released)

    @asynccontextmanager
    async def _turn(
        self, number: int, order: PayOrder, consent: Consent = Consent()
    ) -> AsyncGenerator[_Turn]:  # frozen
        """Hold the order's names: two that saw the same payments beforehand could not tell their new ones apart."""
        deadline = self._client.deadline()
        names = [
            self._name(number),
            *(name_of(self._origin, "external_id", each) for each in order.external_ids),
        ]
        async with self._turns.hold(
            names, lambda waiting: self._within(deadline, waiting, number)
        ) as journals:
            yield _Turn(number, order, deadline, journals, consent)

    async def _pay(self, turn: _Turn) -> PayOutcome:
        seen = await self._see(turn.number, turn.order, turn.deadline)
        there = await self._read_open(turn)
        holding = [sent for sent in there if sent.would_be(turn.number, turn.order)]
        for sent in holding:
            sent.ids = await self._find_open(turn, sent, seen, there) or ()
        if (ids := self._booked_already(turn, seen, holding)) is not None:
            for sent in holding:
                if sent.number == turn.number and (sent.ids or sent.order.is_same_as(turn.order)):
                    await self._settle_booked(turn, sent, sent.ids or ids)
            return PayOutcome(
                ids, seen.invoice, external_ids_kept=_tell_kept(turn.order, seen.payments)
            )
        self._refuse_what_may_be_booked(turn, seen)
        for sent in holding:
            self._refuse_while_open(turn, sent)
        self._refuse_by_consent(turn, seen)
        for sent in holding:
            await self._settle(turn, sent)
        return await self._send_once(turn, seen)

    def _booked_already(
        self, turn: _Turn, seen: _Seen, holding: Iterable[SentOrder]
    ) -> tuple[str, ...] | None:
        """The payments of the order, if it is booked under its names, or was sent earlier and is found now."""
        if (ids := self._under_names(turn, seen)) is not None:
            return ids
        for sent in holding:
            if sent.ids and sent.number == turn.number and sent.order.is_same_as(turn.order):
                return sent.ids
        return None

    def _under_names(self, turn: _Turn, seen: _Seen) -> tuple[str, ...] | None:
        """What is booked under the order's external ids.

        Raises ``ConfigurationError`` if that pays another invoice.
        """
        try:
            ids = with_external_ids(turn.order, seen.payments)
        except DuplicatePaymentError as error:
            raise self._at(error, turn.number) from None
        named = [
            payment
            for payment in seen.payments
            if payment.external_id in turn.order.external_ids and not payment.is_voided
        ]
        for payment in named:
            if payment.invoice.id != str(turn.number):
                raise name_pays_another(payment)
        return ids

    def _refuse_what_may_be_booked(self, turn: _Turn, seen: _Seen) -> None:
        if similar := may_be_booked(turn.order, seen.payments, others=turn.consent.others):
            raise self._at(may_be_booked_already(similar), turn.number)

    def _refuse_while_open(self, turn: _Turn, sent: SentOrder) -> None:
        """Raise if *sent*, which is not this very order or was not found, still holds its names."""
        if sent.ids:
            raise self._at(was_sent_before(sent), turn.number)
        if sent.drafted:
            raise self._at(draft_waits(sent), turn.number)
        if self._resend_after is not None and datetime.now(UTC) - sent.sent_at >= timedelta(
            seconds=self._resend_after
        ):
            return
        what = f"Nothing was sent: {sent_at(sent)}, may still be booked"
        raise self._unknown(turn, sent, what, "it is not found yet; it may still be booked")

    def _refuse_by_consent(self, turn: _Turn, seen: _Seen) -> None:
        voided, due = (
            voided_under(turn.order, seen.payments, others=turn.consent.others),
            seen.invoice.amount_due,
        )
        if voided and not turn.consent.rebook_voided:
            raise was_voided(voided)
        if due is not None and turn.order.total > due and not turn.consent.overpayment:
            raise overpays(turn.number, turn.order.total, due)

    async def _send_once(self, turn: _Turn, seen: _Seen) -> PayOutcome:
        sent = SentOrder(
            number=turn.number,
            order=turn.order,
            before=frozenset(payment.id for payment in seen.payments),
        )
        stats = RequestStats()
        try:
            await self._record(turn, sent)
            paid = await self._send(turn, sent, stats)
        except _StoppedError as stopped:
            await self._settle(turn, sent)
            if stopped.error is not None:
                raise stopped.error from None
            return PayOutcome(stopped.payment_ids)
        except Exception as error:
            # Not only what paysdk raises: the key's source, the limiter and the session are the
            # user's, and fail in their own ways.
            if stats.may_have_been_processed:
                return await self._look_for(turn, sent, error)
            await self._settle(turn, sent)
            raise
        except asyncio.CancelledError:
            if not stats.may_have_been_processed:
                await self._settle(turn, sent)
            raise
        return await self._read_success(turn, sent, paid)

    async def _send(self, turn: _Turn, sent: SentOrder, stats: RequestStats) -> Paid:
        def read(response: Response) -> Paid:
            return decode_or_raise(read_paid, response.body)

        async def look_before_sending_again() -> None:
            ids: tuple[str, ...] | None = None
            try:
                if turn.order.external_ids:
                    # The time of the whole call counts already.
                    seen = await self._see(turn.number, turn.order, Deadline(None))
                    ids = self._under_names(turn, seen)
                    if ids is None:
                        self._refuse_what_may_be_booked(turn, seen)
                # Waiting may have taken longer than a name can be held: whoever lost it may not
                # send.
                for journal in turn.journals.values():
                    await journal.record_sent(sent.to_open())
            except Exception as error:  # noqa: BLE001  # whatever the user's journal raises
                raise _StoppedError((), error) from None
            if ids is not None:
                raise _StoppedError(ids)

        request = Request("POST", PAY.format(turn.number), body=turn.order.body)
        return await self._client.call_within(
            turn.deadline, request, read, stats, before_retry=look_before_sending_again
        )

    async def _read_success(self, turn: _Turn, sent: SentOrder, paid: Paid) -> PayOutcome:
        """What a success says.

        Somebody else may have paid meanwhile: what is not ours is left out, as far as it can be
        told.
        """
        ids: tuple[str, ...] = ()
        invoice = paid.invoice
        accepted = paid.payment_ids == ()
        if invoice is not None and invoice.id == turn.number:
            # It was booked, so if only as many as were ordered can be its, no other order has made
            # them. If none can be its, it was not booked yet: what is new is somebody else's.
            sent.ids = (
                find_booked(
                    turn.order, invoice.payments, before=sent.before, currency=invoice.currency
                )
                or ()
            )
            ids = sent.ids or may_have_made(
                turn.order, (each for each in invoice.payments if each.id not in sent.before)
            )
            accepted = not ids and "payments" in invoice.raw
        elif invoice is None:
            ids = sent.ids = tuple(
                payment_id for payment_id in paid.payment_ids or () if payment_id not in sent.before
            )
        if not ids:
            strange = MalformedResponseError(
                "The answer is a success, and has no new payment of this invoice in it"
            )
            return await self._look_for(
                turn, sent, self._at(strange, turn.number), accepted=accepted
            )
        try:
            kept, shows = await self._check_names(
                turn, sent, () if invoice is None else invoice.payments
            )
        except DuplicatePaymentError:
            await self._settle_booked(turn, sent, ids)
            raise
        if shows:
            await self._settle_booked(turn, sent, ids)
        else:
            # It was accepted, so no rest makes it right to send it again.
            sent.drafted = True
            await self._note(turn, sent)
            what = (
                "campfire: invoice %s was paid, but its payments %s do not show under its names "
                "yet. Until they do, or "
                "release_orders(%s) is called, calls for the same order send nothing"
            )
            _log.warning(what, turn.number, ", ".join(ids), turn.number)
        if paid.credit_memos:
            made = ", ".join(memo.number or memo.id for memo in paid.credit_memos)
            _log.warning(
                "campfire: invoice %s was overpaid, and Campfire made credit memos of the rest: %s",
                turn.number,
                made,
            )
        return PayOutcome(ids, invoice, credit_memos=paid.credit_memos, external_ids_kept=kept)

    async def _check_names(
        self, turn: _Turn, sent: SentOrder, shown: Iterable[Payment]
    ) -> tuple[bool, bool]:
        """Look at what is under the order's external ids now.

        Gives whether they are shown as they were sent, and whether the next look will find the
        order: a server that reads from a copy may not show it yet, or shows it under a name that is
        not made of ours. Raises ``DuplicatePaymentError`` if another process has booked the same at
        the same time.
        """
        if not turn.order.external_ids:
            return True, True
        payments = {payment.id: payment for payment in shown}
        found = payments.keys()
        try:
            seen = await self._see(turn.number, turn.order, turn.deadline)
        except Exception as error:  # noqa: BLE001  # whatever the user's own parts raise
            _log.warning(
                "campfire: invoice %s was paid, but looking for a second payment under the same "
                "name failed: %s",
                turn.number,
                error,
            )
        else:
            now = {payment.id: payment for payment in seen.payments}
            payments, found = payments | now, now.keys()
        there = tuple(payments.values())
        self._refuse_surplus(turn, sent, there)
        return _tell_kept(turn.order, there), would_be_found(
            turn.order, [payments[each] for each in found]
        )

    def _refuse_surplus(self, turn: _Turn, sent: SentOrder, payments: tuple[Payment, ...]) -> None:
        try:
            refuse_surplus(turn.order, payments, before=sent.before)
        except DuplicatePaymentError as error:
            raise self._at(error, turn.number) from None

    async def _look_for(
        self, turn: _Turn, sent: SentOrder, error: Exception, *, accepted: bool = False
    ) -> PayOutcome:
        """Look whether *sent* was booked although it failed with *error*, or, if it was *accepted*, waits as a draft."""
        if accepted:
            sent.drafted = True
            await self._note(turn, sent)
        try:
            found = await self._find_sent(turn, sent)
        except DuplicatePaymentError:
            raise
        except Exception as looking:  # noqa: BLE001  # whatever the user's own parts raise
            found = f"looking for it failed: {looking}"
        if isinstance(found, PayOutcome):
            return found
        if accepted and not found:
            _log.warning(
                "campfire: the order for invoice %s waits in Campfire for approval", turn.number
            )
            return PayOutcome((), drafted=True)
        what = (
            f"{_operation(turn.number)} failed ({error}), and whether it was processed cannot "
            "be told"
        )
        raise self._unknown(
            turn, sent, what, found or "no new payment on the invoice yet; it may still be booked"
        ) from error

    async def _find_sent(self, turn: _Turn, sent: SentOrder) -> PayOutcome | str:
        """The outcome of *sent*, if it is found, or else what is new on the invoice, in words."""
        seen = await self._see(turn.number, turn.order, turn.deadline)
        ids = sent.ids or self._recognise(sent, seen, await self._read_open(turn))
        self._refuse_surplus(turn, sent, seen.payments)
        if ids:
            await self._settle_booked(turn, sent, ids)
            return PayOutcome(
                ids, seen.invoice, external_ids_kept=_tell_kept(turn.order, seen.payments)
            )
        new = [
            f"{payment.id} ({payment.amount})"
            for payment in seen.of(turn.number)
            if payment.id not in sent.before
        ]
        return (
            f"new on the invoice, but not certainly what was ordered: {', '.join(new)}"
            if new
            else ""
        )

    def _unknown(self, turn: _Turn, sent: SentOrder, what: str, found: str) -> OutcomeUnknownError:
        async def look_again() -> PayOutcome | None:
            async with self._turn(sent.number, sent.order) as again:
                # Its entry says which payments other orders made meanwhile.
                kept = next(
                    (each for each in await self._read_open(again) if each.id == sent.id), None
                )
                if kept is None and not sent.ids and not sent.order.is_named:
                    return (
                        None  # it was found or released by others, and what is new may be anybody's
                    )
                kept = kept or sent
                kept.ids = sent.ids
                outcome = await self._find_sent(again, kept)
                sent.ids = kept.ids
            return outcome if isinstance(outcome, PayOutcome) else None

        error = OutcomeUnknownError(
            f"{what}: {found}. Do not send it again before you know: look with error.check() or "
            "retrieve_invoice. Until it is found, calls "
            "for the same order send nothing; if it is certain that it will not come, call "
            f"release_orders({sent.number}).",
            operation=_operation(sent.number),
            found=found,
            look=look_again,
        )
        error.at(self._client.provider, "POST", self._url(turn.number))
        return error

    async def _find_open(
        self, turn: _Turn, sent: SentOrder, seen: _Seen, there: list[SentOrder]
    ) -> tuple[str, ...] | None:
        """The payments of an order that was sent earlier, if they are found now."""
        if sent.number != turn.number:
            seen = await self._see(sent.number, sent.order, turn.deadline)
        return self._recognise(sent, seen, there)

    def _recognise(
        self, sent: SentOrder, seen: _Seen, there: Iterable[SentOrder]
    ) -> tuple[str, ...] | None:
        rivals = [
            other.order for other in there if other.id != sent.id and other.number == sent.number
        ]
        return find_booked(
            sent.order,
            seen.of(sent.number),
            before=sent.before,
            currency=seen.invoice.currency,
            rivals=rivals,
        )

    async def _see(self, number: int, order: PayOrder, deadline: Deadline) -> _Seen:
        """The invoice of this *number*, and what is listed under the order's external ids."""
        invoice = await self._invoice(number, deadline)
        listed: list[Payment] = []
        await self._within(deadline, self._list(order, listed), number, Request("GET", PAYMENTS))
        payments = _merge(invoice.payments, listed)
        # The document's sample of an invoice shows its payments without their names: only the list
        # has those.
        if may_be_booked(
            order,
            [each for each in payments if not each.external_id and "external_id" not in each.raw],
        ):
            await self._within(
                deadline, self._list_invoice(number, listed), number, Request("GET", PAYMENTS)
            )
            payments = _merge(invoice.payments, listed)
        return _Seen(invoice, payments)

    async def _list(self, order: PayOrder, found: list[Payment]) -> None:
        for external_id in sorted(order.external_ids):
            with _without_checkpoint():
                listing = self._under("external_id", external_id)
                found += [
                    payment
                    async for payment in listing
                    if payment.external_id and fits_name(external_id, payment.external_id)
                ]

    async def _list_invoice(self, number: int, found: list[Payment]) -> None:
        with _without_checkpoint():
            found += [
                payment
                async for payment in self._under("invoice_id", str(number))
                if payment.invoice.id == str(number)
            ]

    async def _read_open(self, turn: _Turn) -> list[SentOrder]:
        """The open orders under the turn's names, oldest first."""
        there: dict[str, SentOrder] = {}
        # The invoice's comes last: it knows of the payments that other orders made there since.
        for name in sorted(turn.journals, key=lambda name: name == self._name(turn.number)):
            kept = await self._within(turn.deadline, turn.journals[name].read_open(), turn.number)
            for order in kept:
                sent = read_open_order(order)
                if sent is None:
                    raise ConfigurationError(
                        f"Nothing was sent: another version of paysdk left the order {order.id} "
                        f"open under {name!r}, and this one cannot "
                        "read it. Let that version finish it."
                    )
                there[sent.id] = sent
        return sorted(there.values(), key=lambda sent: sent.sent_at)

    async def _record(self, turn: _Turn, sent: SentOrder) -> None:
        """Write *sent* down under every name, before it goes out."""
        for journal in turn.journals.values():
            await self._within(turn.deadline, journal.record_sent(sent.to_open()), turn.number)

    async def _note(self, turn: _Turn, sent: SentOrder) -> None:
        """Write down what has changed about *sent*. It is kept as it was if that fails."""
        for journal in turn.journals.values():
            await self._try(partial(journal.record_sent, sent.to_open()), sent)

    async def _settle_booked(self, turn: _Turn, sent: SentOrder, ids: tuple[str, ...]) -> None:
        """Strike out *sent*, which made these payments, so that they are not taken for those of another open order."""
        sent.ids = ids
        await self._settle(turn, sent)
        try:
            others = await self._read_open(turn)
        except Exception as error:  # noqa: BLE001  # the order is booked, whatever the journal does
            _log.warning(
                "campfire: the open orders of invoice %s could not be read: %r", turn.number, error
            )
            return
        for other in others:
            if other.id != sent.id and other.number == turn.number:
                other.before |= frozenset(ids)
                await self._try(
                    partial(turn.journals[self._name(turn.number)].record_sent, other.to_open()),
                    other,
                )

    async def _settle(self, turn: _Turn, sent: SentOrder) -> None:
        """Strike out *sent*.

        If that fails, it stays open, and is looked for when its name is used next.
        """
        for journal in turn.journals.values():
            await self._try(partial(journal.record_settled, sent.id), sent)

    async def _try(self, write: Callable[[], Awaitable[object]], sent: SentOrder) -> None:
        try:
            # The operation's time may have run out, and what came of it is written down all the
            # same.
            async with asyncio.timeout(self._client.settings.timeout):
                await write()
        except Exception as error:  # noqa: BLE001  # whatever the user's journal raises
            _log.warning(
                "campfire: what came of an order for invoice %s could not be written down: %r",
                sent.number,
                error,
            )

    async def _within(
        self, deadline: Deadline, waiting: Awaitable[T], number: int, what: Request | None = None
    ) -> T:
        what = what or Request("POST", PAY.format(number))
        try:
            async with deadline.enforce():
                return await waiting
        except PaysdkError as error:
            error.at(self._client.provider, what.method, self._origin + what.target)
            raise

    @property
    def _origin(self) -> str:
        return self._client.settings.origin

    def _name(self, number: int) -> str:
        return name_of(self._origin, "invoice", number)

    def _at(self, error: E, number: int) -> E:
        error.at(self._client.provider, "POST", self._url(number))
        return error

    def _url(self, number: int) -> str:
        return self._origin + PAY.format(number)


def _operation(number: int) -> str:
    return f"mark_invoice_paid({number})"


def _merge(shown: Iterable[Payment], listed: Iterable[Payment]) -> tuple[Payment, ...]:
    """The payments that an invoice shows, each with the name that the list has for it, and what else is listed."""
    names = {payment.id: payment for payment in listed}
    merged = {
        each.id: attrs.evolve(each, external_id=names[each.id].external_id)
        if each.id in names and not each.external_id
        else each
        for each in shown
    }
    return (*merged.values(), *(each for each in names.values() if each.id not in merged))


@contextmanager
def _without_checkpoint() -> Generator[None]:
    """A listing that nobody else walks has no place to resume from."""
    try:
        yield
    except PaysdkError as error:
        error.checkpoint = None
        raise


def _tell_kept(order: PayOrder, payments: Collection[Payment]) -> bool:
    """Whether the server shows the order's external ids as they were sent.

    It is logged if it does not.
    """
    kept = names_kept(order, payments)
    if not kept:
        _log.warning(
            "campfire: the server does not show these external_ids as they were sent: %s. They "
            "must be compared to be recognised",
            ", ".join(map(repr, sorted(order.external_ids))),
        )
    return kept
