"""Moneybird: two ways to list sales invoices, and one filter."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from typing import ClassVar, Unpack

import msgspec

from paysdk import authoring as sdk
from paysdk_moneybird.normalise import normalise
from paysdk_moneybird.schema import MoneybirdInvoice, Version

_LARGEST = 100
_decode_versions = msgspec.json.Decoder(list[Version]).decode
_decode_records = msgspec.json.Decoder(list[msgspec.Raw]).decode
_READER = sdk.SchemaReader(
    path="$",
    page=list[msgspec.Raw],
    open_page=lambda records: sdk.RawPage(records, None, None),  # the links are in a header
    row=MoneybirdInvoice,
    normalise=normalise,
)


class MoneybirdProvider(sdk.RestProvider):
    """The payments of one administration's sales invoices."""

    name: str = "moneybird"
    capabilities: sdk.Capabilities = sdk.Capabilities(
        filters=frozenset({"modified_since"}),
        max_page_size=_LARGEST,
        reports_voids=False,  # a payment that is deleted is no longer sent
        lists_incrementally=True,
    )
    default_base_url: ClassVar[str] = "https://moneybird.com"
    authorization_scheme: ClassVar[str] = "Bearer"

    def __init__(
        self, api_key: sdk.ApiKey, administration_id: str, **settings: Unpack[sdk.RestSettings]
    ) -> None:
        key = sdk.wrap_key(api_key)
        del api_key  # so that no traceback of what follows can show it
        if not (administration_id.isascii() and administration_id.isdecimal()):
            raise sdk.ConfigurationError(
                "administration_id must be the digits in the address of the administration at "
                f"Moneybird, not {administration_id!r}."
            )
        super().__init__(key, tenant=administration_id, **settings)
        self._list = f"/api/v2/{administration_id}/sales_invoices.json"
        self._synchronization = f"/api/v2/{administration_id}/sales_invoices/synchronization.json"

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: sdk.Checkpoint | str | None = None,
    ) -> sdk.Listing:
        """The payments of all invoices, or of those that were modified since some time.

        A page has the payments of *page_size* invoices. ``modified_until`` and ``voided`` raise
        ``UnsupportedFilterError``.
        """
        sdk.refuse_filters("Moneybird", modified_until=modified_until, voided=voided)
        size = sdk.check_page_size(page_size, _LARGEST) or _LARGEST
        if modified_since is None and not _brings_a_filter(resume):
            first = sdk.encode_query([("limit", str(size))])
            ids = sdk.NextToken(first, "after", limit=size)
            return self._listing(
                self._synchronization, ids, _READER, filters={}, resume=resume, fetch=self._fetch
            )
        filters = {} if modified_since is None else {"filter": _updated_after(modified_since)}
        first = sdk.encode_query([*filters.items(), ("per_page", str(size))])
        pages = sdk.LinkHeader(first, {"page"}, limit_name="per_page", filters={"filter"})
        return self._listing(self._list, pages, _READER, filters=filters, resume=resume)

    async def _fetch(self, requests: sdk.ListingRequests, query: str) -> sdk.RawPage:
        """Fetch a page: all ids come first, then a POST gets the invoices of some."""
        ids: list[int] | None = requests.memory.get("ids")
        if ids is None:
            versions = _decode_versions((await requests.get(self._synchronization)).body)
            ids = requests.memory["ids"] = sorted(int(version.id) for version in versions)
        asked = sdk.parameters_of(query)
        start = bisect_right(ids, int(asked.get("after", "0")))
        chosen = ids[start : start + int(asked["limit"])]
        if not chosen:
            return sdk.RawPage([], None, len(ids))
        body = {"ids": chosen}
        response = await requests.post(self._synchronization, json=body, repeatable=True)
        after = str(chosen[-1]) if chosen[-1] < ids[-1] else None
        return sdk.RawPage(_decode_records(response.body), after, len(ids))


def _updated_after(since: datetime | date) -> str:
    """The filter for invoices that were updated at *since* or later.

    ``updated_after`` leaves out its own time, so the filter has the millisecond before.
    """
    moment = sdk.as_moment("modified_since", since, end_of_day=False)
    before = moment - timedelta(microseconds=moment.microsecond % 1000 or 1000)
    return f"updated_after:{before.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _brings_a_filter(resume: sdk.Checkpoint | str | None) -> bool:
    """Whether a checkpoint comes from a listing with ``modified_since``."""
    try:
        return resume is not None and bool(sdk.Checkpoint.parse(str(resume)).filters)
    except ValueError:
        return False  # the listing says what is wrong with it
