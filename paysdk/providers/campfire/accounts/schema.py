"""The shape of Campfire's accounts and account settings.

Source: the API's own schema of July 2026 (ChartAccount, ChartAccountSettings). No page of the
documents describes them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import attrs
import msgspec

from paysdk.exact import decode_exactly
from paysdk.providers.campfire.schema import Moment
from paysdk.records.fields import RawRecord

__all__ = ["Account", "AccountRecord", "AccountRef", "AccountSettings", "settings_record"]


@attrs.frozen(kw_only=True)
class Account:
    """One account of the chart of accounts.

    ``id`` is the integer that ``ManualPayment.account_id`` takes. The API also sends a UUID in a
    field called ``account_id``. A payment does not take it, so only ``raw`` has it.
    ``name_and_number`` is what ``ManualPayment.account_name`` takes, such as "1100 - Accounts
    Receivable" (inferred from the API's sample of a payment). ``type`` and ``subtype`` are the
    API's words, such as "ASSET" and "BANK". ``status`` is "ACTIVE" or "INACTIVE".
    """

    id: int
    number: str | None = None
    name: str | None = None
    name_and_number: str | None = None
    currency: str | None = None
    status: str | None = None
    type: str | None = None
    subtype: str | None = None
    _raw: bytes = attrs.field(default=b"{}", alias="raw", eq=False, repr=False)

    @property
    def raw(self) -> Any:  # noqa: ANN401  # a record is any JSON value
        """The whole record that the provider sent, with exact numbers."""
        return decode_exactly(self._raw)


class AccountRecord(RawRecord, kw_only=True, gc=False):
    """One of the list's ``results``. An id must be an integer."""

    id: int
    number: str | None = None
    name: str | None = None
    name_and_number: str | None = None
    currency: str | None = None
    status: str | None = None
    type: str | None = msgspec.field(default=None, name="account_type")
    subtype: str | None = msgspec.field(default=None, name="account_subtype")
    modified_at: Moment | None = msgspec.field(default=None, name="last_modified_at")


@attrs.frozen
class AccountRef:
    """An account that a setting names: its integer id, and its name and number."""

    id: int
    name_and_number: str | None = None


@attrs.frozen(kw_only=True)
class AccountSettings:
    """The accounts that the organisation uses by default. A setting without an account is ``None``.

    There is one record for the whole organisation, and none for each entity.
    ``split_invoice_payments_by_line`` is whether "invoice payments will be split by line items". No
    document says whether that makes several payments of one. ``raw`` has the other settings, too.
    """

    default_clearing: AccountRef | None = None
    accounts_receivable: AccountRef | None = None
    unapplied_credits: AccountRef | None = None
    discount_account: AccountRef | None = None
    rounding_account: AccountRef | None = None
    bad_debt_account: AccountRef | None = None
    refund_account: AccountRef | None = None
    processing_fees: AccountRef | None = None
    payout_account: AccountRef | None = None
    realized_gain_loss: AccountRef | None = None
    uncategorized: AccountRef | None = None
    split_invoice_payments_by_line: bool | None = None
    _raw: bytes = attrs.field(default=b"{}", alias="raw", eq=False, repr=False)

    @property
    def raw(self) -> Any:  # noqa: ANN401  # a record is any JSON value
        """The whole record that the provider sent, with exact numbers."""
        return decode_exactly(self._raw)


@cache
def settings_record() -> Any:  # noqa: ANN401  # a class that no type checker knows
    """The struct that the settings are decoded into: each account's id and name."""
    *accounts, split, _raw = (field.name for field in attrs.fields(AccountSettings))
    return msgspec.defstruct(
        "SettingsRecord",
        [
            *((name, int | None, None) for name in accounts),
            *((f"{name}_name_and_number", str | None, None) for name in accounts),
            (split, bool | None, None),
        ],
    )
