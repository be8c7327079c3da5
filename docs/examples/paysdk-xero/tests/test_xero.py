"""What is particular to Xero, and not in the contract."""

from __future__ import annotations

import ast
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from paysdk import (
    BadRequestError,
    ConfigurationError,
    CustomerRef,
    InvoiceRef,
    MalformedResponseError,
    Payment,
    PermissionDeniedError,
    RateLimitedError,
    RetryPolicy,
    UnsupportedFilterError,
)
from paysdk.oauth2 import FileTokenStore, Tokens
from paysdk.testing import FaultPlan, status
from paysdk_xero.provider import XeroProvider
from paysdk_xero.sandbox import XeroSandbox

README = Path(__file__).parents[1] / "README.md"
QUICK = RetryPolicy(attempts=3, wait_initial=0)

RECORD: dict[str, Any] = {
    "PaymentID": "99ea7f6b-c513-4066-bc27-000000000001",
    "Date": "/Date(1543449600000+0000)/",
    "BankAmount": 32.10,
    "Amount": 46.00,
    "Reference": "Direct Debit",
    "CurrencyRate": 0.7500,
    "PaymentType": "ACCRECPAYMENT",
    "Status": "AUTHORISED",
    "UpdatedDateUTC": "/Date(1541176592690+0000)/",
    "HasAccount": True,
    "IsReconciled": False,
    "Account": {"AccountID": "5690f1e8-1d02-4893-90c2-000000000001", "Code": "970"},
    "Invoice": {
        "Type": "ACCREC",
        "InvoiceID": "046d8a6d-1ae1-4b4d-9340-000000000001",
        "InvoiceNumber": "INV-0002",
        "Contact": {
            "ContactID": "a3675fc4-f8dd-4f03-ba5b-000000000001",
            "ContactNumber": "",
            "Name": "Ada's Garage",
        },
        "CurrencyCode": "NZD",
    },
}


def connected(sandbox: XeroSandbox, **settings: Any) -> XeroProvider:
    """Connect a provider to the running sandbox."""
    usual: dict[str, Any] = {
        "api_key": sandbox.api_key,
        "tenant_id": sandbox.tenant_id,
        "base_url": sandbox.url,
        "retry": QUICK,
    }
    return XeroProvider(**{**usual, **settings})


async def listed(*records: dict[str, Any]) -> list[Payment]:
    """List these records."""
    sandbox = XeroSandbox()
    sandbox.records = [*records]
    async with sandbox, connected(sandbox) as xero:
        return await xero.list_payments().collect()


async def keep_tokens(store: FileTokenStore, sandbox: XeroSandbox) -> None:
    """Store what an application gets when a user connects it to Xero."""
    tokens = Tokens(access_token=sandbox.api_key, refresh_token=sandbox.refresh_token)
    await store.save(tokens)


async def test_the_readme_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The example of the README lists what the sandbox has."""
    (example,) = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    code = compile(example, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    monkeypatch.chdir(tmp_path)
    async with XeroSandbox(payments=2) as sandbox:
        await keep_tokens(FileTokenStore("xero.json"), sandbox)
        monkeypatch.setattr(XeroProvider, "default_base_url", sandbox.url)
        names = {
            "client_id": "client",
            "client_secret": "words-of-the-client",
            "yesterday": date(2026, 6, 29),
        }
        await eval(code, names)  # noqa: S307  # the example of this package
    assert [200] == [request.status for request in sandbox.requests]


async def test_a_payment_is_read_whole() -> None:
    """Each field is read; the currency is that of the invoice, as ``Amount`` is."""
    (payment,) = await listed(RECORD)
    expected = Payment(
        provider="xero",
        id="99ea7f6b-c513-4066-bc27-000000000001",
        amount=Decimal("46.00"),
        currency="NZD",
        payment_date=date(2018, 11, 29),
        invoice=InvoiceRef(id="046d8a6d-1ae1-4b4d-9340-000000000001", number="INV-0002"),
        customer=CustomerRef(id="a3675fc4-f8dd-4f03-ba5b-000000000001", name="Ada's Garage"),
        modified_at=datetime(2018, 11, 2, 16, 36, 32, 690_000, tzinfo=UTC),
    )
    assert expected == payment
    assert "Direct Debit" == payment.raw["Reference"]


async def test_a_deleted_payment_is_void() -> None:
    """``DELETED`` is a void without a day."""
    (payment,) = await listed({**RECORD, "Status": "DELETED"})
    assert (True, None) == (payment.voided, payment.voided_date)


async def test_other_payments_are_left_out() -> None:
    """Payments of bills and refunds are left out, and the report counts them."""
    sandbox = XeroSandbox(payments=5, others=4)
    async with sandbox, connected(sandbox) as xero:
        listing = xero.list_payments(page_size=2)
        payments = await listing.collect()
    assert (5, 4) == (len(payments), listing.report.left_out)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("/Date(1543449600000)/", date(2018, 11, 29)),
        ("/Date(1543449600000-0000)/", date(2018, 11, 29)),
        ("/Date(-86400000+0000)/", date(1969, 12, 31)),
    ],
)
async def test_dates_are_milliseconds(sent: str, expected: date) -> None:
    """The offset may be missing, and a date may be before 1970."""
    (payment,) = await listed({**RECORD, "Date": sent})
    assert expected == payment.payment_date


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"Date": "2018-11-29T00:00:00"}, "Date"),
        ({"Date": "/Date(1543449600000+1300)/"}, "Date"),
        ({"UpdatedDateUTC": "/Date(999999999999999+0000)/"}, "UpdatedDateUTC"),
        ({"Amount": "NaN"}, "Amount"),
        ({"Amount": None, "PaymentType": "ACCPAYPAYMENT"}, "Amount"),
        ({"Status": "VOIDED"}, "Status"),
        ({"PaymentType": "GIFT"}, "PaymentType"),
        ({"Invoice": None}, "Invoice"),
        ({"PaymentID": ""}, "PaymentID"),
    ],
)
async def test_what_cannot_be_read_is_an_error(change: dict[str, object], at: str) -> None:
    """An undocumented value stops the listing, and the error has its path."""
    with pytest.raises(MalformedResponseError) as raised:
        await listed({**RECORD, **change})
    assert f"$.Payments[0].{at}" == raised.value.path


async def test_an_empty_page_ends_a_list_without_counts() -> None:
    """Without ``pagination`` the pages are read up to one that is empty."""
    sandbox = XeroSandbox(payments=4, counts_pages=False)
    async with sandbox, connected(sandbox) as xero:
        payments = await xero.list_payments(page_size=2).collect()
    assert (4, 3) == (len(payments), len(sandbox.requests))


async def test_the_tenant_is_sent_with_each_request() -> None:
    """Each page and each retry names the tenant, and asks for JSON."""
    faults = FaultPlan().on(2, status(503))
    sandbox = XeroSandbox(payments=5, faults=faults)
    async with sandbox, connected(sandbox) as xero:
        await xero.list_payments(page_size=2).collect()
    sent = [
        (request.headers["xero-tenant-id"], request.headers["Accept"])
        for request in sandbox.requests
    ]
    assert [(sandbox.tenant_id, "application/json")] * 4 == sent


async def test_tenants_are_kept_apart() -> None:
    """A tenant is part of where payments come from, and another one's checkpoint is refused."""
    sandbox = XeroSandbox(payments=3)
    async with sandbox, connected(sandbox) as xero, connected(sandbox, tenant_id="b") as other:
        assert f"{sandbox.url}#{sandbox.tenant_id}" == xero.origin
        assert f"{sandbox.url}#b" == other.origin
        pages = [page async for page in xero.list_payments(page_size=2).pages()]
        with pytest.raises(ConfigurationError):
            other.list_payments(resume=pages[0].checkpoint)
        with pytest.raises(PermissionDeniedError, match="AuthenticationUnsuccessful"):
            await other.list_payments().collect()


async def test_a_checkpoint_with_an_added_condition_is_refused() -> None:
    """A condition chooses what is listed, and no listing of this provider has one."""
    sandbox = XeroSandbox(payments=3)
    async with sandbox, connected(sandbox) as xero:
        page = await anext(xero.list_payments(page_size=2).pages())
        assert page.checkpoint is not None
        position = page.checkpoint.position.replace("?", "?where=Amount%3E0&")
        forged = attrs.evolve(page.checkpoint, position=position)
        with pytest.raises(ConfigurationError, match="where"):
            xero.list_payments(resume=forged)


async def test_modified_since_is_a_header() -> None:
    """The filter is sent with each page, also after resuming, and never in the query."""
    sandbox = XeroSandbox(payments=9)
    since = datetime(2026, 6, 29, 8, 30, tzinfo=UTC)
    async with sandbox, connected(sandbox) as xero:
        pages = [
            page async for page in xero.list_payments(modified_since=since, page_size=2).pages()
        ]
        resumed = await xero.list_payments(resume=pages[0].checkpoint).collect()
        changed = len(sandbox.requests)
        await xero.list_payments().collect()
    assert [2, 2] == [len(page.payments) for page in pages]
    assert [*pages[1].payments] == resumed
    sent = [request.headers.get("If-Modified-Since") for request in sandbox.requests]
    assert ["2026-06-29T08:29:59"] * changed == sent[:changed]
    assert {None} == {*sent[changed:]}
    assert not any("Modified" in request.target for request in sandbox.requests)


async def test_nothing_is_lost_while_payments_change() -> None:
    """The pages are in the order of the ids, which a void does not change."""
    sandbox = XeroSandbox(payments=6)
    expected = {record["PaymentID"] for record in sandbox.records}
    found = set()
    async with sandbox, connected(sandbox) as xero:
        async for page in xero.list_payments(page_size=2).pages():
            found |= {payment.id for payment in page.payments}
            sandbox.records[0]["UpdatedDateUTC"] = "/Date(1790000000000+0000)/"
    assert expected == found


async def test_a_token_that_ends_is_refreshed_in_the_middle(tmp_path: Path) -> None:
    """After a 401 the token is refreshed and the listing goes on; the new refresh token is kept."""
    sandbox = XeroSandbox(payments=5)
    store = FileTokenStore(tmp_path / "xero.json")
    async with sandbox:
        await keep_tokens(store, sandbox)
        server = attrs.evolve(XeroProvider.token_server, token_url=sandbox.token_url)
        async with (
            server.client("client", "words-of-the-client", store=store) as tokens,
            connected(sandbox, api_key=tokens) as xero,
        ):
            found: list[Payment] = []
            async for page in xero.list_payments(page_size=2).pages():
                found += page.payments
                sandbox.expire_tokens()
        kept = await store.load()
    assert 5 == len(found)
    assert kept is not None
    assert kept.refresh_token is not None
    assert sandbox.refresh_token == kept.refresh_token.reveal()
    refreshed = [request for request in sandbox.requests if request.method == "POST"]
    assert refreshed


async def test_a_wrong_request_is_explained() -> None:
    """The messages of ``ValidationErrors`` are in the error."""
    sandbox = XeroSandbox(payments=1)
    async with sandbox, connected(sandbox) as xero:
        with pytest.raises(
            BadRequestError, match="page and pageSize must be whole numbers"
        ) as raised:
            await xero.request("GET", "/api.xro/2.0/Payments", query={"page": 0})
    assert {} == raised.value.fields


async def test_the_limit_of_a_minute_is_told() -> None:
    """Beyond the limit the error says how long to wait, and which limit it was."""
    sandbox = XeroSandbox(payments=1, minute_limit=1)
    once = RetryPolicy(attempts=1)
    async with sandbox, connected(sandbox, retry=once) as xero:
        await xero.list_payments().collect()
        with pytest.raises(RateLimitedError) as raised:
            await xero.list_payments().collect()
    assert raised.value.retry_after is not None
    assert 0 < raised.value.retry_after <= 60
    assert "minute" == raised.value.headers["x-rate-limit-problem"]


@pytest.mark.parametrize("name", ["modified_until", "voided"])
def test_other_filters_are_refused(name: str) -> None:
    """A filter that is not Xero's is refused at the call."""
    given: dict[str, Any] = {name: False if name == "voided" else date(2026, 1, 1)}
    with pytest.raises(UnsupportedFilterError, match=f"Xero cannot filter by {name}"):
        XeroProvider("test_sandbox", "tenant").list_payments(**given)
