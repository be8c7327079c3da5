"""Xero: its endpoint, how it pages, and its one filter, which is a header."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Unpack

import paysdk.authoring as sdk
from paysdk_xero.normalise import XeroRecord
from paysdk_xero.schema import Page, open_page

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_SIZE, _LARGEST = 100, 1000


class XeroProvider(sdk.RestProvider):
    """The payments of one organisation's sales invoices. Xero calls the organisation a tenant."""

    name: str = "xero"
    capabilities: sdk.Capabilities = sdk.Capabilities(
        filters=frozenset({"modified_since"}),
        max_page_size=_LARGEST,
        reports_voids=True,
        lists_incrementally=True,
    )
    default_base_url: ClassVar[str] = "https://api.xero.com"
    authorization_scheme: ClassVar[str] = "Bearer"
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json"}  # XML by default
    header_parameters: ClassVar[frozenset[str]] = frozenset({"If-Modified-Since"})
    empty_statuses: ClassVar[frozenset[int]] = frozenset({304})
    token_server: ClassVar[sdk.TokenServer] = sdk.TokenServer(
        token_url="https://identity.xero.com/connect/token",  # noqa: S106  # an address
        grace_seconds=1800,  # Xero accepts a replaced refresh token for this long
    )

    def __init__(
        self, api_key: sdk.ApiKey, tenant_id: str, **settings: Unpack[sdk.RestSettings]
    ) -> None:
        key = sdk.wrap_key(api_key)
        del api_key  # so that no traceback of what follows can show it
        super().__init__(key, headers={"xero-tenant-id": tenant_id}, tenant=tenant_id, **settings)

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: sdk.Checkpoint | str | None = None,
    ) -> sdk.Listing:
        """All payments of sales invoices, or those that were modified since some time.

        ``modified_until`` and ``voided`` raise ``UnsupportedFilterError``.
        """
        sdk.refuse_filters("Xero", modified_until=modified_until, voided=voided)
        size = sdk.check_page_size(page_size, _LARGEST) or _DEFAULT_SIZE
        filters = {} if modified_since is None else {"If-Modified-Since": _second(modified_since)}
        # Sorted by id, a payment keeps its place if it is changed while the pages are read.
        query = [
            *filters.items(),
            ("order", "PaymentID ASC"),
            ("page", "1"),
            ("pageSize", str(size)),
        ]
        pages = sdk.PageNumber(
            sdk.encode_query(query), "page", limit=size, limit_name="pageSize", filters={"where"}
        )
        path = "/api.xro/2.0/Payments"
        reader = sdk.TableReader(path="$.Payments", page=Page, open_page=open_page, row=XeroRecord)
        return self._listing(path, pages, reader, filters=filters, resume=resume)


def _second(since: datetime | date) -> str:
    """The time to send for *since*, one second early.

    Xero ignores fractions of a second. Its documents do not say whether the bound is inclusive.
    """
    moment = sdk.as_moment("modified_since", since, end_of_day=False) - timedelta(seconds=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
