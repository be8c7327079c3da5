"""Campfire's sandbox, asked over HTTP by a client that knows nothing of paysdk."""

from __future__ import annotations

import json
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import FaultPlan, reset

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Json = Any
LIST = "/coa/api/v1/invoice-payments"
PAY = "/coa/api/v1/invoice/58700/pay/"
LISTED_2026 = [
    *("id", "invoice_id", "invoice_number", "amount", "currency", "payment_date"),
    *("payment_type", "source", "external_id", "voided_date", "created_at", "last_modified_at"),
]
MANUAL = {
    "account_id": 1,
    "account_name": "1000 - Cash",
    "amount": Decimal("10.50"),
    "payment_date": "2025-07-25",
}


def sample(name: str) -> Json:
    """A sample of the documents."""
    return read(files("paysdk.providers.campfire").joinpath("samples", f"{name}.json").read_text())


def read(text: str) -> Json:
    """JSON with every digit."""
    return json.loads(text, parse_float=Decimal)


def written(value: object) -> bytes:
    """JSON with amounts as numbers; good enough for the amounts here, which floats hold exactly."""
    return json.dumps(value, default=float).encode()


def differences(served: Json, expected: Json, path: str = "$") -> list[str]:
    """Where the served value has another shape than the document's: other fields or JSON types.

    Null fits everything.
    """
    if served is None or expected is None or expected == "<any>":
        return []
    if isinstance(served, dict) and isinstance(expected, dict):
        missing = (
            [f"{path}: {sorted(served.keys() ^ expected.keys())}"]
            if expected and served.keys() != expected.keys()
            else []
        )
        return missing + [
            line
            for name in served.keys() & expected.keys()
            for line in differences(served[name], expected[name], f"{path}.{name}")
        ]
    if isinstance(served, list) and isinstance(expected, list):
        return [
            line for item in served for line in differences(item, (*expected, None)[0], f"{path}[]")
        ]
    number = (int, Decimal)
    fits = (
        isinstance(served, number)
        and isinstance(expected, number)
        and isinstance(served, bool) is isinstance(expected, bool)
    )
    return [] if fits or type(served) is type(expected) else [f"{path}: {served!r}"]


class Caller:
    """A running sandbox and a plain HTTP client."""

    def __init__(self, sandbox: CampfireSandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def get(self, path: str, status: int = 200) -> Json:
        """The JSON at the path, or at an absolute URL."""
        async with self.session.get(path if "://" in path else self.sandbox.url + path) as response:
            assert status == response.status, await response.text()
            return read(await response.text())

    async def pay(self, body: object, status: int = 200, path: str = PAY) -> Json:
        """What a pay request is answered."""
        headers = {"Content-Type": "application/json"}
        data = body if isinstance(body, bytes) else written(body)
        async with self.session.post(
            self.sandbox.url + path, data=data, headers=headers
        ) as response:
            assert status == response.status, await response.text()
            return read(await response.text())

    async def walk(self, query: str) -> list[dict[str, Any]]:
        """All rows of a listing."""
        url: str | None = f"{LIST}?{query}"
        rows: list[dict[str, Any]] = []
        while url is not None:
            page = await self.get(url)
            rows += page["results"]
            url = page["next"]
        return rows


async def called(sandbox: CampfireSandbox) -> AsyncIterator[Caller]:
    """The sandbox, running, with a client that has its key."""
    async with (
        sandbox,
        aiohttp.ClientSession(headers={"Authorization": "Token sandbox-key"}) as session,
    ):
        yield Caller(sandbox, session)


@pytest.fixture
async def caller(request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    """A sandbox of 250 payments, or as the test's parameters say."""
    async for running in called(
        CampfireSandbox(**{"payments": 250, **getattr(request, "param", {})})
    ):
        yield running


def with_options(**options: object) -> pytest.MarkDecorator:
    """The options of the sandbox that ``caller`` is."""
    return pytest.mark.parametrize("caller", [options], indirect=True, ids=[""])


# The list


@with_options(schema="documented")
async def test_list_has_the_documented_shape(caller: Caller) -> None:
    """Envelope and rows have exactly the fields and types of the document."""
    page = await caller.get(LIST)

    assert [] == differences(page, sample("list_invoice_payments"))
    assert 100 == len(page["results"])


async def test_list_has_the_later_fields(caller: Caller) -> None:
    """By default each row has what the later schema has, too."""
    for row in (await caller.get(LIST))["results"]:
        assert LISTED_2026 == list(row)


async def test_list_is_the_truth_in_order(caller: Caller) -> None:
    """What is served is ``payments``, to the digit, in the order of modification and id."""
    rows = await caller.walk("limit=1000")

    assert caller.sandbox.payments == rows
    assert [str(row["amount"]) for row in caller.sandbox.payments] == [
        str(row["amount"]) for row in rows
    ]
    assert rows == sorted(rows, key=lambda row: (row["last_modified_at"], row["id"]))


async def test_data_is_varied(caller: Caller) -> None:
    """Voids, digits, currencies, kinds and shared moments of change all occur."""
    rows = caller.sandbox.payments
    digits = {
        str(row["amount"]).partition(".")[2][-1:] == "0"
        for row in rows
        if "." in str(row["amount"])
    }

    assert {True, False} == {row["voided_date"] is None for row in rows} == digits
    assert {"USD", "EUR", "GBP"} == {row["currency"] for row in rows}
    assert {"BANK_TRANSACTION", "MANUAL_TRANSACTION", "CREDIT_MEMO"} == {
        row["payment_type"] for row in rows
    }
    assert {"STRIPE", "MANUAL", None} == {row["source"] for row in rows}
    assert (
        len({row["last_modified_at"] for row in rows})
        < len(rows)
        == len({row["id"] for row in rows})
    )


def test_data_depends_on_the_seed_alone() -> None:
    """The same seed gives the same payments, another seed others, and more begin with the same."""
    assert (
        CampfireSandbox(payments=40, seed=2).payments
        == CampfireSandbox(payments=40, seed=2).payments
    )
    assert (
        CampfireSandbox(payments=40, seed=2).payments
        != CampfireSandbox(payments=40, seed=3).payments
    )
    assert CampfireSandbox(payments=40).payments == CampfireSandbox(payments=80).payments[:40]


@pytest.mark.parametrize(
    "query",
    ["cursor=&limit=7", "limit=7", "cursor=&limit=10000", "cursor=", "limit=junk", "offset=junk"],
)
async def test_walks_give_everything_once(caller: Caller, query: str) -> None:
    """Both paginations give each payment once, whatever the page size."""
    assert caller.sandbox.payments == await caller.walk(query)


async def test_next_is_absolute_and_keeps_the_filters(caller: Caller) -> None:
    """``next`` is the request's own URL with the cursor replaced."""
    page = await caller.get(f"{LIST}?voided=false&cursor=&limit=5&skip_count=true")
    link = urlsplit(page["next"])

    assert caller.sandbox.url == f"{link.scheme}://{link.netloc}"
    assert {"cursor", "limit=5", "skip_count=true", "voided=false"} == {
        part if part[:6] != "cursor" else "cursor" for part in link.query.split("&")
    }
    assert page["previous"] is None


@with_options(payments=10_050)
async def test_limit_is_cut(caller: Caller) -> None:
    """More than 10,000 are never on a page."""
    assert 10_000 == len((await caller.get(f"{LIST}?limit=99999"))["results"])


async def test_count(caller: Caller) -> None:
    """The count is of all that match, or with skip_count a lower bound."""
    assert 250 == (await caller.get(LIST))["count"]
    assert 250 == (await caller.get(f"{LIST}?cursor="))["count"]
    assert [101, 250] == [
        (await caller.get(f"{LIST}?skip_count=true&offset={offset}"))["count"]
        for offset in (0, 200)
    ]


async def test_invalid_cursor(caller: Caller) -> None:
    """A cursor that was not given is not found."""
    assert {"detail": "Invalid cursor"} == await caller.get(f"{LIST}?cursor=junk", 404)


@pytest.mark.parametrize(
    "written_as",
    [
        "2025-01-01T08:30:43Z",
        "2025-01-01T08:30:43%2B0000",
        "2025-01-01T09:30:43%2B01:00",
        "2025-01-01T08:30:43.000",
    ],
)
async def test_modified_filters_are_inclusive(caller: Caller, written_as: str) -> None:
    """Both ends include the moment itself, in every way of writing it."""
    moment = "2025-01-01T08:30:43+0000"
    rows = caller.sandbox.payments

    assert [row for row in rows if row["last_modified_at"] >= moment] == await caller.walk(  # type: ignore[operator]
        f"last_modified_at__gte={written_as}"
    )
    assert [row for row in rows if row["last_modified_at"] <= moment] == await caller.walk(  # type: ignore[operator]
        f"last_modified_at__lte={written_as}"
    )
    assert 3 == len(
        await caller.walk(
            f"last_modified_at__gte={written_as}&last_modified_at__lte={written_as}&cursor="
        )
    )


@with_options(rows=[{"last_modified_at": f"2025-01-0{day}T23:59:59.5Z"} for day in (1, 2, 3)])
async def test_a_date_covers_its_day(caller: Caller) -> None:
    """A bare date as an end includes all of the day, as a beginning too."""
    assert 2 == len(await caller.walk("last_modified_at__lte=2025-01-02"))
    assert 2 == len(await caller.walk("last_modified_at__gte=2025-01-02"))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("last_modified_at__gte=yesterday", "last_modified_at__gte"),
        ("last_modified_at__lte=2025-01-01T00:00:00+0000", "last_modified_at__lte"),
        ("voided=perhaps", "voided"),
        ("invoice_id=x", "invoice_id"),
    ],
)
async def test_bad_filters(caller: Caller, query: str, field: str) -> None:
    """A value that cannot be read is a 400 with its name, and an unescaped plus is a space."""
    assert [field] == list(await caller.get(f"{LIST}?{query}", 400))


@pytest.mark.parametrize("voided", [True, False])
async def test_voided(caller: Caller, *, voided: bool) -> None:
    """Only the voided, or only the others."""
    expected = [
        row for row in caller.sandbox.payments if (row["voided_date"] is not None) is voided
    ]

    assert expected == await caller.walk(f"voided={str(voided).lower()}&cursor=&limit=3")


async def test_external_id(caller: Caller) -> None:
    """One by its id, none for an unknown one, and all for an empty one."""
    row = next(row for row in caller.sandbox.payments if row["external_id"])

    assert [row] == await caller.walk(f"external_id={row['external_id']}")
    assert [] == await caller.walk("external_id=unknown")
    assert 250 == len(await caller.walk("external_id=&cursor="))


async def test_invoice_id(caller: Caller) -> None:
    """The payments of one invoice, and none for an unknown one."""
    expected = [row for row in caller.sandbox.payments if row["invoice_id"] == 47867]

    assert 3 == len(expected)
    assert expected == await caller.walk("invoice_id=47867&cursor=&limit=1")
    assert [] == await caller.walk("invoice_id=1")


# Invoices


@with_options(schema="documented")
async def test_invoices_have_the_documented_shape(caller: Caller) -> None:
    """Every invoice has exactly the fields and types of the document's real sample."""
    for invoice_id in caller.sandbox.invoice_ids[:60]:
        assert [] == differences(
            await caller.get(f"/coa/api/v1/invoice/{invoice_id}/"), sample("retrieve_invoice")
        )


async def test_invoices_have_every_field_by_default(caller: Caller) -> None:
    """An invoice has what either document has, and its payments what the later schema adds."""
    invoice = await caller.get("/coa/api/v1/invoice/47864/")

    assert invoice.keys() == sample("retrieve_invoice").keys() | sample("mark_invoice_paid").keys()
    assert {"external_id", "payment_type", "withheld_amount"} <= invoice["payments"][0].keys()


async def test_invoices_agree_with_the_list(caller: Caller) -> None:
    """An invoice's payments are those in the list, and its sums follow from them."""
    rows = caller.sandbox.payments
    for invoice_id in caller.sandbox.invoice_ids:
        invoice = await caller.get(f"/coa/api/v1/invoice/{invoice_id}/")
        listed = [row for row in rows if row["invoice_id"] == invoice_id]
        nested = invoice["payments"]
        assert sorted(
            (row["id"], row["amount"], row["voided_date"], row["last_modified_at"])
            for row in listed
        ) == [
            (payment["id"], payment["amount"], payment["voided_date"], payment["last_modified_at"])
            for payment in nested
        ]
        paid = sum(
            (payment["amount"] for payment in nested if payment["voided_date"] is None), Decimal(0)
        )
        assert (paid, invoice["total_amount"]) == (
            invoice["amount_paid"],
            paid + invoice["amount_due"],
        )


async def test_invoices_are_in_every_state(caller: Caller) -> None:
    """Paid, partly paid and open ones occur."""
    invoices = [caller.sandbox.invoice(invoice_id) for invoice_id in caller.sandbox.invoice_ids]

    assert {("paid", "paid"), ("partial", "partially_paid"), ("open", "unpaid")} == {
        (one["payment_status"], one["status"]) for one in invoices
    }
    assert all((one["paid_date"] is not None) is (one["status"] == "paid") for one in invoices)


@pytest.mark.parametrize(
    "path", ["/coa/api/v1/invoice/1/", "/coa/api/v1/invoice/99999999999999999999/"]
)
async def test_unknown_invoice(caller: Caller, path: str) -> None:
    """404 with the framework's words."""
    assert {"detail": "Not found."} == await caller.get(path, 404)


# Paying


@with_options(schema="documented")
async def test_paying_the_documents_sample(caller: Caller) -> None:
    """The sample body pays invoice 58700, and the answer has the documented shape."""
    invoice = await caller.pay(sample("mark_invoice_paid_request"))

    assert [] == differences(invoice, sample("mark_invoice_paid"))
    assert (Decimal("1033.33"), 0, "paid", "2025-07-25") == tuple(
        invoice[name] for name in ("amount_paid", "amount_due", "status", "paid_date")
    )
    assert [(14728800, None), (None, "CM-0000007")] == [
        (one["payment_transaction"], one["credit_memo"]) for one in invoice["payments"]
    ]


async def test_what_was_paid_is_listed(caller: Caller) -> None:
    """A payment shows in the list, at its end, with what the request said, to the digit."""
    manual = (
        b'{"account_id": "1", "account_name": "Cash", "amount": 10.50,'
        b' "payment_date": "2025-07-25", "external_id": "own-1"}'
    )
    await caller.pay(b'{"empty_transactions": [%b]}' % manual)
    (row,) = await caller.walk("external_id=own-1")

    assert row == (await caller.walk("limit=1000"))[-1] == caller.sandbox.payment(row["id"])
    assert (58700, "10.50", "2025-07-25", "MANUAL_TRANSACTION") == (
        row["invoice_id"],
        str(row["amount"]),
        row["payment_date"],
        row["payment_type"],
    )
    assert "partial" == (await caller.get("/coa/api/v1/invoice/58700/"))["payment_status"]


async def test_each_kind_of_payment(caller: Caller) -> None:
    """All four lists are booked, with the schema's type of payment if it has one."""
    memo = {"amount": 1, "posted_at": "2025-07-25"}
    invoice = await caller.pay(
        {
            "transactions": [{"amount": 1}],
            "credit_memos": [{**memo, "credit_memo_id": 4029}],
            "debit_memos": [{**memo, "debit_memo_id": 1}],
            "empty_transactions": None,
        }
    )

    assert ["BANK_TRANSACTION", "CREDIT_MEMO", None] == [
        payment["payment_type"] for payment in invoice["payments"]
    ]
    assert "4029" == invoice["payments"][1]["credit_memo"]


@with_options(pay_response="ids")
async def test_answer_with_ids(caller: Caller) -> None:
    """The later schema's response has the new ids, and credit memos only after an overpayment."""
    answer = await caller.pay({"empty_transactions": [MANUAL, MANUAL]})
    overpaid = await caller.pay({"transactions": [{"amount": 5000}]})

    assert [] == differences(answer, sample("mark_invoice_paid_ids"))
    assert answer["payment_ids"] == [row["id"] for row in caller.sandbox.payments[-3:-1]]
    assert ["CM-"] == [
        memo["credit_memo_number"][:3] for memo in overpaid["auto_created_credit_memos"]
    ]
    assert (0, "paid") == (
        caller.sandbox.invoice(58700)["amount_due"],
        caller.sandbox.invoice(58700)["status"],
    )


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, {"non_field_errors": ["At least one payment is required."]}),
        ({"transactions": []}, {"non_field_errors": ["At least one payment is required."]}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary."]}),
        ({"transactions": [{}]}, {"transactions": [{"amount": ["This field is required."]}]}),
        (
            {"transactions": [{"amount": 1}, {"amount": "x"}]},
            {"transactions": [{}, {"amount": ["A valid number is required."]}]},
        ),
        (
            {"credit_memos": [{"amount": 1, "credit_memo_id": 1}]},
            {"credit_memos": [{"posted_at": ["This field is required."]}]},
        ),
        (
            {"debit_memos": "x"},
            {"debit_memos": {"non_field_errors": ['Expected a list of items but got type "str".']}},
        ),
    ],
)
async def test_refused_payments_book_nothing(caller: Caller, body: object, answer: object) -> None:
    """What is wrong is said field by field, and nothing of the request is booked."""
    before = caller.sandbox.payments

    assert answer == await caller.pay(body, 400)
    assert before == caller.sandbox.payments


async def test_broken_json(caller: Caller) -> None:
    """A body that is no JSON is told so."""
    assert (await caller.pay(b"{", 400))["detail"].startswith("JSON parse error - ")


async def test_other_media_type(caller: Caller) -> None:
    """Only JSON is read here."""
    async with caller.session.post(caller.sandbox.url + PAY, data={"amount": "1"}) as response:
        assert 415 == response.status
        assert (
            'Unsupported media type "application/x-www-form-urlencoded" in request.'
            == (await response.json())["detail"]
        )


async def test_paying_an_unknown_invoice(caller: Caller) -> None:
    """404, as for reading it."""
    assert {"detail": "Not found."} == await caller.pay(
        {"transactions": [{"amount": 1}]}, 404, "/coa/api/v1/invoice/1/pay/"
    )


@with_options(faults=FaultPlan().on(1, reset(processed=True)))
async def test_payment_without_an_answer(caller: Caller) -> None:
    """With a fault after processing the payment is booked although no answer came."""
    with pytest.raises(aiohttp.ClientOSError):
        await caller.pay({"empty_transactions": [{**MANUAL, "external_id": "own-1"}]})
    assert 1 == len(await caller.walk("external_id=own-1"))


# Manners


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "Authentication credentials were not provided."),
        ({"Authorization": "Bearer sandbox-key"}, "Authentication credentials were not provided."),
        ({"Authorization": "Token other-key"}, "Invalid token."),
    ],
)
async def test_unauthorised(caller: Caller, headers: dict[str, str], reason: str) -> None:
    """A missing key and a wrong one are told apart."""
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.get(caller.sandbox.url + LIST) as response,
    ):
        assert (401, "Token", {"detail": reason}) == (
            response.status,
            response.headers["WWW-Authenticate"],
            await response.json(),
        )


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("POST", LIST, "GET, OPTIONS"), ("GET", PAY, "POST, OPTIONS")]
)
async def test_other_methods(caller: Caller, method: str, path: str, allowed: str) -> None:
    """405 with what is allowed."""
    async with caller.session.request(method, caller.sandbox.url + path) as response:
        assert (405, allowed, {"detail": f'Method "{method}" not allowed.'}) == (
            response.status,
            response.headers["Allow"],
            await response.json(),
        )


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (f"{LIST}/?limit=5&cursor=a%3D", f"{LIST}?limit=5&cursor=a%3D"),
        ("/coa/api/v1/invoice/58700", "/coa/api/v1/invoice/58700/"),
        ("/coa/api/v1/invoice/58700/pay", PAY),
    ],
)
async def test_wrong_slash(caller: Caller, path: str, location: str) -> None:
    """A GET is led to the right path with its query, and what was posted is lost."""
    async with caller.session.get(caller.sandbox.url + path, allow_redirects=False) as response:
        assert (301, location) == (response.status, response.headers["Location"])
    async with caller.session.post(caller.sandbox.url + path) as response:
        assert (404, "text/html") == (response.status, response.content_type)


@pytest.mark.parametrize("path", ["/", "/coa/api/v1/bill-payments", "/coa/api/v1/invoice/x/"])
async def test_unknown_path(caller: Caller, path: str) -> None:
    """Django's page of HTML, for anybody."""
    async with aiohttp.ClientSession() as client, client.get(caller.sandbox.url + path) as response:
        assert (404, "text/html") == (response.status, response.content_type)


# Changes


async def test_adding_while_walking(caller: Caller) -> None:
    """A payment added during a walk comes at its end."""
    page = await caller.get(f"{LIST}?cursor=&limit=200")
    added = caller.sandbox.add_payment(amount=Decimal("-5.00"), external_id="own-1")
    rest = (await caller.get(page["next"]))["results"]

    assert added == rest[-1]["id"]
    assert caller.sandbox.payments == page["results"] + rest


async def test_changing_while_walking(caller: Caller) -> None:
    """A payment changed during a walk by cursor comes again at the end, and none is lost."""
    page = await caller.get(f"{LIST}?cursor=&limit=200")
    changed = page["results"][0]["id"]
    caller.sandbox.change_payment(changed, amount=Decimal("1.00"))
    rest = (await caller.get(page["next"]))["results"]

    assert (changed, "1.00") == (rest[-1]["id"], str(rest[-1]["amount"]))
    assert {row["id"] for row in caller.sandbox.payments} == {
        row["id"] for row in page["results"] + rest
    }


async def test_voiding_and_deleting(caller: Caller) -> None:
    """A void shows in list and invoice, and leaves the total; a deleted payment leaves no trace."""
    nested: Json = caller.sandbox.invoice(47867)["payments"]
    first, second, _ = nested
    total = caller.sandbox.invoice(47867)["total_amount"]
    caller.sandbox.void_payment(first["id"])
    caller.sandbox.delete_payment(second["id"])
    invoice = await caller.get("/coa/api/v1/invoice/47867/")

    assert first["id"] == (await caller.walk("voided=true"))[-1]["id"]
    assert (first["id"], total) == (invoice["payments"][0]["id"], invoice["total_amount"])
    assert 249 == len(await caller.walk(""))
    with pytest.raises(KeyError):
        caller.sandbox.payment(second["id"])


async def test_adding_to_a_new_invoice(caller: Caller) -> None:
    """An invoice that did not exist comes into being with its first payment."""
    caller.sandbox.add_payment(invoice_id=90_001, amount=Decimal("7.00"))

    assert 90_001 == (await caller.get("/coa/api/v1/invoice/90001/"))["id"]


# Rows of one's own


@with_options(
    rows=[
        {"id": 5, "last_modified_at": "2025-03-01T00:00:00.123456Z", "surprise": [1]},
        {"id": 4, "amount": "12.50", "invoice_id": 7},
    ]
)
async def test_own_rows_are_served_as_they_are(caller: Caller) -> None:
    """Given fields are kept to the letter, unknown ones too, and the others are made up."""
    later, earlier = reversed(caller.sandbox.payments)

    assert [earlier, later] == await caller.walk("cursor=&limit=1")
    assert (5, [1], "2025-03-01T00:00:00.123456Z") == (
        later["id"],
        later["surprise"],
        later["last_modified_at"],
    )
    assert (4, "12.50", 7) == (earlier["id"], earlier["amount"], earlier["invoice_id"])
    assert 0 == caller.sandbox.invoice(7)["amount_paid"]


@with_options(rows=[{"last_modified_at": "2025-03-01T00:00:00Z"}] * 2500)
async def test_many_rows_at_one_moment(caller: Caller) -> None:
    """A walk by cursor passes thousands of rows that share a moment, each once."""
    assert caller.sandbox.payments == await caller.walk("cursor=&limit=100")


@with_options(rows=[{"last_modified_at": None, "amount": None}])
async def test_broken_rows_can_be_served(caller: Caller) -> None:
    """A row may be as wrong as a test wants it."""
    (row,) = await caller.walk("")

    assert (None, None) == (row["last_modified_at"], row["amount"])


@pytest.mark.parametrize(
    "caller", [{"payments": 0}, {"rows": []}], indirect=True, ids=["none", "no rows"]
)
async def test_empty(caller: Caller) -> None:
    """No payments is an empty page without links, and a first one can be added."""
    assert {"count": 0, "next": None, "previous": None, "results": []} == await caller.get(
        f"{LIST}?cursor="
    )
    added = caller.sandbox.add_payment()

    assert [added] == [row["id"] for row in await caller.walk("")]


def test_two_rows_of_one_id() -> None:
    """An id belongs to one row."""
    with pytest.raises(ValueError, match="a payment 5 already"):
        CampfireSandbox(rows=[{"id": 5}, {"id": 5}])


def test_ids_of_many_invoices_leave_the_open_ones_alone() -> None:
    """However many payments there are, 58700 has none at first."""
    sandbox = CampfireSandbox(payments=17_400)

    assert ([], Decimal("1033.33")) == (
        sandbox.invoice(58700)["payments"],
        sandbox.invoice(58700)["amount_due"],
    )
