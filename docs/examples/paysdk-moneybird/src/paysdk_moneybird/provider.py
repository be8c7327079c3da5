"""Moneybird: two ways to list sales invoices, and one filter."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar, Unpack

import msgspec

import paysdk.authoring as sdk
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
            ids = sdk.NextToken(sdk.encode_query([("limit", str(size))]), "before", limit=size)
            path = self._synchronization
            pages = partial(_ByIds, path)
            return self._listing(path, ids, _READER, filters={}, resume=resume, page_fetcher=pages)
        filters = {} if modified_since is None else {"filter": _updated_after(modified_since)}
        first = sdk.encode_query([*filters.items(), ("per_page", str(size))])
        links = sdk.LinkHeader(first, {"page"}, limit_name="per_page", filters={"filter"})
        return self._listing(self._list, links, _READER, filters=filters, resume=resume)


class _ByIds:
    """Fetches the pages of one iteration: first all ids, then by POST the invoices of some."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._ids: list[int] | None = None

    async def __call__(self, requester: sdk.Requester, query: str) -> sdk.RawPage:
        if self._ids is None:
            versions = await requester.get(self._path, decode=_decode_versions)
            self._ids = sorted(int(version.id) for version in versions)
        asked = sdk.parameters_of(query)
        end = bisect_left(self._ids, int(asked["before"])) if "before" in asked else None
        left = self._ids[:end]
        if not (chosen := left[-int(asked["limit"]) :][::-1]):  # the newest ones first
            return sdk.RawPage([], None, len(self._ids))
        records = await requester.post(self._path, json={"ids": chosen}, decode=_decode_records)
        before = str(chosen[-1]) if len(chosen) < len(left) else None
        return sdk.RawPage(records, before, len(self._ids))


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
