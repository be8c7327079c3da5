"""A correct provider of an awkward API: pages are bare arrays, and several integers are equal."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

import attrs
import msgspec

from paysdk import Capabilities, InvoiceRef, Listing
from paysdk.pagination import LinkHeader, encode_query
from paysdk.records.fields import PaymentRecord
from paysdk.records.page import RawPage
from paysdk.records.table_reader import TableReader
from paysdk.rest import RestProvider, check_page_size, refuse_filters
from paysdk.testing import Request, Response, Sandbox

if TYPE_CHECKING:
    from datetime import date, datetime

    from paysdk import Checkpoint

_MINOR_DIGITS = {"JPY": 0, "EUR": 2}


class Row(PaymentRecord, kw_only=True):
    """A record with its amount in minor units, which is never negative."""

    provider = "awkward"
    id: int
    minor: Annotated[int, msgspec.Meta(ge=0)]

    @property
    def amount(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.minor).scaleb(-_MINOR_DIGITS[self.currency])

    currency: str
    invoice = InvoiceRef(id="invoice")


class AwkwardProvider(RestProvider):
    """A provider without filters."""

    name: str = "awkward"
    capabilities: Capabilities = Capabilities(
        filters=frozenset(), max_page_size=100, reports_voids=False, lists_incrementally=False
    )
    default_base_url: ClassVar[str] = "https://payments.example"
    authorization_scheme: ClassVar[str] = "Bearer"

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> Listing:
        """List all payments."""
        refuse_filters(
            "Awkward", modified_since=modified_since, modified_until=modified_until, voided=voided
        )
        size = check_page_size(page_size, 100)
        first = encode_query([] if size is None else [("size", str(size))])
        reader = TableReader(
            path="$",
            page=list[msgspec.Raw],
            open_page=lambda records: RawPage(records, None, None),
            row=Row,
        )
        return self._listing(
            "/payments",
            LinkHeader(first, ("after",), limit=size, limit_name="size"),
            reader,
            filters={},
            resume=resume,
        )


@attrs.define(kw_only=True, eq=False)
class AwkwardSandbox(Sandbox):
    """Its first payment is 1.00 with id 1, each third is in yen, and each fourth is zero."""

    scheme: ClassVar[str] = "Bearer"

    api_key: str = attrs.field(default="sandbox-key", repr=False)
    payments: int

    def respond(self, request: Request) -> Response:
        """Return a page."""
        if not self.is_authorised(request):
            return Response(401, b'{"detail": "Who is it?"}')
        after, size = int(request.query.get("after", "0")), int(request.query.get("size", "50"))
        end = min(after + size, self.payments)
        page = [_record(number) for number in range(after + 1, end + 1)]
        link = (
            {"Link": f'<{request.origin}/payments?after={end}&size={size}>; rel="next"'}
            if end < self.payments
            else {}
        )
        return Response(
            200, msgspec.json.encode(page), {"Content-Type": "application/json", **link}
        )


def _record(number: int) -> dict[str, object]:
    minor = 0 if number % 4 == 0 else number * 100
    return {"id": number, "fee": 0, "minor": minor, "currency": "JPY" if number % 3 == 0 else "EUR"}
