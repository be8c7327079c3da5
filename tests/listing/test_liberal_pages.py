"""Pages that are not quite as documented, and errors with the status of a success."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from paysdk import CampfireProvider, MalformedResponseError, NotifyProvider
from paysdk.testing import Request, Response
from tests.listing.sandboxes import PAID, QUICK, Server, campfire

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = b'{"count": 1, "next": null, "results": [%b]}' % PAID


def always(*bodies: bytes, content_type: str = "application/json") -> Callable[[Request], Response]:
    """Return these bodies one after the other, and repeat the last one."""
    left = list(bodies)
    return lambda _: Response(
        200, left.pop(0) if len(left) > 1 else left[0], {"Content-Type": content_type}
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_byte_order_mark_is_skipped(encoding: str) -> None:
    """A page and an invoice may begin with a byte order mark."""
    async with (
        Server(reply=always(PAGE.decode().encode(encoding))) as server,
        campfire(server) as provider,
    ):
        assert ["1"] == [payment.id async for payment in provider.list_payments()]
    async with (
        Server(reply=always('{"id": 5}'.encode(encoding))) as server,
        campfire(server) as provider,
    ):
        assert 5 == (await provider.retrieve_invoice(5)).id


async def test_error_is_decoded_in_its_charset() -> None:
    """An error is decoded in the charset that its response declares."""
    body, headers = (
        '{"detail": "Ungültig"}'.encode("latin-1"),
        {"Content-Type": "application/json; charset=ISO-8859-1"},
    )
    async with (
        Server(reply=lambda _: Response(400, body, headers)) as server,
        campfire(server) as provider,
    ):
        with pytest.raises(Exception, match="Ungültig"):
            await provider.list_payments().first()


@pytest.mark.parametrize(
    ("body", "words", "requests"),
    [
        (b'{"error": "Too many requests, slow down"}', "Too many requests, slow down", 3),
        (b'{"detail": "Request was throttled."}', "Request was throttled", 3),
        (b'{"errors": ["Rate limit exceeded"]}', "Rate limit exceeded", 3),
        (
            b'{"error": {"code": 503, "message": "temporarily unavailable"}}',
            "temporarily unavailable",
            3,
        ),
        (b'{"message": "We are overloaded, please try again later"}', "overloaded", 3),
        (b'"Too many requests"', "Too many requests", 3),
        (b'{"msg": "Server at capacity"}', "Server at capacity", 3),
        (b'{"Error": "TooManyRequests"}', "TooManyRequests", 3),
        (b'{"status": "error", "reason": "rate limited"}', "rate limited", 3),
        (b'{"errorMessage": "Please wait 5 seconds"}', "Please wait 5 seconds", 3),
        (b'{"error": {"message": "<html><title>Busy</title></html>"}}', "Busy", 3),
        (b'"<html><title>Slow down</title></html>"', "Slow down", 3),
        (b'{"error": 429}', "429", 3),
        (b'{"statusCode": 429, "message": "Sorry"}', "429 Sorry", 3),
        (b'{"error": {"code": "503", "message": "Sorry"}}', "503 Sorry", 3),
        (b'{"message": "API call limit exceeded"}', "API call limit exceeded", 3),
        (b'{"message": "You have reached the request limit"}', "reached the request limit", 3),
        (b'{"message": "Only 60 calls per minute"}', "60 calls per minute", 3),
        (b'{"message": "The server is under heavy load"}', "heavy load", 3),
        (b'{"fault": {"faultstring": "Quota violation"}}', "Quota violation", 3),
        (b'{"detail": "Invalid page."}', "Invalid page", 1),
        (b'{"error": "No such tenant"}', "No such tenant", 1),
        (b"<html><title>Down for maintenance</title></html>", "Down for maintenance", 3),
    ],
)
async def test_error_with_status_200_is_quoted(body: bytes, words: str, requests: int) -> None:
    """The message quotes the API; an error about overload is retried first."""
    async with Server(reply=always(body)) as server, campfire(server) as provider:
        for operation in (provider.list_payments().first(), provider.retrieve_invoice(5)):
            before = len(server.requests)
            with pytest.raises(MalformedResponseError, match=words) as raised:
                await operation
            assert words in raised.value.detail
            assert requests == len(server.requests) - before


@pytest.mark.parametrize(
    ("error", "requests"),
    [
        ('"error": "Too many requests"', 3),
        ('"errors": [{"title": "Overloaded"}]', 3),
        ('"error": "No such tenant"', 1),
    ],
)
async def test_empty_page_with_an_error_is_an_error(error: str, requests: int) -> None:
    """A page with an error and without payments is not an empty page."""
    empty = '"results": [], "payments": [], "count": 0, "next": null, "links": null'
    body = f"{{{empty}, {error}}}".encode()
    for kind in (CampfireProvider, NotifyProvider):
        async with (
            Server(reply=always(body)) as server,
            kind("sandbox-key", base_url=server.url, retry=QUICK) as provider,
        ):
            with pytest.raises(
                MalformedResponseError, match=r"An error instead of payments, at \$\.error"
            ) as raised:
                await provider.list_payments().collect()
            assert raised.value.detail in str(raised.value)
            assert raised.value.detail.rpartition(": ")[2] in error
            assert requests == len(server.requests)


@pytest.mark.parametrize("error", ["null", '""', "[]", "{}", "false", "0"])
async def test_empty_error_on_a_page_is_ignored(error: str) -> None:
    """An empty error is ignored, and so is an error next to payments."""
    body = f'{{"results": [], "payments": [], "error": {error}, "errors": {error}}}'.encode()
    for kind in (CampfireProvider, NotifyProvider):
        async with (
            Server(reply=always(body)) as server,
            kind("sandbox-key", base_url=server.url, retry=QUICK) as provider,
        ):
            assert [] == await provider.list_payments().collect()
    async with (
        Server(reply=always(PAGE[:-1] + b', "error": "one is late"}')) as server,
        campfire(server) as provider,
    ):
        assert ["1"] == [payment.id async for payment in provider.list_payments()]


async def test_error_with_status_200_is_retried() -> None:
    """If a retry returns the page, the listing is complete."""
    async with (
        Server(reply=always(b'{"error": "Too many requests, slow down"}', PAGE)) as server,
        campfire(server) as provider,
    ):
        assert ["1"] == [payment.id async for payment in provider.list_payments()]


async def test_malformed_page_without_an_error_has_no_detail() -> None:
    """If a malformed page has no error in it, the detail of the exception is empty."""
    for body in (b'{"results": 5, "detail": "", "error": null}', b"[]", b'{"results": [', b"7"):
        async with Server(reply=always(body)) as server, campfire(server) as provider:
            with pytest.raises(MalformedResponseError) as raised:
                await provider.list_payments().first()
            assert "" == raised.value.detail


async def test_nanoseconds_are_rounded_down() -> None:
    """A listing since the time of a payment includes it, also if the API's time is finer."""
    times = ["2026-01-05T10:00:00.1234566Z", "2026-01-05T10:00:00.1234568Z"]
    rows = [
        {"id": number, "invoice_id": 1, "amount": 1, "last_modified_at": time}
        for number, time in enumerate(times)
    ]

    def reply(request: Request) -> Response:
        since = request.query.get("last_modified_at__gte", "")
        found = [
            row for row in rows if str(row["last_modified_at"]).rstrip("Z") >= since.rstrip("Z")
        ]
        return Response(200, json.dumps({"results": found}).encode())

    async with Server(reply=reply) as server, campfire(server) as provider:
        payments = await provider.list_payments().collect()
        assert [datetime(2026, 1, 5, 10, 0, 0, 123456, UTC)] * 2 == [
            payment.modified_at for payment in payments
        ]
        again = await provider.list_payments(modified_since=payments[0].modified_at).collect()
        assert payments == again


async def test_empty_page_with_a_detail_is_an_error_at_campfire() -> None:
    """Django REST framework calls the message of an error ``detail``."""
    body = b'{"results": [], "next": null, "detail": "Too old"}'
    async with (
        Server(reply=always(body)) as server,
        CampfireProvider("sandbox-key", base_url=server.url, retry=QUICK) as provider,
    ):
        with pytest.raises(MalformedResponseError, match=r"at \$\.detail.*Too old"):
            await provider.list_invoices().collect()
