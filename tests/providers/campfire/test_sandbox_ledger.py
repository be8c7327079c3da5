"""The payments of Campfire's sandbox: made up, given by a test, and changed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError
from paysdk.providers.campfire.sandbox import CampfireSandbox
from tests.providers.campfire.caller import LIST, Json, with_options

if TYPE_CHECKING:
    from tests.providers.campfire.caller import Caller


def test_data_is_varied() -> None:
    """The made-up payments have voids, several currencies and kinds, and shared times."""
    rows = CampfireSandbox(payments=250).payments
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
    """One seed always makes the same payments, and more payments begin with the same ones."""
    assert (
        CampfireSandbox(payments=40, seed=2).payments
        == CampfireSandbox(payments=40, seed=2).payments
    )
    assert (
        CampfireSandbox(payments=40, seed=2).payments
        != CampfireSandbox(payments=40, seed=3).payments
    )
    assert CampfireSandbox(payments=40).payments == CampfireSandbox(payments=80).payments[:40]


async def test_adding_during_a_listing(caller: Caller) -> None:
    """A payment that is added during a listing comes at its end."""
    page = await caller.get(f"{LIST}?cursor=&limit=200")
    added = caller.sandbox.add_payment(amount=Decimal("-5.00"), external_id="own-1")
    rest = (await caller.get(page["next"]))["results"]

    assert added == rest[-1]["id"]
    assert caller.sandbox.payments == page["results"] + rest


async def test_changing_during_a_listing(caller: Caller) -> None:
    """A payment that changes during a listing by cursor comes again, and none is lost."""
    page = await caller.get(f"{LIST}?cursor=&limit=200")
    changed = page["results"][0]["id"]
    caller.sandbox.change_payment(changed, amount=Decimal("1.00"))
    rest = (await caller.get(page["next"]))["results"]

    assert (changed, "1.00") == (rest[-1]["id"], str(rest[-1]["amount"]))
    assert {row["id"] for row in caller.sandbox.payments} == {
        row["id"] for row in page["results"] + rest
    }


async def test_voiding_and_deleting(caller: Caller) -> None:
    """List and invoice show a void, which keeps the total, and no trace of a deleted payment."""
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
    """The first payment of an unknown invoice makes the invoice."""
    caller.sandbox.add_payment(invoice_id=90_001, amount=Decimal("7.00"))

    assert 90_001 == (await caller.get("/coa/api/v1/invoice/90001/"))["id"]


@with_options(
    rows=[
        {"id": 5, "last_modified_at": "2025-03-01T00:00:00.123456Z", "surprise": [1]},
        {"id": 4, "amount": "12.50", "invoice_id": 7},
    ],
    extra_fields=["surprise"],
)
async def test_own_rows_are_served_as_they_are(caller: Caller) -> None:
    """Given fields are served unchanged, also new ones, and the others are made up."""
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
    """A listing by cursor has each of thousands of rows that share a time once."""
    assert caller.sandbox.payments == await caller.walk("cursor=&limit=100")


@with_options(rows=[{"last_modified_at": None, "amount": None}])
async def test_broken_rows_can_be_served(caller: Caller) -> None:
    """A test may give a row with bad values."""
    (row,) = await caller.walk("")

    assert (None, None) == (row["last_modified_at"], row["amount"])


@pytest.mark.parametrize(
    "caller", [{"payments": 0}, {"rows": []}], indirect=True, ids=["none", "no rows"]
)
async def test_empty(caller: Caller) -> None:
    """Without payments the page is empty, and a first payment can be added."""
    assert {"count": 0, "next": None, "previous": None, "results": []} == await caller.get(
        f"{LIST}?cursor="
    )
    added = caller.sandbox.add_payment()

    assert [added] == [row["id"] for row in await caller.walk("")]


def test_two_rows_of_one_id() -> None:
    """Two rows with the same id are refused."""
    with pytest.raises(ValueError, match="a payment 5 already"):
        CampfireSandbox(rows=[{"id": 5}, {"id": 5}])


def test_ids_of_many_invoices_leave_the_open_ones_alone() -> None:
    """Invoice 58700 has no payments at first, also if there are many payments."""
    sandbox = CampfireSandbox(payments=17_400)

    assert ([], Decimal("1033.33")) == (
        sandbox.invoice(58700)["payments"],
        sandbox.invoice(58700)["amount_due"],
    )


def test_customer_of_a_row() -> None:
    """A row names the client of its invoice, which the list of payments does not show."""
    client = {"client": 7, "client_name": "Zoë B.V."}
    sandbox = CampfireSandbox(rows=[{"invoice_id": 9, **client}, {"invoice_id": 10}])
    added = sandbox.add_payment(invoice_id=11, client_name="Acme")
    sandbox.change_payment(added, client=8)

    assert client == {name: sandbox.invoice(9)[name] for name in client}
    assert {"client": 8, "client_name": "Acme"} == {
        name: sandbox.invoice(11)[name] for name in client
    }
    assert "Client 24030" == sandbox.invoice(10)["client_name"]
    assert set() == set(client) & set(sandbox.payments[0])


FIELDS = "id, invoice_id, invoice_number, amount, currency, payment_date, payment_type, source"


@pytest.mark.parametrize("how", ["rows", "add", "change"])
def test_unknown_field(how: str) -> None:
    """A misspelt field is refused with the list of those that there are."""
    sandbox = CampfireSandbox(payments=1)
    payment_id = sandbox._ledger.payments.keys[0][1]
    with pytest.raises(
        ConfigurationError, match=f"has no field 'amuont'. Its fields are: {FIELDS}"
    ):
        if how == "rows":
            CampfireSandbox(rows=[{"amuont": 1}])
        elif how == "add":
            sandbox.add_payment(amuont=1)
        else:
            sandbox.change_payment(payment_id, amuont=1)

    assert 1 == len(sandbox.payments)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"amount": 1}, "rows must be a list of payments"),
        ("rows", "rows must be a list of payments"),
        (7, "rows must be a list of payments"),
        ([{}, 7], r"rows\[1\] must be a mapping of fields to values"),
    ],
)
def test_wrong_rows(rows: Any, message: str) -> None:  # noqa: ANN401  # what is refused
    """Rows that are no mappings are refused."""
    with pytest.raises(ConfigurationError, match=message):
        CampfireSandbox(rows=rows)


def test_ids_of_another_seed() -> None:
    """Two sandboxes with different seeds have different payments and invoices, also new ones."""
    first, second = CampfireSandbox(payments=500), CampfireSandbox(payments=500, seed=2)
    for sandbox in (first, second):
        sandbox.add_payment()
    ids, invoices = (
        [{row[name] for row in sandbox.payments[:500]} for sandbox in (first, second)]
        for name in ("id", "invoice_id")
    )

    assert set() == ids[0] & ids[1]
    assert set() == invoices[0] & invoices[1]
    assert first.payments[-1]["id"] != second.payments[-1]["id"]
    assert 500 == len(ids[1])
    assert first.invoice(58700)["amount_due"] != 0


@pytest.mark.parametrize("seed", [-5, 1001, 10**12])
def test_any_seed(seed: int) -> None:
    """Each whole number is a seed, and each payment belongs to an invoice."""
    sandbox = CampfireSandbox(payments=20, seed=seed)
    (sandbox.add_payment(), sandbox.add_payment())

    assert 22 == len({row["id"] for row in sandbox.payments})
    assert {row["invoice_id"] for row in sandbox.payments} <= set(sandbox.invoice_ids)


def test_changes_for_a_demonstration() -> None:
    """Payments are added and voided by today's clock."""
    sandbox = CampfireSandbox(payments=3)
    for _ in range(6):
        sandbox.make_change()
    added = sandbox.payments[3:]

    assert (4, 2) == (len(added), sum(row["voided_date"] is not None for row in added))
    assert all(str(row["last_modified_at"]) > "2026" for row in added)
