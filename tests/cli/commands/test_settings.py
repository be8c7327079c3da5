"""A provider that needs a setting, and that leaves records out, on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome
    from tests.conftest import Install

    Command = Callable[..., Outcome]

_MODULE = """
from typing import ClassVar
import attrs
import msgspec
from paysdk.authoring import *
from paysdk.testing import Response, Sandbox


class Record(msgspec.Struct):
    id: int
    amount: str


class AcmeProvider(RestProvider):
    name = "acme"
    capabilities = Capabilities(
        filters=frozenset({"modified_since"}),
        max_page_size=100,
        reports_voids=False,
        lists_incrementally=True,
    )
    default_base_url = "https://acme.example"
    authorization_scheme = "Bearer"

    def __init__(self, api_key: ApiKey, tenant: str, **settings):
        super().__init__(api_key, headers={"Acme-Tenant": tenant}, tenant=tenant, **settings)

    def list_payments(self, *, modified_since=None, page_size=None, resume=None, **_):
        return self._listing("/", PageNumber("", "page"), READER, filters={}, resume=resume)


def normalise(record, raw):
    if not record.amount:
        return None
    invoice = InvoiceRef(id="1")
    amount = exact_amount(record.amount, "$.amount")
    return Payment(provider="acme", id=str(record.id), amount=amount, invoice=invoice, raw=raw)


READER = SchemaReader(
    path="$",
    page=list[msgspec.Raw],
    open_page=lambda records: RawPage(records, None, None),
    row=Record,
    normalise=normalise,
)


@attrs.define(kw_only=True, eq=False)
class AcmeSandbox(Sandbox):
    scheme: ClassVar[str] = "Bearer"
    api_key: str = attrs.field(default="sandbox-key", repr=False)
    payments: int = 3

    @property
    def settings(self):
        return {"tenant": "north"}

    def respond(self, request):
        assert request.headers["Acme-Tenant"] == "north"
        records = [{"id": i, "amount": "1.50" if i else ""} for i in range(self.payments)]
        return Response(200, msgspec.json.encode(records))
"""


@pytest.fixture(autouse=True)
def _acme(install: Install) -> None:
    install("acme", f"{_MODULE}\n\nMade = AcmeProvider")
    install(
        "acme-sandbox", f"{_MODULE}\n\nMade = AcmeSandbox", group="paysdk.sandboxes", name="acme"
    )


def test_sandbox_gives_the_settings(paysdk: Command) -> None:
    """--sandbox needs no variable, and the table says how many records were left out."""
    outcome = paysdk("list", "acme", "--sandbox", "--sandbox-payments", "3")
    assert (0, "") == (outcome.code, outcome.err)
    assert "acme: 2 payments, without 1 record that is not a payment" in outcome.out


def test_missing_setting_is_named_by_its_variable(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a sandbox the variable must be set."""
    monkeypatch.setenv("PAYSDK_ACME_API_KEY", "letmein-letmein")
    outcome = paysdk("list", "acme")
    assert 2 == outcome.code
    assert "set PAYSDK_ACME_TENANT" in outcome.err


def test_sync_says_what_was_left_out_and_that_no_time_came(
    paysdk: Command, tmp_path: object
) -> None:
    """Each has a line below the table."""
    outcome = paysdk("sync", "acme", "--to", f"{tmp_path}/payments.db", "--sandbox")
    assert 0 == outcome.code
    assert "acme: 1 record that is not a payment was left out." in outcome.out
    said = " ".join(outcome.out.split())
    assert (
        "acme: this provider says that it lists incrementally, but no payment has the time" in said
    )
