"""Xero's sandbox responds as Xero's documents say."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest

from paysdk_xero.sandbox import XeroSandbox

PATH = "/api.xro/2.0/Payments"
decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Answer(msgspec.Struct):
    """A response: its status, its headers, and what its JSON says."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: Any


async def get(
    sandbox: XeroSandbox,
    query: Mapping[str, str] | None = None,
    path: str = PATH,
    **headers: str | None,
) -> Answer:
    """Send a GET with the key and tenant. *headers* replace them, and ``None`` drops one."""
    usual: dict[str, str | None] = {
        "Authorization": f"Bearer {sandbox.api_key}",
        "xero-tenant-id": sandbox.tenant_id,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in {**usual, **named}.items() if value is not None}
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox.url + path, params=query, headers=sent) as response,
    ):
        text = await response.text()
        is_json = response.content_type == "application/json"
        body = decode(text) if is_json else text
        return Answer(response.status, response.headers, text, body)


async def refresh(sandbox: XeroSandbox, client_id: str = "client", **form: str) -> Answer:
    """Ask the token endpoint."""
    words = b64encode(f"{client_id}:{sandbox.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {words}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(sandbox.token_url, data=form, headers=headers) as response,
    ):
        text = await response.text()
        return Answer(response.status, response.headers, text, decode(text))


async def test_pages_are_numbered() -> None:
    """``page`` and ``pageSize`` choose a page, and ``pagination`` says how many there are."""
    async with XeroSandbox(payments=5) as sandbox:
        query = {"pageSize": "2", "order": "PaymentID ASC"}
        pages = [await get(sandbox, {**query, "page": str(page)}) for page in (1, 2, 3, 4)]
    assert [2, 2, 1, 0] == [len(page.body["Payments"]) for page in pages]
    assert {"page": 3, "pageSize": 2, "pageCount": 3, "itemCount": 5} == pages[2].body["pagination"]
    ids = [record["PaymentID"] for page in pages for record in page.body["Payments"]]
    assert sorted(record["PaymentID"] for record in sandbox.records) == ids


async def test_a_page_may_have_no_count() -> None:
    """Without ``pagination`` the list ends with an empty page."""
    async with XeroSandbox(payments=2, counts_pages=False) as sandbox:
        first, second = [await get(sandbox, {"page": page}) for page in ("1", "2")]
    assert "pagination" not in first.body
    assert [2, 0] == [len(first.body["Payments"]), len(second.body["Payments"])]


async def test_a_record_has_the_documented_form() -> None:
    """Amounts are numbers, times are ``/Date(…)/`` with escaped slashes."""
    async with XeroSandbox(payments=6) as sandbox:
        answer = await get(sandbox, {"order": "PaymentID ASC"})
    record = answer.body["Payments"][0]
    assert Decimal(5) == record["Amount"]
    assert "/Date(1782777600000+0000)/" == record["Date"]
    assert "/Date(1782820800314+0000)/" == record["UpdatedDateUTC"]
    assert '"Date":"\\/Date(1782777600000+0000)\\/"' in answer.text
    assert ["AUTHORISED"] * 5 + ["DELETED"] == [
        record["Status"] for record in answer.body["Payments"]
    ]


@pytest.mark.parametrize(
    ("since", "expected"),
    [("2026-06-30T05:00:00", 2), ("2026-06-30T05:00:01Z", 1), ("2026-07-01T00:00:00Z", 0)],
)
async def test_if_modified_since_goes_by_seconds(since: str, expected: int) -> None:
    """``If-Modified-Since`` leaves out what was modified in an earlier second."""
    async with XeroSandbox(payments=5) as sandbox:
        answer = await get(sandbox, If_Modified_Since=since)
    assert expected == len(answer.body["Payments"])


async def test_a_tenant_is_needed() -> None:
    """Without the header, or with another tenant, the answer is 403."""
    async with XeroSandbox(payments=1) as sandbox:
        without = await get(sandbox, xero_tenant_id=None)
        other = await get(sandbox, xero_tenant_id="another")
    assert [403, 403] == [without.status, other.status]
    assert ("Forbidden", "AuthenticationUnsuccessful") == (
        other.body["Title"],
        other.body["Detail"],
    )


async def test_a_wrong_key_is_refused() -> None:
    """No key, a wrong one and one that has ended are 401."""
    async with XeroSandbox(payments=1) as sandbox:
        without = await get(sandbox, Authorization=None)
        sandbox.expire_tokens()
        ended = await get(sandbox)
    assert [401, 401] == [without.status, ended.status]
    assert "AuthenticationUnsuccessful" == without.body["Detail"]
    assert ended.body["Detail"].startswith("TokenExpired")


@pytest.mark.parametrize(
    "query", [{"page": "0"}, {"page": "x"}, {"pageSize": "-1"}, {"pageSize": "0"}]
)
async def test_a_wrong_query_is_an_exception(query: dict[str, str]) -> None:
    """An error about the request has ``Elements`` with ``ValidationErrors``."""
    async with XeroSandbox(payments=1) as sandbox:
        answer = await get(sandbox, query)
    assert 400 == answer.status
    assert "ValidationException" == answer.body["Type"]
    assert "pageSize" in answer.body["Elements"][0]["ValidationErrors"][0]["Message"]


async def test_each_response_has_what_is_left() -> None:
    """The three remaining limits are in each response; beyond one of them it is 429."""
    async with XeroSandbox(payments=1, minute_limit=2) as sandbox:
        answers = [await get(sandbox) for _ in range(3)]
    assert ["1", "0", "0"] == [answer.headers["X-MinLimit-Remaining"] for answer in answers]
    assert [200, 200, 429] == [answer.status for answer in answers]
    assert "minute" == answers[2].headers["X-Rate-Limit-Problem"]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert {"X-DayLimit-Remaining", "X-AppMinLimit-Remaining"} <= {*answers[0].headers}


async def test_another_path_is_not_found() -> None:
    """There is nothing but payments, and the page that says so is no JSON."""
    async with XeroSandbox(payments=1) as sandbox:
        answer = await get(sandbox, path="/api.xro/2.0/Nothing")
    assert (404, True) == (answer.status, "cannot be found" in answer.body)


async def test_refresh_tokens_rotate() -> None:
    """Each refresh gives a new refresh token; the one before works for a time of grace."""
    async with XeroSandbox(payments=1) as sandbox:
        old = sandbox.refresh_token
        sandbox.expire_tokens()
        first = await refresh(sandbox, grant_type="refresh_token", refresh_token=old)
        again = await refresh(sandbox, grant_type="refresh_token", refresh_token=old)
        token = again.body["access_token"]
        listed = await get(sandbox, Authorization=f"Bearer {token}")
    assert [200, 200, 200] == [first.status, again.status, listed.status]
    assert ("Bearer", 1800) == (first.body["token_type"], first.body["expires_in"])
    tokens = [old, first.body["refresh_token"], again.body["refresh_token"]]
    assert 3 == len(set(tokens))
    assert tokens[2] == sandbox.refresh_token


async def test_a_refresh_token_ends() -> None:
    """After the grace a token is refused, as are another grant and another client."""
    async with XeroSandbox(payments=1, grace_seconds=0) as sandbox:
        old = sandbox.refresh_token
        await refresh(sandbox, grant_type="refresh_token", refresh_token=old)
        ended = await refresh(sandbox, grant_type="refresh_token", refresh_token=old)
        other = await refresh(sandbox, grant_type="password")
        stranger = await refresh(sandbox, client_id="stranger", grant_type="password")
    assert {400} == {answer.status for answer in (ended, other, stranger)}
    assert ["invalid_grant", "unsupported_grant_type", "invalid_client"] == [
        answer.body["error"] for answer in (ended, other, stranger)
    ]


async def test_a_page_size_has_a_bound() -> None:
    """A larger page is given as one of 1000."""
    async with XeroSandbox(payments=1001) as sandbox:
        answer = await get(sandbox, {"pageSize": "5000"})
    assert (1000, 1000) == (len(answer.body["Payments"]), answer.body["pagination"]["pageSize"])


async def test_others_are_listed_between() -> None:
    """Payments of bills and of credit notes are in the same list."""
    async with XeroSandbox(payments=3, others=2) as sandbox:
        answer = await get(sandbox)
    kinds = [record["PaymentType"] for record in answer.body["Payments"]]
    assert (5, 3) == (len(kinds), kinds.count("ACCRECPAYMENT"))
