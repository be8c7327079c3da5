"""Campfire: its endpoints, how they page, and which filters they take.

Documents: "List Invoice Payments", "Retrieve Invoice" and "Mark Invoice as Paid" on
docs.campfire.ai.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Unpack

from paysdk.arguments import check_bool, check_int, check_seconds
from paysdk.errors import ConfigurationError, MalformedResponseError
from paysdk.listing.windows import TimeWindows
from paysdk.pagination import FollowLinks, encode_query
from paysdk.provider import Capabilities, Listing
from paysdk.providers.campfire.endpoints import INVOICE, PAYMENTS
from paysdk.providers.campfire.normalise import NAME, CampfireReader
from paysdk.records.page import decode_or_raise
from paysdk.rest import ApiKey, RestProvider, RestSettings, as_moment, check_page_size, wrap_key
from paysdk.transport.messages import Request, Response
from paysdk.transport.observer import RequestStats

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from paysdk.checkpoint import Checkpoint
    from paysdk.orders import Exclusive
    from paysdk.providers.campfire.invoices.schema import Invoice
    from paysdk.providers.campfire.paying.order import (
        CreditMemoPayment,
        DebitMemoPayment,
        ManualPayment,
        PayOutcome,
        TransactionPayment,
    )
    from paysdk.providers.campfire.paying.payer import Payer
    from paysdk.transport.client import Deadline

__all__ = ["CampfireProvider"]

_MAX_PAGE_SIZE = 10_000
_DEFAULT_PAGE_SIZE = 100

_SINCE = "last_modified_at__gte"
_UNTIL = "last_modified_at__lte"
_FILTERS = (_SINCE, _UNTIL, "voided", "invoice_id", "external_id")


class CampfireProvider(RestProvider):
    """Campfire, an ERP (docs.campfire.ai; not the chat of the same name).

    A key sees only the entities that it was granted: the API leaves the others out of lists
    silently.

    *exclusive* takes a name and returns an async context manager. While it is held, it keeps all
    others out of that name, in every process. ``SQLPaymentStore(...).exclusive`` is one.
    ``mark_invoice_paid`` enters it for the invoice and for each external id. If it yields an
    ``OrderJournal``, an order whose outcome is unknown stops the same order in every process, also
    after a crash. Otherwise it does so in this process.

    *resend_after* is the number of seconds after which such an order may be sent again if it is
    not found. It must be longer than any gateway on the way waits. By default such an order is
    never sent again until you call ``release_orders``. For the other arguments see
    ``RestProvider``.
    """

    name: str = NAME
    capabilities: Capabilities = Capabilities(
        filters=frozenset(
            {"modified_since", "modified_until", "voided", "invoice_id", "external_id"}
        ),
        max_page_size=_MAX_PAGE_SIZE,
        reports_voids=True,
        lists_incrementally=True,
    )
    default_base_url: ClassVar[str] = "https://api.meetcampfire.com"
    # The quickstart page says Bearer, the reference pages and every working client say Token.
    authorization_scheme: ClassVar[str] = "Token"

    def __init__(
        self,
        api_key: ApiKey,
        *,
        exclusive: Exclusive | None = None,
        resend_after: float | None = None,
        **settings: Unpack[RestSettings],
    ) -> None:
        key = wrap_key(api_key)
        del api_key  # so that no traceback of what follows can show it
        super().__init__(key, **settings)
        given: object = exclusive
        if given is not None and not callable(given):
            raise ConfigurationError(
                "exclusive must be a callable from a name to an async context manager, not "
                f"{given!r}. SQLPaymentStore(...).exclusive is one."
            )
        if resend_after is not None:
            check_seconds("resend_after", resend_after)
        self._exclusive = exclusive
        self._resend_after = resend_after

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
        pagination: Literal["cursor", "offset"] = "cursor",
        skip_count: bool = False,
        invoice_id: int | None = None,
        external_id: str | None = None,
        concurrency: int = 1,
    ) -> Listing:
        """The payments of all invoices, in the API's order: by time of modification, then id.

        Besides what ``PaymentsProvider.list_payments`` takes: *pagination* is "cursor", which the
        API recommends, or "offset", which can skip a payment where another is modified during the
        walk. *page_size* is the API's ``limit``: 1 to 10,000, its own default being 100.
        *skip_count* spares the API counting; ``reported_count`` is a lower bound then. *invoice_id*
        and *external_id* list the payments of one invoice, or those with one external id.

        With *concurrency* above 1 as many pages are on their way at a time. With "offset" they come
        in order. With "cursor" the range of modification times is cut into as many windows, which
        are walked side by side: pages come in order within a window, and a few more requests are
        made; nothing is lost while records change, and a payment that changes meanwhile may be
        given twice, as in any walk.

        A deleted payment leaves no trace in this list; a voided one stays, with its
        ``voided_date``.

        Raises ``ConfigurationError`` for an argument that cannot be right, before anything is sent.
        """
        filters = _filters(
            modified_since=modified_since,
            modified_until=modified_until,
            voided=voided,
            invoice_id=invoice_id,
            external_id=external_id,
        )
        limit = check_page_size(page_size, _MAX_PAGE_SIZE)
        check_int("concurrency", concurrency, 1)
        if pagination not in (
            "cursor",
            "offset",
        ):  # no set, for which what is given might have no hash
            raise ConfigurationError(
                f"pagination must be 'cursor' or 'offset', not {pagination!r}."
            )
        if limit is None and concurrency > 1:
            limit = _DEFAULT_PAGE_SIZE
        paging = {"cursor": ""} if pagination == "cursor" else {}
        if limit is not None:
            paging["limit"] = str(limit)
        if check_bool("skip_count", skip_count):
            paging["skip_count"] = "true"
        windows = None
        if limit is not None and concurrency > 1 and pagination == "cursor":
            windows = TimeWindows(
                filters=filters,
                paging=paging,
                since=_SINCE,
                until=_UNTIL,
                stamp=_timestamp,
                page_size=limit,
            )
        rules = FollowLinks(
            encode_query((paging | filters).items()),
            ("cursor", "offset"),
            limit,
            filters=_FILTERS,
            bounds=(_SINCE, _UNTIL),
        )
        return self._listing(
            PAYMENTS,
            rules,
            CampfireReader(),
            filters=filters,
            resume=resume,
            concurrency=concurrency,
            windows=windows,
        )

    async def retrieve_invoice(self, invoice_id: int) -> Invoice:
        """Retrieve one invoice with its lines, payments and attachments.

        Raises ``NotFoundError`` if it does not exist, or if the key may not see it. Safe to repeat
        and to cancel.
        """
        return await self._read_invoice(_check_invoice_id(invoice_id), self._client.deadline())

    async def mark_invoice_paid(
        self,
        invoice_id: int,
        *,
        transactions: Iterable[TransactionPayment | Mapping[str, object]] = (),
        credit_memos: Iterable[CreditMemoPayment | Mapping[str, object]] = (),
        debit_memos: Iterable[DebitMemoPayment | Mapping[str, object]] = (),
        empty_transactions: Iterable[ManualPayment | Mapping[str, object]] = (),
        allow_overpayment: bool = False,
        rebook_voided: bool = False,
        other_payments: Iterable[int | str] = (),
    ) -> PayOutcome:
        """Pay an invoice, in part or in whole, with at least one item.

        Amounts are above zero, in major units of the invoice's currency, and are sent with exactly
        their digits. paysdk reads the invoice first, to tell the new payments from earlier ones.
        It sends the order once, and retries only if the order cannot have been processed: no
        connection was made, or the response was 429. After any other failure it reads the invoice
        again. If the new payments are there, this returns as if nothing had happened. If they are
        not, they may still come, so this raises ``OutcomeUnknownError``. Until such an order is
        found, or until you call ``release_orders``, calls for the same order send nothing.

        If the items' external ids are booked already, nothing is sent, and their payments are
        returned. A payment that may be this very order, with an external id that the server changed
        or did not keep, stops the order. Pass the ids of payments that you know to be something
        else in *other_payments*. An order for more than what is due is refused unless
        *allow_overpayment* is true. An order that was booked and voided is refused unless
        *rebook_voided* is true.

        Raises ``ConfigurationError`` before anything is sent, ``DuplicatePaymentError`` if this
        order may be booked already or if more is booked than was ordered, ``APIError`` if the API
        refuses, and ``OutcomeUnknownError`` if the outcome is unknown. Not safe to repeat without
        looking unless every item has an ``external_id``.
        """
        from paysdk.providers.campfire.paying.operation import Consent  # noqa: PLC0415  # see _read_invoice
        from paysdk.providers.campfire.paying.order import (  # noqa: PLC0415  # see _read_invoice
            CreditMemoPayment,
            DebitMemoPayment,
            ManualPayment,
            PayOrder,
            TransactionPayment,
        )

        order = PayOrder.of(
            {
                "transactions": (TransactionPayment, transactions),
                "credit_memos": (CreditMemoPayment, credit_memos),
                "debit_memos": (DebitMemoPayment, debit_memos),
                "empty_transactions": (ManualPayment, empty_transactions),
            }
        )
        consent = Consent(
            overpayment=check_bool("allow_overpayment", allow_overpayment),
            rebook_voided=check_bool("rebook_voided", rebook_voided),
            others=_check_ids("other_payments", other_payments),
        )
        return await self._payer.pay(_check_invoice_id(invoice_id), order, consent)

    async def release_orders(self, invoice_id: int, *, external_id: str | None = None) -> int:
        """Release the open orders of an invoice, and return how many there were.

        While an order's outcome is unknown, or while it waits as a draft, calls for the same order
        send nothing. Call this when a person has made sure that the order was not booked and never
        will be. With *external_id*, only orders under it are released. Nothing is sent to the
        provider.
        """
        name = None if external_id is None else _check_external_id(external_id)
        return await self._payer.release(_check_invoice_id(invoice_id), name)

    @cached_property
    def _payer(self) -> Payer:
        from paysdk.providers.campfire.paying.payer import Payer  # noqa: PLC0415  # see _read_invoice

        return Payer(
            self._client,
            self._read_invoice,
            self._list_strictly,
            self._exclusive,
            self._resend_after,
        )

    async def _read_invoice(self, invoice_id: int, deadline: Deadline) -> Invoice:
        # Invoices and paying take as long to import as everything that lists payments, and many
        # programs only list.
        from paysdk.providers.campfire.invoices.normalise import read_invoice  # noqa: PLC0415  # see above

        def read(response: Response) -> Invoice:
            invoice = decode_or_raise(read_invoice, response.body)
            if invoice.id != invoice_id:
                raise MalformedResponseError(
                    f"The response is another invoice: {invoice.id}, at $.id.",
                    path="$.id",
                    raw=response.body[:200],
                ).quoting()
            return invoice

        return await self._client.call_within(
            deadline, Request("GET", INVOICE.format(invoice_id)), read, RequestStats()
        )

    def _list_strictly(self, filter_name: str, value: str) -> Listing:
        """List the payments, also voided ones, for which one filter has this value.

        A record that cannot be read is an error, whatever *on_malformed* says: it may be the one
        that is looked for. An API older than the filter ignores it and lists everything, so the
        caller must check what comes.
        """
        query = encode_query(
            {"cursor": "", "limit": str(_MAX_PAGE_SIZE), filter_name: value}.items()
        )
        rules = FollowLinks(query, ("cursor", "offset"), None, filters=_FILTERS)
        return self._listing(
            PAYMENTS, rules, CampfireReader(), filters={}, resume=None, strict=True
        )


def _filters(
    *,
    modified_since: datetime | date | None,
    modified_until: datetime | date | None,
    voided: bool | None,
    invoice_id: int | None,
    external_id: str | None,
) -> dict[str, str]:
    filters: dict[str, str] = {}
    since = (
        None
        if modified_since is None
        else as_moment("modified_since", modified_since, end_of_day=False)
    )
    until = (
        None
        if modified_until is None
        else as_moment("modified_until", modified_until, end_of_day=True)
    )
    if since is not None and until is not None and since > until:
        raise ConfigurationError(
            f"modified_since ({since}) is later than modified_until ({until})."
        )
    if since is not None:
        filters[_SINCE] = _timestamp(since)
    if until is not None:
        filters[_UNTIL] = _timestamp(until)
    if voided is not None:
        filters["voided"] = str(check_bool("voided", voided)).lower()
    if invoice_id is not None:
        filters["invoice_id"] = str(_check_invoice_id(invoice_id))
    if external_id is not None:
        filters["external_id"] = _check_external_id(external_id)
    return filters


def _timestamp(moment: datetime) -> str:
    # With "Z", as documented: a "+" would have to be escaped, and a bare date would be read in a
    # zone that no document names.
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _check_invoice_id(invoice_id: int) -> int:
    return check_int("invoice_id", invoice_id, 0)


def _check_external_id(external_id: str) -> str:
    text: object = external_id
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(
            "external_id must not be empty: the API would ignore it and list every payment. It "
            f"was {external_id!r}."
        )
    if not text.isprintable():
        raise ConfigurationError(
            f"external_id has a character that cannot be sent or seen: {external_id!r}."
        )
    return external_id


def _check_ids(name: str, ids: Iterable[int | str]) -> frozenset[str]:
    given: object = ids
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ConfigurationError(f"{name} takes a list of payment ids, not {given!r}.")
    listed: list[object] = list(given)
    if any(
        isinstance(each, bool) or not isinstance(each, int | str) or each == "" for each in listed
    ):
        raise ConfigurationError(f"{name} takes payment ids, as int or str, not {listed!r}.")
    return frozenset(map(str, listed))
