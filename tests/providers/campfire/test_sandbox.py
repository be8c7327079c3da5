"""Campfire's sandbox over HTTP: its list of payments, and which requests it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.providers.campfire.caller import LIST, PAY, differences, sample, with_options

if TYPE_CHECKING:
    from tests.providers.campfire.caller import Caller

LISTED_2026 = [
    *("id", "invoice_id", "invoice_number", "amount", "currency", "payment_date"),
    *("payment_type", "source", "external_id", "voided_date", "created_at", "last_modified_at"),
]


@with_options(schema="documented")
async def test_list_has_the_documented_shape(caller: Caller) -> None:
    """The page and its rows have exactly the fields and types of the document."""
    page = await caller.get(LIST)

    assert [] == differences(page, sample("list_invoice_payments"))
    assert 100 == len(page["results"])


async def test_list_has_the_later_fields(caller: Caller) -> None:
    """By default each row also has the fields of the later schema."""
    for row in (await caller.get(LIST))["results"]:
        assert LISTED_2026 == list(row)


async def test_list_is_complete_and_in_order(caller: Caller) -> None:
    """The sandbox serves ``payments`` with exact digits, in order of modification and id."""
    rows = await caller.walk("limit=1000")

    assert caller.sandbox.payments == rows
    assert [str(row["amount"]) for row in caller.sandbox.payments] == [
        str(row["amount"]) for row in rows
    ]
    assert rows == sorted(rows, key=lambda row: (row["last_modified_at"], row["id"]))


@pytest.mark.parametrize(
    "query",
    ["cursor=&limit=7", "limit=7", "cursor=&limit=10000", "cursor=", "limit=junk", "offset=junk"],
)
async def test_each_payment_is_listed_once(caller: Caller, query: str) -> None:
    """Both paginations list each payment once, with any page size."""
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
    """A page never has more than 10,000 payments."""
    assert 10_000 == len((await caller.get(f"{LIST}?limit=99999"))["results"])


async def test_count(caller: Caller) -> None:
    """The count is the number of matching payments, or a lower bound with skip_count."""
    assert 250 == (await caller.get(LIST))["count"]
    assert 250 == (await caller.get(f"{LIST}?cursor="))["count"]
    assert [101, 250] == [
        (await caller.get(f"{LIST}?skip_count=true&offset={offset}"))["count"]
        for offset in (0, 200)
    ]


async def test_invalid_cursor(caller: Caller) -> None:
    """A cursor that the sandbox did not make is not found."""
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
    """Both bounds include the time itself, in each form in which it can be written."""
    moment = "2025-01-01T08:30:43+0000"
    rows: list[Any] = caller.sandbox.payments

    assert [row for row in rows if row["last_modified_at"] >= moment] == await caller.walk(
        f"last_modified_at__gte={written_as}"
    )
    assert [row for row in rows if row["last_modified_at"] <= moment] == await caller.walk(
        f"last_modified_at__lte={written_as}"
    )
    assert 3 == len(
        await caller.walk(
            f"last_modified_at__gte={written_as}&last_modified_at__lte={written_as}&cursor="
        )
    )


@with_options(rows=[{"last_modified_at": f"2025-01-0{day}T23:59:59.5Z"} for day in (1, 2, 3)])
async def test_a_date_covers_its_day(caller: Caller) -> None:
    """A bare date includes the whole day, as a lower and as an upper bound."""
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
    """A bad value is a 400 with the parameter's name, and an unescaped plus is a space."""
    assert [field] == list(await caller.get(f"{LIST}?{query}", 400))


@pytest.mark.parametrize("voided", [True, False])
async def test_voided(caller: Caller, *, voided: bool) -> None:
    """The filter lists only voided payments, or only the others."""
    expected = [
        row for row in caller.sandbox.payments if (row["voided_date"] is not None) is voided
    ]

    assert expected == await caller.walk(f"voided={str(voided).lower()}&cursor=&limit=3")


async def test_external_id(caller: Caller) -> None:
    """An external id lists one payment, an unknown one none, and an empty one all."""
    row = next(row for row in caller.sandbox.payments if row["external_id"])

    assert [row] == await caller.walk(f"external_id={row['external_id']}")
    assert [] == await caller.walk("external_id=unknown")
    assert 250 == len(await caller.walk("external_id=&cursor="))


async def test_invoice_id(caller: Caller) -> None:
    """The filter lists the payments of one invoice, and none for an unknown one."""
    expected = [row for row in caller.sandbox.payments if row["invoice_id"] == 47867]

    assert 3 == len(expected)
    assert expected == await caller.walk("invoice_id=47867&cursor=&limit=1")
    assert [] == await caller.walk("invoice_id=1")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "Authentication credentials were not provided."),
        ({"Authorization": "Bearer sandbox-key"}, "Authentication credentials were not provided."),
        ({"Authorization": "Token other-key"}, "Invalid token."),
    ],
)
async def test_unauthorised(caller: Caller, headers: dict[str, str], reason: str) -> None:
    """The response says whether the key is missing or wrong."""
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
    """Another method is a 405, with the methods that are allowed."""
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
    """A wrong slash redirects a GET with its query, and loses a POST."""
    async with caller.session.get(caller.sandbox.url + path, allow_redirects=False) as response:
        assert (301, location) == (response.status, response.headers["Location"])
    async with caller.session.post(caller.sandbox.url + path) as response:
        assert (404, "text/html") == (response.status, response.content_type)


@pytest.mark.parametrize("path", ["/", "/coa/api/v1/bill-payments", "/coa/api/v1/invoice/x/"])
async def test_unknown_path(caller: Caller, path: str) -> None:
    """An unknown path is Django's page of HTML, also without a key."""
    async with aiohttp.ClientSession() as client, client.get(caller.sandbox.url + path) as response:
        assert (404, "text/html") == (response.status, response.content_type)
