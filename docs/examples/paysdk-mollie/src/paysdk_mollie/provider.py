"""Mollie: its endpoint, how it pages, and which filters it takes (none)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

import paysdk.authoring as sdk
from paysdk_mollie.normalise import MollieRecord
from paysdk_mollie.schema import Page, open_page

if TYPE_CHECKING:
    from datetime import date, datetime


class MollieProvider(sdk.RestProvider):
    """What was paid through Mollie. ``metadata`` has an invoice's number under *invoice_key*."""

    name: str = "mollie"
    capabilities: sdk.Capabilities = sdk.Capabilities(
        filters=frozenset(), max_page_size=250, reports_voids=False, lists_incrementally=False
    )
    default_base_url: ClassVar[str] = "https://api.mollie.com"
    authorization_scheme: ClassVar[str] = "Bearer"

    def __init__(
        self,
        api_key: sdk.ApiKey,
        *,
        invoice_key: str = "invoice_number",
        **settings: Unpack[sdk.RestSettings],
    ) -> None:
        key = sdk.wrap_key(api_key)
        del api_key  # so that no traceback of what follows can show it
        super().__init__(key, **settings)
        self._invoice_key = invoice_key

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: sdk.Checkpoint | str | None = None,
    ) -> sdk.Listing:
        """All payments, newest first. A filter raises ``UnsupportedFilterError``."""
        sdk.refuse_filters("Mollie", modified_since=modified_since, voided=voided)
        sdk.refuse_filters("Mollie", modified_until=modified_until)
        pagination = sdk.HalFrom(sdk.check_page_size(page_size, 250), largest=250)
        reader = sdk.TableReader(
            path="$._embedded.payments",
            page=Page,
            open_page=open_page,
            row=MollieRecord,
            settings={"invoice_key": self._invoice_key},
        )
        return self._listing("/v2/payments", pagination, reader, filters={}, resume=resume)
