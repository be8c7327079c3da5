"""The records of Campfire's accounts."""

from __future__ import annotations

import attrs

from paysdk import Account, AccountSettings
from paysdk.providers.campfire.accounts.schema import AccountRecord, settings_record


def test_records_have_every_field() -> None:
    """Each field of an account or of the settings is decoded."""
    fields = {field.name for field in attrs.fields(Account)} - {"_raw"}
    assert fields <= {*AccountRecord.__struct_fields__}
    settings = {field.name for field in attrs.fields(AccountSettings)} - {"_raw"}
    assert settings <= {*settings_record().__struct_fields__}


def test_raw_is_what_was_sent() -> None:
    """``raw`` has every field, exactly."""
    assert {"id": 1, "x": 2} == Account(id=1, raw=b'{"id": 1, "x": 2}').raw
    assert {"id": 1} == AccountSettings(raw=b'{"id": 1}').raw
