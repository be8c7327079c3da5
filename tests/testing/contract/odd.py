"""A provider of an API that is legal and unusual in several ways, and its sandbox."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import attrs
import msgspec

from paysdk import authoring as sdk
from paysdk.authoring import (
    MORE,
    Amount,
    ApiKey,
    Capabilities,
    Checkpoint,
    InvoiceRef,
    Listing,
    NextToken,
    PageNumber,
    PaymentRecord,
    RawPage,
    Requester,
    RestProvider,
    RestSettings,
    SchemaReader,
    TableReader,
    as_moment,
    check_page_size,
    encode_query,
    exact_amount,
    parameters_of,
    refuse_filters,
    wrap_key,
)
from paysdk.testing import ErrorSample, Request, Response, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.listing.listing import PagedListing

BEGINNING = datetime(2026, 1, 31, 12, tzinfo=UTC)
ERRORS = (
    ErrorSample(
        status=422,
        body=b'{"error": {"message": "Too much", "field": "amount"}, "request_id": "r-1"}',
        detail="Too much",
        fields={"amount": ("Too much",)},
        request_id="r-1",
    ),
)


class Row(PaymentRecord, kw_only=True):
    """A payment that is never changed."""

    provider = "odd"
    id: int
    amount: Amount
    created_at: datetime
    invoice = InvoiceRef(id="invoice")


class Envelope(msgspec.Struct):
    """A page."""

    payments: list[msgspec.Raw]


READER = TableReader(
    path="$.payments",
    page=Envelope,
    # The last page is empty.
    open_page=lambda page: RawPage(page.payments, MORE if page.payments else None, None),
    row=Row,
)


class OddProvider(RestProvider):
    """Its pages end with an empty one, and it chooses by a header, to the second."""

    name: str = "odd"
    capabilities: Capabilities = Capabilities(
        filters=frozenset({"modified_since"}),
        max_page_size=50,
        reports_voids=False,
        lists_incrementally=True,
        incremental_by="created",
    )
    default_base_url: ClassVar[str] = "https://payments.example"
    authorization_scheme: ClassVar[str] = "Bearer"
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/vnd.odd+json"}
    header_parameters: ClassVar[frozenset[str]] = frozenset({"If-Modified-Since"})
    path: ClassVar[str] = "/payments"

    def __init__(
        self, api_key: ApiKey, division: str = "north", **settings: Unpack[RestSettings]
    ) -> None:
        key = wrap_key(api_key)
        del api_key
        super().__init__(key, headers={"Odd-Division": division}, tenant=division, **settings)

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> Listing:
        """List the payments."""
        refuse_filters(self.name, modified_until=modified_until, voided=voided)
        fixed = self.capabilities.fixed_page_size
        size = check_page_size(page_size, self.capabilities.max_page_size, fixed or 1)
        filters = {} if modified_since is None else {"If-Modified-Since": _second(modified_since)}
        limit = {} if fixed or size is None else {"size": str(size)}
        return self.make_listing(filters, limit, None if fixed else size, resume)

    def make_listing(
        self,
        filters: dict[str, str],
        limit: dict[str, str],
        size: int | None,
        resume: Checkpoint | str | None,
    ) -> Listing:
        """Make the listing."""
        first = encode_query([*filters.items(), *limit.items()])
        pages = PageNumber(first, "page", limit=size, limit_name="size")
        return self._listing(self.path, pages, READER, filters=filters, resume=resume)


class FixedProvider(OddProvider):
    """All pages have five payments."""

    capabilities: Capabilities = attrs.evolve(
        OddProvider.capabilities, max_page_size=5, fixed_page_size=5
    )


class FilteringProvider(OddProvider):
    """It can filter by a time, but its list may lack changes."""

    capabilities: Capabilities = attrs.evolve(OddProvider.capabilities, lists_incrementally=False)


class ArchivedRow(Row, kw_only=True):
    """A payment in the archive. Its id has another name."""

    id: int = msgspec.field(name="key")


ARCHIVE = TableReader(
    path="$.payments",
    page=Envelope,
    open_page=lambda page: RawPage(page.payments, MORE if page.payments else None, None),
    row=ArchivedRow,
)


class JoinedProvider(OddProvider):
    """Older payments are at an endpoint of their own, with records of another shape."""

    def make_listing(
        self,
        filters: dict[str, str],
        limit: dict[str, str],
        size: int | None,
        resume: Checkpoint | str | None,
    ) -> Listing:
        """Make one listing of both endpoints."""
        chosen = filters or _filters_of(resume)

        def part(path: str, reader: TableReader[Envelope, Any]) -> PagedListing[Any]:
            first = encode_query([*chosen.items(), *limit.items()])
            pages = PageNumber(first, "page", limit=size, limit_name="size")
            return self._listing(path, pages, reader, filters=chosen, resume=None)

        return self._join(part("/payments", READER), part("/archive", ARCHIVE), resume=resume)


def _filters_of(resume: Checkpoint | str | None) -> dict[str, str]:
    try:
        return {} if resume is None else parameters_of(Checkpoint.parse(str(resume)).filters)
    except ValueError:
        return {}


class Payment(msgspec.Struct):
    """A payment of an invoice."""

    id: int
    amount: str


class Invoice(msgspec.Struct):
    """An invoice and its payments."""

    id: int
    payments: list[Payment]


def normalise(invoice: Invoice, raw: bytes) -> list[sdk.Payment]:
    """Return the payments of an invoice."""
    return [
        sdk.Payment(
            provider="odd",
            id=str(each.id),
            amount=exact_amount(each.amount, "$.payments[].amount"),
            invoice=InvoiceRef(id=str(invoice.id)),
            raw=raw,
        )
        for each in invoice.payments
    ]


INVOICES = SchemaReader(
    path="$",
    page=list[msgspec.Raw],
    open_page=lambda records: RawPage(records, None, None),
    row=Invoice,
    normalise=normalise,
)


class ByIds:
    """Fetches a page of invoices by their ids."""

    def __init__(self) -> None:
        self._ids: list[int] | None = None

    async def __call__(self, requester: Requester, query: str) -> RawPage:
        """Return the page of a query."""
        if self._ids is None:
            self._ids = (await requester.get("/ids")).json()
        chosen = parameters_of(query)
        size = int(chosen.get("size", "50"))
        first = size * (int(chosen.get("page", "1")) - 1)
        response = await requester.post("/invoices", json={"ids": self._ids[first : first + size]})
        records = msgspec.json.decode(response.body, type=list[msgspec.Raw])
        return RawPage(records, MORE if self._ids[first + size :] else None, None)


class NestedProvider(OddProvider):
    """Its payments are in invoices, whose ids take a request of their own."""

    capabilities: Capabilities = attrs.evolve(
        OddProvider.capabilities, filters=frozenset(), lists_incrementally=False
    )

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        **arguments: Any,  # noqa: ANN401  # any value
    ) -> Listing:
        """List the payments."""
        refuse_filters(self.name, modified_since=modified_since)
        return super().list_payments(**arguments)

    def make_listing(
        self,
        filters: dict[str, str],
        limit: dict[str, str],
        size: int | None,
        resume: Checkpoint | str | None,
    ) -> PagedListing[Any]:
        """Make the listing."""
        pages = PageNumber(encode_query(list(limit.items())), "page", limit=size, limit_name="size")
        return self._listing(
            "/invoices", pages, INVOICES, filters=filters, resume=resume, page_fetcher=ByIds
        )


class Line(msgspec.Struct):
    """What a receipt was applied to."""

    amount: Any


class Receipt(PaymentRecord, kw_only=True):
    """A payment whose amount is sent twice. A voided one has no line."""

    provider = "odd"
    id: int
    total: Amount
    lines: list[Line]
    amount = property(
        lambda self: (
            exact_amount(self.lines[0].amount, "$.lines[0].amount") if self.lines else self.total
        )
    )
    voided = property(lambda self: not self.lines)
    invoice = InvoiceRef(id="invoice")


RECEIPTS = TableReader(
    path="$.payments",
    page=Envelope,
    open_page=lambda page: RawPage(page.payments, None, None),
    row=Receipt,
)


class CountingProvider(NestedProvider):
    """It counts the records that came, to find out where the next page begins."""

    capabilities: Capabilities = attrs.evolve(NestedProvider.capabilities, reports_voids=True)

    def make_listing(
        self,
        filters: dict[str, str],
        limit: dict[str, str],
        size: int | None,
        resume: Checkpoint | str | None,
    ) -> PagedListing[Any]:
        """Make the listing."""
        pages = NextToken(encode_query(list(limit.items())), "offset", size, "size")
        return self._listing(
            "/receipts",
            pages,
            RECEIPTS,
            filters=filters,
            resume=resume,
            page_fetcher=lambda: fetch_receipts,
        )


async def fetch_receipts(requester: Requester, query: str) -> RawPage:
    """Return a page of receipts. The list ends with an empty page."""
    chosen = parameters_of(query)
    decode = msgspec.json.Decoder(Envelope).decode
    page: Any = await requester.get("/receipts", chosen, decode=decode)
    following = str(int(chosen.get("offset", "0")) + len(page.payments))
    return RawPage(page.payments, following if page.payments else None, None)


def _second(since: datetime | date) -> str:
    return f"{as_moment('modified_since', since, end_of_day=False):%Y-%m-%dT%H:%M:%S}+00:00"


@attrs.define(kw_only=True, eq=False)
class OddSandbox(Sandbox):
    """The API of all these providers."""

    scheme: ClassVar[str] = "Bearer"

    api_key: str = attrs.field(default="sandbox-key", repr=False)
    payments: int
    largest: int = 50

    @property
    def settings(self) -> Mapping[str, object]:
        """The division of the payments."""
        return {"division": "north"}

    def respond(self, request: Request) -> Response:
        """Return a page."""
        if not self.is_authorised(request):
            return _json({"error": {"message": "The key is not known", "field": "key"}}, 401)
        invoices = [
            {
                "id": first,
                "payments": [_payment(number) for number in range(first, self.payments)[:2]],
            }
            for first in range(0, self.payments, 2)
        ]
        if request.path == "/receipts":
            first = int(request.query.get("offset", "0"))
            end = first + int(request.query.get("size", self.largest))
            return _json({"payments": [*map(_receipt, range(self.payments)[first:end])]})
        if request.path == "/ids":
            return _json(list(range(len(invoices))))
        if request.path == "/invoices":
            return _json([invoices[each] for each in msgspec.json.decode(request.body)["ids"]])
        since = request.headers.get("If-Modified-Since")
        found = [
            payment
            for payment in map(_payment, range(self.payments))
            if since is None or str(payment["created_at"]) >= since
        ]
        size = int(request.query.get("size", self.largest))
        first = size * (int(request.query.get("page", "1")) - 1)
        return _json({"payments": found[first : first + size]})


@attrs.define(kw_only=True, eq=False)
class JoinedSandbox(OddSandbox):
    """The API with an archive, which has the second half of the payments."""

    def respond(self, request: Request) -> Response:
        """Return a page of one of the endpoints."""
        response = super().respond(request)
        if response.status != HTTPStatus.OK:
            return response
        everything = attrs.evolve(request, query={})
        found = msgspec.json.decode(super().respond(everything).body)["payments"]
        is_archive = request.path == "/archive"
        middle = 100 + self.payments // 2
        rows = [
            {"key" if is_archive and name == "id" else name: value for name, value in each.items()}
            for each in found
            if (each["id"] >= middle) == is_archive
        ]
        size = int(request.query.get("size", self.largest))
        first = size * (int(request.query.get("page", "1")) - 1)
        return _json({"payments": rows[first : first + size]})


def _payment(number: int) -> dict[str, object]:
    created = BEGINNING + timedelta(hours=number, milliseconds=500)
    return {
        "id": 100 + number,
        "amount": f"{number + 1}.50",
        "created_at": created.isoformat(timespec="milliseconds"),
    }


def _receipt(number: int) -> dict[str, object]:
    amount = f"{number + 1}.50"
    is_voided = number % 4 == 3
    return {
        "id": 100 + number,
        "total": "0" if is_voided else amount,
        "lines": [] if is_voided else [{"amount": amount}],
    }


def _json(document: object, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(document), {"Content-Type": "application/json"})
