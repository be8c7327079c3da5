"""Notify: its endpoint, how it pages, and which filters it takes (none).

Document: "List payments" on docs.notify.nl. Its table shows ``Authorization`` as a path parameter
and capitalised names; it is a header, and every sample URL has the names in lower case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from paysdk.currencies import check_currency
from paysdk.pagination import HalFrom
from paysdk.provider import Capabilities, Listing
from paysdk.providers.notify.normalise import NAME, NotifyReader
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
    """Notify, a Dutch credit-management platform (docs.notify.nl; not the messaging service of the same name).

    Notify names no currency, so *currency*, if given, is put on every payment. It is a code of ISO
    4217 ("EUR", say) in any case, and capitals on the payment. Without it ``Payment.currency`` is
    ``None``. For the other arguments see ``RestProvider``.
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
        del api_key  # so that no traceback of what follows can show it
        super().__init__(key, **settings)
        self._currency = None if currency is None else check_currency("currency", currency)
        self._test_mode = _test_mode(key.reveal()) if isinstance(key, Secret) else None

    @property
    def test_mode(self) -> bool | None:
        """Whether the key is for tests, as its prefix tells (``test_`` or ``live_``; docs.notify.nl, authentication).

        ``None`` where it tells nothing: for another prefix, or for a key that a callable gives. No
        answer of Notify's says which it was.
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
        """All payments, in the API's order. *page_size* is the API's ``limit``: 1 to 250.

        Raises ``UnsupportedFilterError`` for any filter: Notify has none, and sends neither
        timestamps nor voids to filter by.
        """
        refuse_filters(
            "Notify", modified_since=modified_since, modified_until=modified_until, voided=voided
        )
        rules = HalFrom(check_page_size(page_size, _MAX_PAGE_SIZE), _MAX_PAGE_SIZE)
        return self._listing(
            _PAYMENTS, rules, NotifyReader(self._currency), filters={}, resume=resume
        )


def _test_mode(api_key: str) -> bool | None:
    return {"test_": True, "live_": False}.get(api_key[:5])
