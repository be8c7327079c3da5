"""Notify's sandbox over HTTP, with a client that uses nothing of paysdk."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from paysdk import ConfigurationError
from paysdk.providers.notify.sandbox import NotifySandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Json = Any
LIST = "/v2/payments"


def sample() -> Json:
    """The document's sample."""
    return json.loads(
        files("paysdk.providers.notify").joinpath("samples", "list_payments.json").read_text()
    )


def shape(value: Json) -> Json:
    """The value with types instead of values."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return type(value)


def start_of(link: dict[str, str]) -> str:
    """The id from which a link continues."""
    return parse_qs(urlsplit(link["href"]).query)["from"][0]


class Caller:
    """A running sandbox and a plain HTTP client."""

    def __init__(self, sandbox: NotifySandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    @property
    def ids(self) -> list[object]:
        """The ids of all payments, in order."""
        return [payment["id"] for payment in self.sandbox.payments]

    async def get(self, query: str = "", status: int = 200) -> Json:
        """The JSON of the response to the query."""
        async with self.session.get(f"{self.sandbox.url}{LIST}?{query}") as response:
            assert status == response.status, await response.text()
            return json.loads(await response.text())

    async def page(self, query: str = "") -> tuple[list[object], Any]:
        """Return the ids on a page, and its links."""
        response = await self.get(query)
        return [payment.get("id") for payment in response["payments"]], response["links"]


@pytest.fixture
async def caller(request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    """A sandbox with 120 payments, unless the test has other options, and its client."""
    sandbox = NotifySandbox(**{"payments": 120, **getattr(request, "param", {})})
    async with (
        sandbox,
        aiohttp.ClientSession(headers={"Authorization": "Bearer test_sandbox"}) as session,
    ):
        yield Caller(sandbox, session)


def with_options(**options: object) -> pytest.MarkDecorator:
    """Give the sandbox of ``caller`` these options."""
    return pytest.mark.parametrize("caller", [options], indirect=True, ids=[""])


async def test_documented_shape(caller: Caller) -> None:
    """The page, its payments and its links have exactly the fields and types of the document."""
    response, expected = await caller.get(), sample()

    assert {shape(expected["payments"][0])["id"]} == {str}
    assert all(shape(expected["payments"][0]) == shape(payment) for payment in response["payments"])
    assert shape(expected["links"]) == shape(response["links"])
    assert expected.keys() == response.keys()


async def test_forms_of_the_values(caller: Caller) -> None:
    """Dates are DD-MM-YYYY, amounts are texts with two decimals, and ids look like UUIDs."""
    for payment in (await caller.get("limit=250"))["payments"]:
        amounts = [
            payment["amount"],
            payment["invoice"]["invoiceTotal"],
            payment["invoice"]["invoiceBalance"],
        ]
        assert all(re.fullmatch(r"\d+\.\d\d", amount) for amount in amounts)
        assert re.fullmatch(r"\d\d-\d\d-\d{4}", payment["date"])
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", payment["id"])
        assert "payments" == payment["resource"]


async def test_content_type(caller: Caller) -> None:
    """A listing is hal+json."""
    async with caller.session.get(caller.sandbox.url + LIST) as response:
        assert "application/hal+json" == response.headers["Content-Type"]


async def test_list_is_complete(caller: Caller) -> None:
    """The sandbox serves ``payments``, with amounts as texts of the same digits."""
    served = (await caller.get("limit=250"))["payments"]

    assert json.loads(json.dumps(caller.sandbox.payments, default=str)) == served
    assert all(isinstance(payment["amount"], Decimal) for payment in caller.sandbox.payments)


async def test_invoices_add_up(caller: Caller) -> None:
    """The payments of an invoice and its balance add up to its total."""
    rows: list[Any] = caller.sandbox.payments
    for number in {row["invoice"]["number"] for row in rows}:
        paid = [row for row in rows if row["invoice"]["number"] == number]
        invoice = paid[0]["invoice"]
        assert 2 == len(paid)
        assert (
            invoice["invoiceTotal"]
            == sum(row["amount"] for row in paid) + invoice["invoiceBalance"]
        )


def test_data_depends_on_the_seed_alone() -> None:
    """One seed always makes the same payments, and another seed makes others."""
    assert (
        NotifySandbox(payments=40, seed=2).payments == NotifySandbox(payments=40, seed=2).payments
    )
    assert (
        NotifySandbox(payments=40, seed=2).payments != NotifySandbox(payments=40, seed=3).payments
    )
    assert NotifySandbox(payments=40).payments == NotifySandbox(payments=80).payments[:40]


@pytest.mark.parametrize(
    ("query", "size"),
    [("", 50), ("limit=3", 3), ("limit=0", 50), ("limit=-1", 50), ("limit=junk", 50)],
)
async def test_limit(caller: Caller, query: str, size: int) -> None:
    """A page has the requested size or the default one, and ``count`` is its length."""
    response = await caller.get(query)

    assert (size, size) == (len(response["payments"]), response["count"])


@with_options(payments=300)
async def test_limit_is_cut(caller: Caller) -> None:
    """A page never has more than 250 payments."""
    assert 250 == len((await caller.get("limit=1000"))["payments"])


async def test_from_is_inclusive(caller: Caller) -> None:
    """A page begins with the payment in ``from``."""
    page, _ = await caller.page(f"from={caller.ids[7]}&limit=2")

    assert caller.ids[7:9] == page


async def test_unknown_from(caller: Caller) -> None:
    """A ``from`` that is not there is a 404."""
    assert {
        "status": 404,
        "title": "Not Found",
        "detail": "No payment exists with id x",
    } == await caller.get("from=x", 404)


async def test_next_is_the_first_of_the_next_page(caller: Caller) -> None:
    """By default pages do not overlap, links keep the limit, and the last page has no next."""
    seen: list[object] = []
    query = "limit=50"
    while query:
        page, links = await caller.page(query)
        seen += page
        query = urlsplit(links["next"]["href"]).query if links["next"] else ""

    assert caller.ids == seen


async def test_previous(caller: Caller) -> None:
    """``previous`` is null on the first page, and later leads to the page before."""
    _, links = await caller.page(f"from={caller.ids[70]}&limit=50")
    before, first = await caller.page(urlsplit(links["previous"]["href"]).query)

    assert caller.ids[20:70] == before
    assert caller.ids[0] == start_of(first["previous"])
    assert (await caller.page())[1]["previous"] is None


@with_options(links="last-of-page")
async def test_next_is_the_last_of_this_page(caller: Caller) -> None:
    """The pages overlap by one payment, and the last page has no next."""
    page, links = await caller.page("limit=50")

    assert page[-1] == start_of(links["next"])
    assert (await caller.page(f"from={caller.ids[70]}"))[1]["next"] is None


@with_options(links="first-of-page")
async def test_next_is_the_first_of_this_page(caller: Caller) -> None:
    """As in the document, a link leads to its own page, and the last page has no next."""
    page, links = await caller.page("limit=50")

    assert page[0] == start_of(links["next"])
    assert (await caller.page(f"from={caller.ids[70]}"))[1]["next"] is None


@pytest.mark.parametrize(
    ("caller", "index"),
    [
        ({"links": "first-of-page", "endless_links": True}, 115),
        ({"links": "last-of-page", "endless_links": True}, 119),
    ],
    indirect=["caller"],
    ids=["first", "last"],
)
async def test_endless_links(caller: Caller, index: int) -> None:
    """The last page has a link too, which leads to nothing new."""
    _, links = await caller.page(f"from={caller.ids[115]}")

    assert caller.ids[index] == start_of(links["next"])


@with_options(endless_links=True)
async def test_next_page_form_always_ends(caller: Caller) -> None:
    """Links to the next page always end, because there is no payment after the last page."""
    assert (await caller.page("limit=250"))[1]["next"] is None


@pytest.mark.parametrize(
    ("caller", "beginning"),
    [
        ({"relative_links": True}, "/v2/payments?from="),
        ({"link_host": "https://api.notify.cm"}, "https://api.notify.cm/v2/payments?from="),
    ],
    indirect=["caller"],
    ids=["relative", "foreign"],
)
async def test_how_links_are_written(caller: Caller, beginning: str) -> None:
    """A link may be relative, or name another host."""
    _, links = await caller.page()

    assert links["next"]["href"].startswith(beginning)


@with_options(links_with_limit=False)
async def test_links_without_limit(caller: Caller) -> None:
    """A link may drop the page size, as in the document."""
    _, links = await caller.page("limit=5")

    assert f"{caller.sandbox.url}/v2/payments?from={caller.ids[5]}" == links["next"]["href"]


@with_options(payments=1, with_elisions=True)
async def test_elisions(caller: Caller) -> None:
    """As in the document, a page may have empty objects and a count that is too high."""
    response = await caller.get()

    assert ([{}, {}, {}], 5) == (response["payments"][1:], response["count"])


@with_options(payments=0)
async def test_empty(caller: Caller) -> None:
    """Without payments the page is empty and has no links."""
    assert {
        "payments": [],
        "count": 0,
        "links": {"previous": None, "next": None},
    } == await caller.get()


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "Token test_sandbox"}]
)
async def test_unauthorised(caller: Caller, headers: dict[str, str]) -> None:
    """A request without the right key is refused."""
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.get(caller.sandbox.url + LIST) as response,
    ):
        assert (401, "Unauthorized Request", "application/json") == (
            response.status,
            (await response.json())["title"],
            response.content_type,
        )


async def test_other_paths_and_methods(caller: Caller) -> None:
    """Other paths and methods are refused in the API's own words."""
    async with caller.session.get(f"{caller.sandbox.url}/v2/refunds") as response:
        assert {
            "status": 404,
            "title": "Not Found",
            "detail": "No resource exists at /v2/refunds",
        } == await response.json()
    async with caller.session.post(caller.sandbox.url + LIST) as response:
        assert {
            "status": 405,
            "title": "Method Not Allowed",
            "detail": "The method POST is not supported",
        } == await response.json()


async def test_adding_during_a_listing(caller: Caller) -> None:
    """A payment that is added during a listing comes first, and moves nothing."""
    first, links = await caller.page("limit=50")
    before = caller.ids
    added = [caller.sandbox.add_payment(), caller.sandbox.add_payment(amount=Decimal("1.00"))]
    second, _ = await caller.page(urlsplit(links["next"]["href"]).query)

    assert before[:100] == first + second
    assert [*reversed(added), *before] == caller.ids
    assert "1.00" == (await caller.get())["payments"][0]["amount"]


async def test_changing_and_deleting(caller: Caller) -> None:
    """A changed payment keeps its place, and no page starts from a deleted one."""
    changed, deleted = str(caller.ids[3]), str(caller.ids[4])
    caller.sandbox.change_payment(changed, amount=Decimal("7.00"))
    caller.sandbox.delete_payment(deleted)
    page = (await caller.get())["payments"]

    assert (changed, "7.00") == (page[3]["id"], page[3]["amount"])
    assert Decimal("7.00") == caller.sandbox.payment(changed)["amount"]
    assert deleted not in caller.ids
    await caller.get(f"from={deleted}", 404)


async def test_adding_with_an_id_of_ones_own(caller: Caller) -> None:
    """Two payments with the same id are refused."""
    assert "own" == caller.sandbox.add_payment(id="own")
    with pytest.raises(ValueError, match="a payment own already"):
        caller.sandbox.add_payment(id="own")


def test_own_rows() -> None:
    """Rows are served as they are, newest first, and missing fields are made up."""
    sandbox = NotifySandbox(
        rows=[
            {"amount": "12.50", "customer": {"name": "Zoë B.V."}},
            {"id": "own", "invoice": None, "new": 1},
        ],
        extra_fields=["new"],
    )
    first, second = sandbox.payments
    customer: Any = first["customer"]

    assert ("12.50", "Zoë B.V.") == (first["amount"], customer["name"])
    assert {"id", "number", "name"} == set(customer)
    assert ("own", None, 1) == (second["id"], second["invoice"], second["new"])
    added = sandbox.add_payment(invoice={"number": "7"})
    assert [added, first["id"], "own"] == [row["id"] for row in sandbox.payments]


def test_no_rows() -> None:
    """Without a row, there is no payment."""
    assert [] == NotifySandbox(rows=[]).payments


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"amuont": 1},
            "has no field 'amuont'. Its fields are: resource, id, date, amount, invoice",
        ),
        ({"invoice": {"nr": 1}}, "The invoice .* has no field 'nr'. Its fields are: id, number"),
        ({"customer": {"nr": 1}}, "The customer .* has no field 'nr'. Its fields are: id, number"),
    ],
)
def test_unknown_field(row: dict[str, Any], message: str) -> None:
    """A misspelt field is refused with the list of those that there are."""
    sandbox = NotifySandbox(payments=1)
    payment_id = str(sandbox.payments[0]["id"])
    for attempt in (
        lambda: NotifySandbox(rows=[row]),
        lambda: sandbox.add_payment(**row),
        lambda: sandbox.change_payment(payment_id, **row),
    ):
        with pytest.raises(ConfigurationError, match=message):
            attempt()

    assert 1 == len(sandbox.payments)


def test_two_rows_of_one_id() -> None:
    """Two rows with the same id are refused."""
    with pytest.raises(ValueError, match="a payment 5 already"):
        NotifySandbox(rows=[{"id": "5"}, {"id": "5"}])


def test_ids_of_another_seed() -> None:
    """Two sandboxes with different seeds have different payments."""
    first, second = ({row["id"] for row in NotifySandbox(seed=seed).payments} for seed in (1, 2))

    assert set() == first & second


def test_changes_for_a_demonstration() -> None:
    """Payments are added, and the amount of every second one changes."""
    sandbox = NotifySandbox(payments=3)
    for _ in range(6):
        sandbox.make_change()

    assert 7 == len(sandbox.payments)
    assert [Decimal(60), Decimal(30)] == [
        row["amount"] for row in sandbox.payments[:4] if row["amount"] in {Decimal(60), Decimal(30)}
    ]
