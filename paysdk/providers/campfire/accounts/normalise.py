"""From the shape of Campfire's accounts to our meaning."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from paysdk.exact import decode_exactly
from paysdk.providers.campfire.accounts.schema import (
    Account,
    AccountRecord,
    AccountRef,
    AccountSettings,
    settings_record,
)
from paysdk.providers.campfire.schema import PageEnvelope, open_page
from paysdk.records.liberal import Mender, decode_liberally
from paysdk.records.reader import RecordReader

__all__ = ["ACCOUNT_READER", "read_settings"]

_FIELDS = [field.name for field in attrs.fields(Account) if field.name != "_raw"]


def _make_account(row: AccountRecord) -> Account:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Account(**values, raw=row.raw)


ACCOUNT_READER: RecordReader[PageEnvelope, AccountRecord, Account] = RecordReader(
    path="$.results", page=PageEnvelope, open_page=open_page, row=AccountRecord, make=_make_account
)


def read_settings(body: bytes) -> AccountSettings:
    """Read the account settings.

    Raises ``msgspec.ValidationError`` or ``msgspec.DecodeError``.
    """
    record = settings_record()
    sent, raw = decode_liberally(msgspec.json.Decoder(record).decode, Mender(record), body)
    if decode_exactly(raw).keys().isdisjoint(sent.__struct_fields__):
        raise msgspec.ValidationError("Expected an object with the settings of the organisation")
    *accounts, split, _raw = (field.name for field in attrs.fields(AccountSettings))
    refs = {name: _make_ref(sent, name) for name in accounts}
    values: dict[str, Any] = {**refs, split: getattr(sent, split)}
    return AccountSettings(**values, raw=raw)


def _make_ref(
    sent: Any,  # noqa: ANN401  # a settings_record, which no type checker knows
    name: str,
) -> AccountRef | None:
    account_id = getattr(sent, name)
    # Without an account, the schema still requires its name, which may then be "".
    return (
        None
        if account_id is None
        else AccountRef(account_id, getattr(sent, f"{name}_name_and_number") or None)
    )
