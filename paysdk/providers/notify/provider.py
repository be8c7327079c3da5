"""Notify's one operation. Its list of payments has no filters.

Document: "List payments" on docs.notify.nl. Its table shows ``Authorization`` as a path parameter,
and capitalised names. ``Authorization`` is a header, and every sample URL has lower-case names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from paysdk.currencies import check_currency
from paysdk.pagination import HalFrom
from paysdk.provider import Capabilities, Listing
from paysdk.providers.notify.normalise import NAME, make_reader
from paysdk.rest import (
    ApiKey,
    RestProvider,
    RestSettings,
    check_page_size,
    refuse_filters,
    wrap_key,
)
from paysdk.transport.credentials import Secret

if TYPE_CHECKING:
    from datetime import date, datetime

    from paysdk.checkpoint import Checkpoint

__all__ = ["NotifyProvider"]

_PAYMENTS = "/v2/payments"

_MAX_PAGE_SIZE = 250


class NotifyProvider(RestProvider):
    """Notify, a Dutch credit-management platform (docs.notify.nl).

    It is not the messaging service of the same name. Notify sends no currency. *currency*, an ISO
    4217 code such as "EUR" in upper or lower case, becomes the currency of every payment. Without
    it, ``Payment.currency`` is ``None``. For the other arguments see ``RestProvider``.
    """

    name: str = NAME
    capabilities: Capabilities = Capabilities(
        filters=frozenset(),
        max_page_size=_MAX_PAGE_SIZE,
        reports_voids=False,
        lists_incrementally=False,
    )
    default_base_url: ClassVar[str] = "https://api.notify.cm"
    authorization_scheme: ClassVar[str] = "Bearer"

    def __init__(
        self,
        api_key: ApiKey,
        *,
        currency: str | None = None,
        **settings: Unpack[RestSettings],
    ) -> None:
        key = wrap_key(api_key)
        del api_key  # so that no traceback can show it
        super().__init__(key, **settings)
        self._currency = None if currency is None else check_currency("currency", currency)
        self._test_mode = _read_test_mode(key.reveal()) if isinstance(key, Secret) else None

    @property
    def test_mode(self) -> bool | None:
        """Whether the key is for tests.

        The prefix says it: ``test_`` or ``live_`` (docs.notify.nl, authentication). ``None`` for
        another prefix, and for a key that a callable returns. Notify's responses do not say it.
        """
        return self._test_mode

    def list_payments(
        self,
        *,
        modified_since: datetime | date | None = None,
        modified_until: datetime | date | None = None,
        voided: bool | None = None,
        page_size: int | None = None,
        resume: Checkpoint | str | None = None,
    ) -> Listing:
        """List all payments, in the API's order. *page_size* is the API's ``limit``, from 1 to 250.

        Raises ``UnsupportedFilterError`` for any filter. Notify has none, and its payments show
        neither times of modification nor voids.
        """
        refuse_filters(
            "Notify", modified_since=modified_since, modified_until=modified_until, voided=voided
        )
        rules = HalFrom(check_page_size(page_size, _MAX_PAGE_SIZE), _MAX_PAGE_SIZE)
        return self._listing(
            _PAYMENTS, rules, make_reader(self._currency), filters={}, resume=resume
        )


def _read_test_mode(api_key: str) -> bool | None:
    return {"test_": True, "live_": False}.get(api_key[:5])
