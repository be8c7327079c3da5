"""What is particular to Moneybird, and not in the contract."""

from __future__ import annotations

import ast
import copy
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from paysdk import (
    BadRequestError,
    ConfigurationError,
    CustomerRef,
    InvoiceRef,
    MalformedResponseError,
    Payment,
    RateLimitedError,
    RetryPolicy,
    UnsupportedFilterError,
)
from paysdk.sync import SQLPaymentStore, sync_payments
from paysdk.testing import FaultPlan, reset
from paysdk_moneybird.provider import MoneybirdProvider
from paysdk_moneybird.sandbox import MoneybirdSandbox

README = Path(__file__).parents[1] / "README.md"
QUICK = RetryPolicy(attempts=3, wait_initial=0)

INVOICE: dict[str, Any] = {
    "id": "496081499440809598",
    "administration_id": 123,
    "contact": {
        "id": "496081499098973804",
        "company_name": "Fietsenmaker B.V.",
        "firstname": None,
        "lastname": None,
        "customer_id": "klant-1",
    },
    "invoice_id": "2026-0002",
    "state": "open",
    "invoice_date": "2026-03-21",
    "currency": "USD",
    "created_at": "2026-03-21T13:50:06.581Z",
    "updated_at": "2026-03-30T15:50:06.772+02:00",
    "version": 1787320206,
    "payments": [
        {
            "id": "496081499624310414",
            "invoice_id": "496081499440809598",
            "transaction_identifier": None,
            "price": "300.0",
            "price_base": "276.31",
            "payment_date": "2026-03-21",
            "manual_payment_action": "cash_payment",
            "created_at": "2026-03-21T13:50:06.757Z",
            "updated_at": "2026-03-21T13:50:06.757Z",
        },
        {
            "id": "496081499624310499",
            "invoice_id": "496081499440809598",
            "transaction_identifier": "psp-7",
            "price": "-12.50",
            "price_base": "-11.51",
            "payment_date": "2026-03-30",
            "manual_payment_action": None,
            "created_at": "2026-03-30T13:50:06.757Z",
            "updated_at": "2026-03-30T13:50:06.757Z",
        },
    ],
    "total_paid": "287.50",
    "total_unpaid": "75.50",
    "total_price_incl_tax": "363.0",
}


def connected(sandbox: MoneybirdSandbox, **settings: Any) -> MoneybirdProvider:
    """Connect a provider to the running sandbox."""
    usual: dict[str, Any] = {"base_url": sandbox.url, "retry": QUICK}
    return MoneybirdProvider(sandbox.api_key, sandbox.administration_id, **{**usual, **settings})


async def listed(*invoices: dict[str, Any]) -> list[Payment]:
    """List these invoices."""
    sandbox = MoneybirdSandbox()
    sandbox.invoices = [*invoices]
    async with sandbox, connected(sandbox) as moneybird:
        return await moneybird.list_payments().collect()


def posted(sandbox: MoneybirdSandbox) -> list[list[int]]:
    """The ids of each POST."""
    bodies = [request.body for request in sandbox.requests if request.method == "POST"]
    return [msgspec.json.decode(body)["ids"] for body in bodies]


async def test_a_deleted_payment_vanishes(tmp_path: Path) -> None:
    """A sync of what was modified notices that a payment is gone from its invoice."""
    sandbox = MoneybirdSandbox(payments=6, per_invoice=2)
    store = SQLPaymentStore(tmp_path / "payments.db")
    async with sandbox, connected(sandbox) as moneybird, store:
        await sync_payments(moneybird, store)
        changed = sandbox.invoices[1]
        gone = {each["id"] for each in changed["payments"][:1]}
        changed["payments"] = changed["payments"][1:]
        changed["updated_at"] = "2026-07-01T08:00:00.000Z"
        report = await sync_payments(moneybird, store)
        live = {payment.id async for payment in store.payments(provider="moneybird")}
    expected = {paid["id"] for invoice in sandbox.invoices for paid in invoice["payments"]}
    assert ("incremental", 1) == (report.kind, report.vanished)
    assert expected == live
    assert gone.isdisjoint(live)


async def test_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the README lists what the sandbox has."""
    (example,) = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    code = compile(example, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    async with MoneybirdSandbox(payments=2) as sandbox:
        monkeypatch.setattr(MoneybirdProvider, "default_base_url", sandbox.url)
        names = {"api_token": sandbox.api_key}
        await eval(code, names)  # noqa: S307  # the example of this package
    assert {200} == {request.status for request in sandbox.requests}


async def test_an_invoice_gives_each_of_its_payments() -> None:
    """Each field is read; amounts and currency are the invoice's, and ``raw`` is the invoice."""
    first, second = await listed(INVOICE)
    invoice = InvoiceRef(
        id="496081499440809598",
        number="2026-0002",
        total=Decimal("363.0"),
        balance=Decimal("75.50"),
    )
    customer = CustomerRef(id="496081499098973804", number="klant-1", name="Fietsenmaker B.V.")
    modified_at = datetime(2026, 3, 30, 13, 50, 6, 772_000, tzinfo=UTC)
    assert first == Payment(
        provider="moneybird",
        id="496081499624310414",
        amount=Decimal("300.0"),
        currency="USD",
        payment_date=date(2026, 3, 21),
        invoice=invoice,
        customer=customer,
        source="cash_payment",
        created_at=datetime(2026, 3, 21, 13, 50, 6, 757_000, tzinfo=UTC),
        modified_at=modified_at,
    )
    assert second == Payment(
        provider="moneybird",
        id="496081499624310499",
        amount=Decimal("-12.50"),
        currency="USD",
        payment_date=date(2026, 3, 30),
        invoice=invoice,
        customer=customer,
        external_id="psp-7",
        created_at=datetime(2026, 3, 30, 13, 50, 6, 757_000, tzinfo=UTC),
        modified_at=modified_at,
    )
    assert INVOICE == first.raw == second.raw


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (
            {"id": 7, "firstname": "Jip", "lastname": "de Vries"},
            CustomerRef("7", None, "Jip de Vries"),
        ),
        ({"id": "7", "company_name": "", "lastname": "Janneke"}, CustomerRef("7", None, "Janneke")),
        ({"id": "7"}, CustomerRef("7")),
        (None, None),
    ],
)
async def test_a_customer_is_a_company_or_a_person(
    contact: dict[str, Any] | None, expected: CustomerRef | None
) -> None:
    """The name is that of the company, or of the person."""
    first, _ = await listed({**INVOICE, "contact": contact})
    assert expected == first.customer


async def test_an_unpaid_invoice_is_no_payment() -> None:
    """Invoices without payments give none, and are not counted as left out."""
    sandbox = MoneybirdSandbox(payments=5, per_invoice=2, unpaid=4)
    async with sandbox, connected(sandbox) as moneybird:
        listing = moneybird.list_payments(page_size=2)
        payments = await listing.collect()
    sent = {paid["id"] for invoice in sandbox.invoices for paid in invoice["payments"]}
    assert (5, sent) == (len(payments), {payment.id for payment in payments})
    report = listing.report
    assert (5, 0, 4, True) == (report.payments, report.left_out, report.pages, report.complete)


async def test_all_ids_come_first() -> None:
    """One request gives all ids, whatever the year; then a POST gives 100 invoices at most."""
    sandbox = MoneybirdSandbox(payments=1300)
    async with sandbox, connected(sandbox) as moneybird:
        payments = await moneybird.list_payments().collect()
    assert (1300, 14) == (len(payments), len(sandbox.requests))
    assert [100] * 13 == [len(ids) for ids in posted(sandbox)]
    years = {payment.payment_date.year for payment in payments if payment.payment_date}
    assert {2025, 2026} == years


async def test_a_post_that_only_reads_is_repeated() -> None:
    """A POST whose response was lost is sent again: it changes nothing."""
    faults = FaultPlan().on(1, reset(), method="POST")
    sandbox = MoneybirdSandbox(payments=3, faults=faults)
    async with sandbox, connected(sandbox) as moneybird:
        payments = await moneybird.list_payments().collect()
    first, second = posted(sandbox)
    assert (3, first) == (len(payments), second)


async def test_nothing_is_lost_while_invoices_come_and_go() -> None:
    """An invoice that is deleted moves no other to a page that was read already."""
    sandbox = MoneybirdSandbox(payments=6)
    kept = {invoice["payments"][0]["id"] for invoice in sandbox.invoices[:5]}
    found = set()
    async with sandbox, connected(sandbox) as moneybird:
        async for page in moneybird.list_payments(page_size=2).pages():
            found |= {payment.id for payment in page.payments}
            sandbox.invoices = [
                invoice for invoice in sandbox.invoices if invoice["payments"][0]["id"] in kept
            ]
    assert kept <= found


async def test_a_listing_is_resumed_behind_an_id() -> None:
    """A resumed listing asks for the ids again, and goes on behind the last one."""
    sandbox = MoneybirdSandbox(payments=5)
    async with sandbox, connected(sandbox) as moneybird:
        pages = [page async for page in moneybird.list_payments(page_size=2).pages()]
        resumed = await moneybird.list_payments(resume=pages[0].checkpoint).collect()
    expected = [payment for page in pages[1:] for payment in page.payments]
    assert expected == resumed


async def test_modified_since_lists_what_changed() -> None:
    """Changed invoices are a linked list, and the time itself is in it."""
    sandbox = MoneybirdSandbox(payments=9)
    since = datetime.fromisoformat(sandbox.invoices[3]["updated_at"])
    async with sandbox, connected(sandbox) as moneybird:
        listing = moneybird.list_payments(modified_since=since, page_size=3)
        pages = [page async for page in listing.pages()]
        resumed = await moneybird.list_payments(resume=pages[0].checkpoint).collect()
    assert [3, 1] == [len(page.payments) for page in pages]
    assert all(
        payment.modified_at and payment.modified_at >= since
        for page in pages
        for payment in page.payments
    )
    assert [*pages[1].payments] == resumed
    before = (since - timedelta(milliseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    filters = {request.query["filter"] for request in sandbox.requests}
    assert {f"updated_after:{before}Z"} == filters


async def test_a_deleted_payment_is_gone() -> None:
    """An invoice comes again without a payment that was deleted."""
    sandbox = MoneybirdSandbox(payments=2, per_invoice=2)
    async with sandbox, connected(sandbox) as moneybird:
        before = await moneybird.list_payments().collect()
        sandbox.invoices[0]["payments"].pop()
        sandbox.invoices[0]["updated_at"] = "2026-07-09T12:00:00.000Z"
        since = date(2026, 7, 9)
        after = await moneybird.list_payments(modified_since=since).collect()
    assert [before[0].id] == [payment.id for payment in after]


@pytest.mark.parametrize(
    ("change", "at"),
    [
        (("payments", 1, "price", "1_000"), "payments[1].price"),
        (("payments", 1, "price", None), "payments[1].price"),
        (("payments", 0, "created_at", "2026-03-21T13:50:06"), "payments[0].created_at"),
        (("payments", 0, "payment_date", "21-03-2026"), "payments[0].payment_date"),
        (("total_unpaid", "NaN"), "total_unpaid"),
        (("updated_at", "0001-01-01T00:00:00+01:00"), "updated_at"),
        (("currency", None), "currency"),
        (("id", "x"), "id"),
    ],
)
async def test_what_cannot_be_read_is_an_error(change: tuple[Any, ...], at: str) -> None:
    """An undocumented value stops the listing, and the error has its path."""
    sandbox = MoneybirdSandbox(payments=0)
    invoice = copy.deepcopy(INVOICE)
    *path, name, value = change
    place: Any = invoice
    for step in path:
        place = place[step]
    place[name] = value
    sandbox.invoices = [invoice]
    async with sandbox, connected(sandbox) as moneybird:
        with pytest.raises(MalformedResponseError) as raised:
            await moneybird.list_payments().collect()
    assert f"$[0].{at}" == raised.value.path


@pytest.mark.parametrize("administration_id", ["", "12a", "../7", "٣"])
def test_an_administration_is_digits(administration_id: str) -> None:
    """A text that cannot be an id is refused before a path is made of it."""
    with pytest.raises(ConfigurationError, match="administration_id"):
        MoneybirdProvider("test_sandbox", administration_id)


def test_administrations_are_kept_apart() -> None:
    """The administration is part of where payments come from."""
    assert "https://moneybird.com#123" == MoneybirdProvider("test_sandbox", "123").origin


async def test_a_wrong_request_is_explained() -> None:
    """The text of ``error`` is in the error."""
    sandbox = MoneybirdSandbox(payments=1)
    path = f"/api/v2/{sandbox.administration_id}/sales_invoices.json"
    async with sandbox, connected(sandbox) as moneybird:
        with pytest.raises(BadRequestError, match="Status is not included in the list"):
            await moneybird.request("GET", path, query={"filter": "state:gone"})


async def test_a_time_to_wait_for_is_understood() -> None:
    """``Retry-After`` is a time here, and the error has the seconds until then."""
    sandbox = MoneybirdSandbox(payments=1, request_limit=2)
    async with sandbox, connected(sandbox) as moneybird:
        await moneybird.list_payments().collect()
        with pytest.raises(RateLimitedError, match="Retry later") as raised:
            await moneybird.list_payments().collect()
    assert raised.value.retry_after is not None
    assert 0 < raised.value.retry_after <= 300


@pytest.mark.parametrize("name", ["modified_until", "voided"])
def test_other_filters_are_refused(name: str) -> None:
    """A filter that is not Moneybird's is refused at the call."""
    given: dict[str, Any] = {name: False if name == "voided" else date(2026, 1, 1)}
    with pytest.raises(UnsupportedFilterError, match=f"Moneybird cannot filter by {name}"):
        MoneybirdProvider("test_sandbox", "123").list_payments(**given)
