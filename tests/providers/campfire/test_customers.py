"""The customers of Campfire's payments, from the list of invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from paysdk import CampfireProvider, CustomerRef, InvoiceSummary, ListingReport, Page
from paysdk.customers import FindsCustomers, add_customers
from paysdk.providers.campfire.customers import InvoiceCustomers
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class Shelf:
    """Invoices whose newest come first, and a listing of them in pages of two."""

    report = ListingReport(requests=1)

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = list(numbers)
        self.read: list[list[int]] = []

    def __call__(self) -> Any:  # noqa: ANN401  # what is used of a listing
        return self

    async def pages(self) -> AsyncIterator[Page[InvoiceSummary]]:
        """Yield pages of the invoices as they are at the beginning."""
        numbers = sorted(self.numbers, reverse=True)
        for place in range(0, len(numbers), 2):
            page = numbers[place : place + 2]
            self.read.append(page)
            found = [
                InvoiceSummary(id=each, client=each // 2, client_name=f"Client {each // 2}")
                for each in page
            ]
            yield Page(found, None, None)


def client(number: int) -> CustomerRef:
    """The customer of an invoice on the shelf."""
    return CustomerRef(str(number // 2), None, f"Client {number // 2}")


async def test_a_lookup_reads_as_far_as_it_must() -> None:
    """The newest invoices are read first, and each page once."""
    shelf = Shelf(range(10))
    lookup = InvoiceCustomers(shelf)

    assert {"9": client(9)} == await lookup.find(["9"])
    assert [[9, 8]] == shelf.read
    assert {"9": client(9), "5": client(5)} == await lookup.find({"9", "5"})
    assert [[9, 8], [7, 6], [5, 4]] == shelf.read
    assert {} == await lookup.find([])
    await lookup.aclose()


async def test_an_invoice_that_is_not_there_has_no_customer() -> None:
    """The order of the list shows that it is missing, without reading on."""
    shelf = Shelf([9, 8, 6, 5, 4, 3])
    lookup = InvoiceCustomers(shelf)

    assert {} == await lookup.find(["7"])
    assert {} == await lookup.find(["7"])
    assert [[9, 8], [6, 5]] == shelf.read
    assert {} == await lookup.find(["1"])
    assert {} == await lookup.find(["1", "draft"])
    assert [[9, 8], [6, 5], [4, 3]] == shelf.read
    await lookup.aclose()


async def test_a_new_invoice_is_found_at_the_top() -> None:
    """The invoices that were created meanwhile are read, and no others again."""
    shelf = Shelf([1, 2, 3, 4])
    lookup = InvoiceCustomers(shelf)
    await lookup.find(["4"])
    shelf.numbers += [5, 6, 7]
    shelf.read.clear()

    assert {"5": client(5), "3": client(3)} == await lookup.find(["5", "3"])
    assert [[7, 6], [5, 4]] == shelf.read
    assert {} == await lookup.find(["8"])
    assert 3 == lookup.requests
    shelf.numbers = [8, 9]
    assert {"9": client(9), "5": client(5)} == await lookup.find(["9", "5"])
    await lookup.aclose()


async def test_a_lookup_of_an_empty_list_ends() -> None:
    """It can be left without having read anything, too."""
    lookup = InvoiceCustomers(Shelf([]))

    assert {} == await lookup.find(["1"])
    assert {} == await lookup.find(["1"])
    await InvoiceCustomers(Shelf([])).aclose()


async def test_an_invoice_without_a_client_has_no_customer() -> None:
    """A name alone is one."""

    class Nameless(Shelf):
        async def pages(self) -> AsyncIterator[Page[InvoiceSummary]]:
            invoices = [InvoiceSummary(id=2), InvoiceSummary(id=1, client_name="Acme")]
            yield Page(invoices, None, None)

    assert {"1": CustomerRef(None, None, "Acme")} == await InvoiceCustomers(Nameless([])).find(
        ["1", "2"]
    )


async def test_a_list_in_another_order_is_read_as_well() -> None:
    """Ids may have any size, too."""

    class Mixed(Shelf):
        async def pages(self) -> AsyncIterator[Page[InvoiceSummary]]:
            yield Page([InvoiceSummary(id=each, client=each // 2) for each in ids], None, None)

    ids = [2**70, 4, 2**63, 9, 9, 1]
    found = await InvoiceCustomers(Mixed([])).find([*map(str, ids), "5"])

    assert {str(each): str(each // 2) for each in ids} == {
        each: customer.id for each, customer in found.items()
    }


async def test_payments_get_the_clients_of_their_invoices() -> None:
    """A few requests of the invoice list serve all payments."""
    async with (
        open_sandbox("campfire", payments=200) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire,
    ):
        payments = await campfire.list_payments(page_size=1000).collect()
        before = len(sandbox.requests)
        async with campfire.look_up_customers() as lookup:
            assert 0 == lookup.requests
            found = await add_customers(payments, lookup)
            assert found == await add_customers(found, lookup)
            assert len(sandbox.requests) - before == lookup.requests
        invoices = {each.id: each async for each in campfire.list_invoices()}
    query = dict(parse_qsl(sandbox.requests[before].target.partition("?")[2]))

    assert {"sort": "-id", "limit": "1000"} == query
    assert [invoices[int(each.invoice.id)].client_name for each in payments] == [
        each.customer and each.customer.name for each in found
    ]
    assert [payment.raw for payment in payments] == [payment.raw for payment in found]
    assert isinstance(campfire, FindsCustomers)


async def test_news_may_be_all_there_is() -> None:
    """If every invoice is new, the list is read to its end."""
    shelf = Shelf([1])
    lookup = InvoiceCustomers(shelf)
    assert {"1": client(1)} == await lookup.find(["1"])
    shelf.numbers = [7, 8, 9]

    assert {"9": client(9)} == await lookup.find(["9"])
    assert [[1], [9, 8], [7]] == shelf.read
    await lookup.aclose()
