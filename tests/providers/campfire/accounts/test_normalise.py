"""From the shape of Campfire's accounts to our meaning."""

from __future__ import annotations

import json

import pytest

from paysdk import Account, AccountRef, AccountSettings, MalformedResponseError, make_converter
from paysdk.providers.campfire.accounts.normalise import ACCOUNT_READER, read_settings
from paysdk.records.malformed import decode_one_by_one, decode_or_raise
from paysdk.records.page import RawPage

UUID = "a3c1b2d4-0000-4000-8000-000000000001"


def read(record: bytes) -> Account:
    """The account in this record."""
    (row,) = decode_one_by_one(ACCOUNT_READER, RawPage([record], None, None), None)
    return ACCOUNT_READER.make(row)


def test_account_has_the_integer_id() -> None:
    """The id is the integer, and the UUID with a similar name is in ``raw`` only."""
    found = read(
        b'{"id": 2553, "account_id": "%b", "number": "1100", "account_type": "ASSET", '
        b'"account_subtype": "BANK"}' % UUID.encode()
    )
    assert (2553, "1100", "ASSET", "BANK") == (found.id, found.number, found.type, found.subtype)
    assert UUID == found.raw["account_id"]


@pytest.mark.parametrize("record", [b"{}", b'{"id": "%b"}' % UUID.encode(), b'{"id": null}'])
def test_account_without_an_integer_id_is_malformed(record: bytes) -> None:
    """A record whose id is missing or a UUID has no id that a payment could use."""
    with pytest.raises(MalformedResponseError) as raised:
        read(record)
    assert "$.results[0].id" == raised.value.path


def test_settings_name_accounts_by_id_and_name() -> None:
    """An account is its id with its name, and is ``None`` without an id."""
    found = read_settings(
        b'{"default_clearing": 7, "default_clearing_name_and_number": "1050 - Clearing", '
        b'"rounding_account": 8, "rounding_account_name_and_number": "", '
        b'"payout_account": null, "payout_account_name_and_number": "", '
        b'"split_invoice_payments_by_line": null}'
    )
    assert (
        AccountSettings(
            default_clearing=AccountRef(7, "1050 - Clearing"), rounding_account=AccountRef(8)
        )
        == found
    )
    assert 8 == found.raw["rounding_account"]


def test_settings_that_cannot_be_read_are_malformed() -> None:
    """A UUID in the place of an id is not used as one."""
    with pytest.raises(MalformedResponseError) as raised:
        decode_or_raise(read_settings, b'{"default_clearing": "%b"}' % UUID.encode())
    assert "$.default_clearing" == raised.value.path


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"default_clearing": "7", "default_clearing_name_and_number": 1050}',
            AccountSettings(default_clearing=AccountRef(7, "1050")),
        ),
        (b'{"default_clearing": 7.0}', AccountSettings(default_clearing=AccountRef(7))),
        (
            b'{"default_clearing": "", "payout_account": [], "refund_account": false}',
            AccountSettings(),
        ),
        (
            b'{"split_invoice_payments_by_line": "true"}',
            AccountSettings(split_invoice_payments_by_line=True),
        ),
        (b'{"default_clearing": 7, "x": NaN}', AccountSettings(default_clearing=AccountRef(7))),
    ],
    ids=["texts", "float", "empty values", "word", "NaN"],
)
def test_settings_in_another_form_mean_the_same(body: bytes, expected: AccountSettings) -> None:
    """A field in another form becomes what it certainly means, and ``raw`` can be read."""
    found = read_settings(body)
    assert expected == found
    assert found.raw.keys() == json.loads(body).keys()


@pytest.mark.parametrize("body", [b"{}", b'{"error": "Too many requests"}'])
def test_object_without_a_setting_is_not_the_settings(body: bytes) -> None:
    """An error with a success status does not look like an organisation without accounts."""
    with pytest.raises(MalformedResponseError, match="Expected an object with the settings"):
        decode_or_raise(read_settings, body)


def test_accounts_and_settings_survive_json() -> None:
    """The converter gives back equal objects."""
    converter = make_converter()
    settings = AccountSettings(default_clearing=AccountRef(7, "Clearing"), raw=b'{"id": 1}')
    assert settings == converter.loads(converter.dumps(settings), AccountSettings)
    account = read(b'{"id": 7}')
    assert account == converter.loads(converter.dumps(account), Account)
