"""Campfire's three endpoints, over real HTTP."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import attrs
import msgspec
import pytest

from paysdk.errors import (
    APIError,
    BadRequestError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknownError,
    PaysdkError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
)
from paysdk.events import Event, RequestSent, RetryPlanned
from paysdk.provider import PaymentsProvider
from paysdk.providers.campfire.paying.items import (
    CreditMemoPayment,
    DebitMemoPayment,
    ManualPayment,
    TransactionPayment,
)
from paysdk.providers.campfire.paying.order import PayOutcome
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import (
    Fault,
    FaultPlan,
    Request,
    Response,
    dripping_body,
    dripping_headers,
    hang,
    redirect,
    reset,
    status,
    truncated,
    wrong_body,
)
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Literal

    from tests.conftest import Until

QUICK = RetryPolicy(attempts=3, wait_initial=0)
LIST, INVOICE, PAY = (
    "/coa/api/v1/invoice-payments",
    "/coa/api/v1/invoice/58700/",
    "/coa/api/v1/invoice/58700/pay/",
)
TRANSACTION = TransactionPayment(transaction_id=14728800, amount=Decimal("883.33"))
MANUAL = ManualPayment(
    amount=Decimal("12.50"),
    account_id=2553,
    account_name="1100",
    payment_date=date(2026, 1, 31),
    external_id="order-1",
)


def provider(sandbox: CampfireSandbox, **settings: object) -> CampfireProvider:
    """A provider for the sandbox that tries again at once."""
    given: dict[str, Any] = {"retry": QUICK, **settings}
    return CampfireProvider("sandbox-key", base_url=sandbox.url, **given)


def asked(sandbox: CampfireSandbox) -> list[tuple[str, str]]:
    """Method and path of each request that arrived."""
    return [(request.method, request.path) for request in sandbox.requests]


def paid(sandbox: CampfireSandbox, invoice_id: int = 58700) -> list[dict[str, Any]]:
    """The payments of an invoice as they stand at the server."""
    return [row for row in sandbox.payments if row["invoice_id"] == invoice_id]


def named(fault: Fault) -> str:
    """A fault, in a word."""
    return f"{fault.kind} {fault.status} {fault.body[:16]!r} {len(fault.headers)}"


def test_keeps_the_protocol() -> None:
    """It is a PaymentsProvider, and says what it can do."""
    made = CampfireProvider("sandbox-key")
    assert isinstance(made, PaymentsProvider)
    assert "campfire" == made.name
    assert (10_000, True, True) == (
        made.capabilities.max_page_size,
        made.capabilities.reports_voids,
        made.capabilities.lists_incrementally,
    )
    assert {
        "modified_since",
        "modified_until",
        "voided",
        "invoice_id",
        "external_id",
    } == made.capabilities.filters


async def _list(provider: CampfireProvider) -> object:
    return await provider.list_payments().collect()


async def _retrieve(provider: CampfireProvider) -> object:
    return await provider.retrieve_invoice(58700)


async def _look_before_paying(provider: CampfireProvider) -> object:
    return await provider.mark_invoice_paid(58700, transactions=[TRANSACTION])


async def _look_for_external_ids(provider: CampfireProvider) -> object:
    return await provider.mark_invoice_paid(58700, empty_transactions=[MANUAL])


GETS = pytest.mark.parametrize(
    ("operation", "path"),
    [
        (_list, LIST),
        (_retrieve, INVOICE),
        (_look_before_paying, INVOICE),
        (_look_for_external_ids, LIST),
    ],
    ids=["list", "retrieve", "before paying", "external ids"],
)


@GETS
@pytest.mark.parametrize(
    "fault",
    [
        *(status(code) for code in (408, 425, 429, 500, 502, 503, 504)),
        *(reset("before"), reset("headers"), reset("body"), truncated()),
        *(wrong_body(), wrong_body(b""), wrong_body(b'{"results": [')),
    ],
    ids=named,
)
async def test_get_is_tried_again(
    operation: Callable[[CampfireProvider], Awaitable[object]], path: str, fault: Fault
) -> None:
    """Each GET of each operation is tried again after what may pass."""
    async with CampfireSandbox(
        payments=3, faults=FaultPlan().first(2, fault, method="GET", path=path)
    ) as sandbox:
        async with provider(sandbox) as campfire:
            assert await operation(campfire)
        # What has a name is looked for once more when it was paid.
        assert 3 + (operation is _look_for_external_ids) == asked(sandbox).count(("GET", path))


@GETS
@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 422, 501])
async def test_get_is_refused(
    operation: Callable[[CampfireProvider], Awaitable[object]], path: str, code: int
) -> None:
    """Each GET of each operation is given up after what will not pass, and nothing is paid."""
    async with CampfireSandbox(
        payments=3, faults=FaultPlan().first(1, status(code), method="GET", path=path)
    ) as sandbox:
        async with provider(sandbox) as campfire:
            with pytest.raises(APIError) as raised:
                await operation(campfire)
        assert 1 == asked(sandbox).count(("GET", path))
        assert ("POST", PAY) not in asked(sandbox)
        assert (code, "campfire", "GET") == (
            raised.value.status,
            raised.value.provider,
            raised.value.method,
        )
        assert raised.value.url is not None
        assert raised.value.url.startswith(sandbox.url + path)


@GETS
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"results": ['], ids=["empty", "html", "broken"]
)
async def test_get_stays_broken(
    operation: Callable[[CampfireProvider], Awaitable[object]], path: str, body: bytes
) -> None:
    """A body that is not JSON in any attempt raises MalformedResponseError."""
    async with CampfireSandbox(
        faults=FaultPlan().always(wrong_body(body), method="GET", path=path)
    ) as sandbox:
        async with provider(sandbox) as campfire:
            message = "The response is not JSON" if body else "a success status but an empty body"
            with pytest.raises(MalformedResponseError, match=message):
                await operation(campfire)
        assert 3 == asked(sandbox).count(("GET", path))
        assert ("POST", PAY) not in asked(sandbox)


@GETS
async def test_get_meets_the_deadline(
    operation: Callable[[CampfireProvider], Awaitable[object]],
    path: str,
    told_by: Callable[[BaseException], str],
) -> None:
    """The deadline ends each operation before a payment is sent, and the error names the request."""
    async with CampfireSandbox(
        payments=3, faults=FaultPlan().always(hang(), method="GET", path=path)
    ) as sandbox:
        async with provider(sandbox, deadline=0.1) as campfire:
            with pytest.raises(RequestTimeoutError, match=r"The deadline of 0\.1 s") as raised:
                await operation(campfire)
        assert ("POST", PAY) not in asked(sandbox)
        assert raised.value.url is not None
        assert raised.value.url.startswith(sandbox.url + path)
    assert "sandbox-key" not in told_by(raised.value)


async def test_trap_on_another_origin_is_never_called() -> None:
    """Neither a redirect nor a link makes it call another server, which would be given the key."""
    async with CampfireSandbox() as trap:
        faults = FaultPlan().on(1, redirect(f"{trap.url}{LIST}?cursor="))
        async with (
            CampfireSandbox(payments=3, faults=faults) as sandbox,
            provider(sandbox) as campfire,
        ):
            with pytest.raises(APIError, match="302 a redirect to"):
                await campfire.list_payments().collect()
            link = b'{"results": [], "next": "%b/elsewhere?cursor=x"}' % trap.url.encode()
            object.__setattr__(
                sandbox,
                "faults",
                FaultPlan().on(1, wrong_body(link, content_type="application/json")),
            )
            object.__setattr__(sandbox, "_counts", ())
            with pytest.raises(NotFoundError, match="Invalid cursor"):
                await campfire.list_payments().collect()
            assert f"{LIST}?cursor=x" == sandbox.requests[-1].target
        assert 0 == len(trap.requests)


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, "cursor="),
        ({"pagination": "offset"}, ""),
        ({"page_size": 10_000}, "cursor=&limit=10000"),
        ({"pagination": "offset", "page_size": 1}, "limit=1"),
        ({"skip_count": True}, "cursor=&skip_count=true"),
        ({"skip_count": False}, "cursor="),
        ({"voided": True}, "cursor=&voided=true"),
        ({"voided": False}, "cursor=&voided=false"),
        ({"invoice_id": 47864}, "cursor=&invoice_id=47864"),
        ({"external_id": "a+b &c=é"}, "cursor=&external_id=a%2Bb+%26c%3D%C3%A9"),
        (
            {"modified_since": date(2026, 1, 31)},
            "cursor=&last_modified_at__gte=2026-01-31T00:00:00Z",
        ),
        (
            {"modified_until": date(2026, 1, 31)},
            "cursor=&last_modified_at__lte=2026-01-31T23:59:59.999999Z",
        ),
        (
            {"modified_since": datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)},
            "cursor=&last_modified_at__gte=2026-01-31T12:00:00.000005Z",
        ),
        (
            {"modified_until": datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2)))},
            "cursor=&last_modified_at__lte=2026-01-30T23:00:00Z",
        ),
        (
            {"modified_since": date(2026, 1, 31), "modified_until": date(2026, 1, 31)},
            "cursor=&last_modified_at__gte=2026-01-31T00:00:00Z&last_modified_at__lte=2026-01-31T23:59:59.999999Z",
        ),
    ],
)
async def test_arguments_on_the_wire(arguments: dict[str, Any], query: str) -> None:
    """Each argument of list_payments is sent as the documented parameter, and nothing else is."""
    async with CampfireSandbox(payments=0) as sandbox:
        async with provider(sandbox) as campfire:
            assert [] == await campfire.list_payments(**arguments).collect()
        (request,) = sandbox.requests
    assert LIST + ("?" + query if query else "") == request.target


@pytest.mark.parametrize(
    ("pagination", "query"), [("cursor", "cursor=&limit=100"), ("offset", "limit=100")]
)
async def test_page_size_of_pages_side_by_side(
    pagination: Literal["cursor", "offset"], query: str
) -> None:
    """Requests for several pages at a time always say the page size."""
    async with CampfireSandbox(payments=0) as sandbox, provider(sandbox) as campfire:
        assert [] == await campfire.list_payments(pagination=pagination, concurrency=2).collect()
        assert query in {request.target.partition("?")[2] for request in sandbox.requests}


@pytest.mark.parametrize("wrong", ["47864", -1, True, 4.0, None])
async def test_wrong_invoice_id(wrong: object) -> None:
    """An invoice's id is a whole number; anything else is refused before anything is sent."""
    async with CampfireSandbox() as sandbox, provider(sandbox) as campfire:
        with pytest.raises(ConfigurationError, match="invoice_id must be a whole number from 0"):
            await campfire.retrieve_invoice(wrong)  # type: ignore[arg-type]  # what is refused
        with pytest.raises(ConfigurationError, match="invoice_id must be a whole number from 0"):
            await campfire.mark_invoice_paid(wrong, transactions=[TRANSACTION])  # type: ignore[arg-type]  # likewise
        assert 0 == len(sandbox.requests)


async def test_retrieve_invoice() -> None:
    """An invoice comes with its payments, which know the invoice and the client around them."""
    async with CampfireSandbox() as sandbox:
        async with provider(sandbox) as campfire:
            invoice = await campfire.retrieve_invoice(47864)
        assert [("GET", "/coa/api/v1/invoice/47864/")] == asked(sandbox)
        expected = sandbox.invoice(47864)
    assert expected["total_amount"] == invoice.total_amount
    assert [str(row["id"]) for row in cast("list[dict[str, Any]]", expected["payments"])] == [
        payment.id for payment in invoice.payments
    ]
    assert {("47864", "INV-0000493")} == {
        (payment.invoice.id, payment.invoice.number) for payment in invoice.payments
    }
    assert {str(expected["client"])} == {
        payment.customer and payment.customer.id for payment in invoice.payments
    }


async def test_retrieve_invoice_that_is_not_there() -> None:
    """An invoice that the API does not show is a NotFoundError with its words."""
    async with CampfireSandbox() as sandbox, provider(sandbox) as campfire:
        with pytest.raises(NotFoundError, match="404 Not found") as raised:
            await campfire.retrieve_invoice(1)
        assert f"{sandbox.url}/coa/api/v1/invoice/1/" == raised.value.url
        assert 1 == len(sandbox.requests)


async def test_retrieve_invoice_that_cannot_be_read() -> None:
    """JSON that is no invoice is malformed at once, with the path."""
    faults = FaultPlan().always(
        wrong_body(
            b'{"id": 47864, "payments": [{"id": 1, "amount": "x"}]}',
            content_type="application/json",
        )
    )
    async with CampfireSandbox(faults=faults) as sandbox, provider(sandbox) as campfire:
        with pytest.raises(MalformedResponseError) as raised:
            await campfire.retrieve_invoice(47864)
        assert "$.payments[0].amount" == raised.value.path
        assert ("campfire", "GET") == (raised.value.provider, raised.value.method)
        assert 1 == len(sandbox.requests)


ALL_KINDS: dict[str, Any] = {
    "transactions": [
        TransactionPayment(
            transaction_id=14728800,
            transaction_description="Payment from Campfire Software Inc",
            account_id="2553",
            account_name="1100 - Accounts Receivable",
            amount=Decimal("883.33"),
        )
    ],
    "credit_memos": [
        CreditMemoPayment(
            credit_memo_id=4029,
            credit_memo_number="CM-0000007",
            amount=Decimal(150),
            posted_at=date(2025, 7, 25),
        )
    ],
    "debit_memos": [
        DebitMemoPayment(debit_memo_id=7, amount=Decimal("0.10"), posted_at=date(2025, 7, 25))
    ],
    "empty_transactions": [MANUAL],
}


@pytest.mark.parametrize("answer", ["invoice", "ids"])
async def test_pay(answer: Literal["invoice", "ids"]) -> None:
    """Every kind of item is sent with its exact digits, and both responses give the new ids."""
    async with CampfireSandbox(pay_response=answer, payments=0) as sandbox:
        async with provider(sandbox) as campfire:
            outcome = await campfire.mark_invoice_paid(58700, **ALL_KINDS, allow_overpayment=True)
        looks = [("GET", INVOICE), ("GET", LIST)]
        assert [*looks, ("POST", PAY), *looks] == asked(sandbox)
        body = sandbox.requests[2].body
        assert "application/json" == sandbox.requests[2].headers["Content-Type"]
        assert tuple(str(row["id"]) for row in paid(sandbox)) == outcome.payment_ids
    assert 4 == len(outcome.payment_ids)
    assert (answer == "invoice") == (outcome.invoice is not None)
    assert all(
        digits in body
        for digits in (b'"amount":883.33', b'"amount":150,', b'"amount":0.10,', b'"amount":12.50,')
    )
    assert {
        "transactions": [
            {
                "transaction_id": 14728800,
                "transaction_description": "Payment from Campfire Software Inc",
                "account_id": "2553",
                "account_name": "1100 - Accounts Receivable",
                "amount": 883.33,
            }
        ],
        "credit_memos": [
            {
                "credit_memo_id": 4029,
                "credit_memo_number": "CM-0000007",
                "amount": 150,
                "posted_at": "2025-07-25",
            }
        ],
        "debit_memos": [{"debit_memo_id": 7, "amount": 0.1, "posted_at": "2025-07-25"}],
        "empty_transactions": [
            {
                "amount": 12.5,
                "account_id": 2553,
                "account_name": "1100",
                "payment_date": "2026-01-31",
                "external_id": "order-1",
            }
        ],
    } == msgspec.json.decode(body)


async def test_pay_in_parts() -> None:
    """The ids are those of the new payments, not of those that stood there."""
    async with CampfireSandbox(payments=0) as sandbox, provider(sandbox) as campfire:
        first = await campfire.mark_invoice_paid(
            58700, transactions=[{"transaction_id": 1, "amount": Decimal(100)}]
        )
        second = await campfire.mark_invoice_paid(
            58700, transactions=[{"transaction_id": 1, "amount": Decimal(100)}]
        )
        assert (1, 1) == (len(first.payment_ids), len(second.payment_ids))
        assert first.payment_ids != second.payment_ids
        assert second.invoice is not None
        assert {*first.payment_ids, *second.payment_ids} == {
            payment.id for payment in second.invoice.payments
        }


class Shared(CampfireSandbox):
    """A sandbox where somebody else pays the same invoice just before."""

    def respond(self, request: Request) -> Response:
        """Let somebody else pay first."""
        if request.method == "POST":
            self.add_payment(invoice_id=58700, amount=Decimal("1.00"))
        return super().respond(request)


@pytest.mark.parametrize("fault", [None, reset("body")], ids=["answered", "looked for"])
async def test_pay_while_somebody_else_does(fault: Fault | None) -> None:
    """A payment of somebody else's, made in the same moment, is not among the ids."""
    faults = None if fault is None else FaultPlan().always(fault, method="POST")
    async with Shared(payments=0, faults=faults) as sandbox, provider(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [Decimal("883.33")] == [
            sandbox.payment(int(payment_id))["amount"] for payment_id in outcome.payment_ids
        ]
        assert 2 == len(paid(sandbox))


class Discounting(CampfireSandbox):
    """A sandbox that books another amount than was ordered."""

    def respond(self, request: Request) -> Response:
        """Book a cent less."""
        answer = super().respond(request)
        if request.method == "POST":
            self.change_payment(paid(self)[-1]["id"], amount=Decimal("883.32"))
            return self._invoice_response(58700, "mark_invoice_paid")
        return answer


async def test_pay_what_is_booked_otherwise() -> None:
    """If the response shows other amounts than ordered, the ids are those of the new payments."""
    async with Discounting(payments=0) as sandbox, provider(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert (str(paid(sandbox)[0]["id"]),) == outcome.payment_ids


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({}, "nothing to pay with"),
        ({"transactions": [], "credit_memos": ()}, "nothing to pay with"),
        ({"transactions": [{"transaction_id": 1, "amount": 1.5}]}, "amount .*1.5"),
        ({"transactions": [{"transaction_id": 1, "amount": Decimal("NaN")}]}, "amount .*NaN"),
        ({"transactions": [{"transaction_id": 1}]}, "amount must be"),
        ({"transactions": [MANUAL]}, "transactions takes TransactionPayment objects or mappings"),
        ({"empty_transactions": [MANUAL, MANUAL]}, "Two items have the same external_id"),
    ],
)
async def test_pay_with_what_cannot_be_right(items: dict[str, Any], message: str) -> None:
    """It is refused before anything is sent."""
    async with CampfireSandbox() as sandbox, provider(sandbox) as campfire:
        with pytest.raises(ConfigurationError, match=message):
            await campfire.mark_invoice_paid(58700, **items)
        assert 0 == len(sandbox.requests)


async def test_pay_an_invoice_that_is_not_there() -> None:
    """Nothing is sent to it."""
    async with CampfireSandbox() as sandbox, provider(sandbox) as campfire:
        with pytest.raises(NotFoundError):
            await campfire.mark_invoice_paid(1, transactions=[TRANSACTION])
        assert [("GET", "/coa/api/v1/invoice/1/")] == asked(sandbox)


async def test_pay_is_refused() -> None:
    """A refusal is a clean failure with the API's words by field, and nobody looks for anything."""
    async with CampfireSandbox(payments=0) as sandbox, provider(sandbox) as campfire:
        with pytest.raises(BadRequestError) as raised:
            await campfire.mark_invoice_paid(
                58700, credit_memos=[CreditMemoPayment(credit_memo_id=1, amount=Decimal(1))]
            )
        assert "posted_at" in str(raised.value)
        assert ("campfire", "POST", sandbox.url + PAY) == (
            raised.value.provider,
            raised.value.method,
            raised.value.url,
        )
        assert [("GET", INVOICE), ("POST", PAY)] == asked(sandbox)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 413, 415, 422])
async def test_pay_is_refused_by_status(code: int) -> None:
    """Each refusal is a clean failure."""
    async with (
        CampfireSandbox(
            payments=0, faults=FaultPlan().always(status(code), method="POST")
        ) as sandbox,
        provider(sandbox) as campfire,
    ):
        with pytest.raises(APIError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert code == raised.value.status
        assert [("GET", INVOICE), ("POST", PAY)] == asked(sandbox)


async def test_pay_is_not_redirected() -> None:
    """A POST follows no redirect, not even on the same origin."""
    faults = FaultPlan().always(redirect(PAY, 307), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, provider(sandbox) as campfire:
        with pytest.raises(PaysdkError):
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY))
        assert [] == paid(sandbox)


AFTER_PROCESSING = [
    reset("headers"),
    reset("body"),
    reset("before", processed=True),
    truncated(),
    *(status(code, processed=True) for code in (408, 500, 502, 503, 504)),
    status(503, retry_after=0, processed=True),
    hang(processed=True),
    dripping_headers(0.02),
    dripping_body(0.02),
    wrong_body(processed=True),
    wrong_body(b"", processed=True),
    wrong_body(b'{"id": 1, "payments": 7}', processed=True),
    wrong_body(b'{"payment_ids": "x"}', processed=True),
    wrong_body(b"[]", processed=True),
]


@pytest.mark.parametrize("fault", AFTER_PROCESSING, ids=named)
async def test_pay_fails_after_it_was_processed(fault: Fault) -> None:
    """If the payments are found afterwards, it is a success, and the order was sent once."""
    events: list[Event] = []
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(fault, method="POST")
    ) as sandbox:
        async with provider(sandbox, timeout=0.1, on_event=events.append) as campfire:
            outcome = await campfire.mark_invoice_paid(58700, **ALL_KINDS, allow_overpayment=True)
        assert 1 == asked(sandbox).count(("POST", PAY))
        assert tuple(str(row["id"]) for row in paid(sandbox)) == outcome.payment_ids
    assert 4 == len(outcome.payment_ids)
    assert outcome.invoice is not None
    assert list(outcome.payment_ids) == [payment.id for payment in outcome.invoice.payments]
    assert 1 == len(
        [event for event in events if isinstance(event, RequestSent) and event.method == "POST"]
    )


BEFORE_PROCESSING = [
    reset("before"),
    reset("body", processed=False),
    truncated(processed=False),
    *(status(code) for code in (408, 500, 502, 503, 504)),
    hang(),
    wrong_body(),
    wrong_body(b""),
]


@pytest.mark.parametrize("fault", BEFORE_PROCESSING, ids=named)
@pytest.mark.parametrize(
    "standing", [0, 1], ids=["nothing stood before", "an equal one stood before"]
)
async def test_pay_fails_and_nothing_is_found(
    fault: Fault, standing: int, told_by: Callable[[BaseException], str]
) -> None:
    """If nothing is found, the outcome is unknown, whatever equal payment was there before."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(fault, method="POST")
    ) as sandbox:
        for _ in range(standing):
            sandbox.add_payment(invoice_id=58700, amount=Decimal("883.33"))
        async with provider(sandbox, timeout=0.1) as campfire:
            with pytest.raises(
                OutcomeUnknownError, match="Do not pay again before you know"
            ) as raised:
                await campfire.mark_invoice_paid(
                    58700, transactions=[TRANSACTION], allow_overpayment=True
                )
        assert [("GET", INVOICE), ("POST", PAY), ("GET", INVOICE)] == asked(sandbox)
        assert ("campfire", "POST", sandbox.url + PAY) == (
            raised.value.provider,
            raised.value.method,
            raised.value.url,
        )
    assert "mark_invoice_paid(58700)" == raised.value.operation
    assert "no new payment on the invoice yet; it may still be booked" == raised.value.found
    assert isinstance(raised.value.__cause__, PaysdkError)
    assert "sandbox-key" not in told_by(raised.value)
    assert "/aiohttp/" not in told_by(raised.value)


class Halving(CampfireSandbox):
    """A sandbox that books another payment than was ordered, and breaks off."""

    def respond(self, request: Request) -> Response:
        """Book something else."""
        if request.method == "POST":
            self.add_payment(invoice_id=58700, amount=Decimal("1.00"))
            return Response(200)
        return super().respond(request)


async def test_pay_fails_and_something_else_is_found() -> None:
    """A new payment that is not what was ordered is named, and the outcome stays unknown."""
    async with Halving(payments=0) as sandbox, provider(sandbox) as campfire:
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY))
        assert (
            f"new on the invoice, but not certainly what was ordered: {paid(sandbox)[0]['id']} "
            "(1.00)" == raised.value.found
        )


async def test_pay_fails_and_looking_fails() -> None:
    """Where nobody can look either, the outcome is unknown, and the error says why."""
    faults = (
        FaultPlan()
        .always(reset("body"), method="POST")
        .on([2, 3, 4], status(403), method="GET", path=INVOICE)
    )
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, provider(sandbox) as campfire:
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY))
    assert raised.value.found.startswith("looking for it failed: 403")


async def test_pay_fails_and_looking_is_tried_again() -> None:
    """Looking is a GET, and is tried again like any other."""
    faults = (
        FaultPlan()
        .always(reset("body"), method="POST")
        .on([2, 3], status(503), method="GET", path=INVOICE)
    )
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, provider(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert {str(row["id"]) for row in paid(sandbox)} == set(outcome.payment_ids)


async def test_pay_fails_and_looking_times_out() -> None:
    """An attempt's timeout while looking is not taken for the deadline."""
    faults = (
        FaultPlan()
        .always(reset("body"), method="POST")
        .on([2, 3, 4], hang(), method="GET", path=INVOICE)
    )
    async with (
        CampfireSandbox(payments=0, faults=faults) as sandbox,
        provider(sandbox, timeout=0.1) as campfire,
    ):
        with pytest.raises(OutcomeUnknownError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
    assert "timeout of 0.1 s for one attempt" in raised.value.found


async def test_pay_is_sent_again_after_a_429() -> None:
    """A 429 cannot have been processed."""
    faults = FaultPlan().first(2, status(429, retry_after=0), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, provider(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [("GET", INVOICE), *[("POST", PAY)] * 3] == asked(sandbox)
        assert 1 == len(paid(sandbox)) == len(outcome.payment_ids)


async def test_pay_is_told_429_to_the_end() -> None:
    """After the last attempt it is a clean failure."""
    async with (
        CampfireSandbox(
            payments=0, faults=FaultPlan().always(status(429), method="POST")
        ) as sandbox,
        provider(sandbox) as campfire,
    ):
        with pytest.raises(RateLimitedError):
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [("GET", INVOICE), *[("POST", PAY)] * 3] == asked(sandbox)


async def test_pay_is_ambiguous_after_a_429() -> None:
    """What is sent again after a 429, and then fails, is looked for."""
    faults = FaultPlan().first(1, status(429), method="POST").always(reset("body"), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, provider(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [("GET", INVOICE), ("POST", PAY), ("POST", PAY), ("GET", INVOICE)] == asked(sandbox)
        assert 1 == len(paid(sandbox)) == len(outcome.payment_ids)


async def test_pay_where_nobody_listens_any_more() -> None:
    """A connection that is refused has paid nothing: it is tried again, and then fails cleanly."""
    events: list[Event] = []
    sandbox = CampfireSandbox(payments=0)
    await sandbox.start()

    async def key() -> str:
        # It is asked for before each request; before the second one the server has gone.
        if sandbox.requests:
            await sandbox.close()
        return "sandbox-key"

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        campfire = CampfireProvider(
            key, base_url=sandbox.url, retry=QUICK, session=session, on_event=events.append
        )
        with pytest.raises(ConnectionFailedError) as raised:
            await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
    assert raised.value.never_sent
    assert ["GET", "POST", "POST", "POST"] == [
        event.method for event in events if isinstance(event, RequestSent)
    ]
    assert [] == paid(sandbox)


async def test_pay_meets_the_deadline_in_flight() -> None:
    """If the deadline ends the order in flight, the outcome is unknown: no time is left to look."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(hang(processed=True), method="POST")
    ) as sandbox:
        async with provider(sandbox, deadline=0.1) as campfire:
            with pytest.raises(OutcomeUnknownError) as raised:
                await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert 1 == asked(sandbox).count(("POST", PAY))
    assert "looking for it failed: The deadline of 0.1 s" in raised.value.found
    assert isinstance(raised.value.__cause__, RequestTimeoutError)


async def test_pay_meets_the_deadline_while_waiting() -> None:
    """Where the deadline ends the wait after a 429, nothing was paid: a clean timeout."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(status(429, retry_after=30), method="POST")
    ) as sandbox:
        async with provider(sandbox, deadline=0.1) as campfire:
            with pytest.raises(RequestTimeoutError, match="The deadline") as raised:
                await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert [("GET", INVOICE), ("POST", PAY)] == asked(sandbox)
        assert ("campfire", "POST", sandbox.url + PAY) == (
            raised.value.provider,
            raised.value.method,
            raised.value.url,
        )


async def test_pay_is_cancelled(until: Until) -> None:
    """Being cancelled in flight is being cancelled; nothing is sent again."""
    async with (
        CampfireSandbox(payments=0, faults=FaultPlan().always(hang(), method="POST")) as sandbox,
        provider(sandbox) as campfire,
    ):
        paying = asyncio.create_task(campfire.mark_invoice_paid(58700, transactions=[TRANSACTION]))
        await until(lambda: ("POST", PAY) in asked(sandbox))
        paying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await paying
        assert 1 == asked(sandbox).count(("POST", PAY))


async def test_pay_when_the_provider_is_closed(until: Until) -> None:
    """Closing under an order in flight leaves the outcome unknown."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().always(hang(), method="POST")
    ) as sandbox:
        campfire = provider(sandbox)
        paying = asyncio.create_task(campfire.mark_invoice_paid(58700, transactions=[TRANSACTION]))
        await until(lambda: ("POST", PAY) in asked(sandbox))
        await campfire.aclose()
        with pytest.raises(OutcomeUnknownError, match="is closed"):
            await paying


async def test_pay_when_the_provider_is_closed_before_it_is_sent(until: Until) -> None:
    """Closing while an order waits after a 429 is a clean failure."""
    events: list[Event] = []
    faults = FaultPlan().always(status(429, retry_after=0.1), method="POST")
    async with CampfireSandbox(payments=0, faults=faults) as sandbox:
        campfire = provider(sandbox, on_event=events.append)
        paying = asyncio.create_task(campfire.mark_invoice_paid(58700, transactions=[TRANSACTION]))
        await until(lambda: any(isinstance(event, RetryPlanned) for event in events))
        await campfire.aclose()
        with pytest.raises(ConfigurationError, match="is closed"):
            await paying
        assert 1 == asked(sandbox).count(("POST", PAY))


async def test_external_id_is_booked_already() -> None:
    """What is booked under its external id is not sent again, and its payments are the outcome."""
    async with CampfireSandbox(payments=0) as sandbox:
        async with provider(sandbox) as campfire:
            first = await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        async with provider(sandbox) as campfire:
            second = await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 1 == asked(sandbox).count(("POST", PAY))
        assert 1 == len(paid(sandbox))
    assert first.payment_ids == second.payment_ids
    assert second.invoice is not None


async def test_external_id_is_looked_for_with_the_filter() -> None:
    """Each external id is asked for by itself, once before it is sent and once when it was."""
    other = {
        "external_id": "order-2",
        "amount": Decimal(1),
        "account_id": 1,
        "account_name": "x",
        "payment_date": date(2026, 1, 31),
    }
    async with CampfireSandbox(payments=0) as sandbox, provider(sandbox) as campfire:
        await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL, other])
        assert ["order-1", "order-2"] * 2 == [
            request.query["external_id"] for request in sandbox.requests if request.path == LIST
        ]


class Older(CampfireSandbox):
    """A sandbox of the time before the filter by external id."""

    def respond(self, request: Request) -> Response:
        """Ignore the filter."""
        return super().respond(
            attrs.evolve(
                request,
                query={
                    name: value for name, value in request.query.items() if name != "external_id"
                },
            )
        )


async def test_external_id_where_the_api_ignores_the_filter() -> None:
    """An API without the filter lists everything, and nothing in it is taken for ours."""
    rows = [{"external_id": f"other-{number}", "invoice_id": 58700} for number in range(300)]
    async with Older(rows=rows) as sandbox, provider(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(
            58700, empty_transactions=[MANUAL], allow_overpayment=True
        )
        assert [("GET", INVOICE), ("GET", LIST), ("POST", PAY)] == asked(sandbox)[:3]
        assert 1 == len(outcome.payment_ids)


@pytest.mark.parametrize("invoice_id", [58700, 58701])
async def test_external_id_of_a_voided_payment(invoice_id: int) -> None:
    """An external id whose payment was voided is booked again only if the caller allows it."""
    rows = [
        {
            "external_id": "order-1",
            "invoice_id": invoice_id,
            "amount": Decimal("12.50"),
            "voided_date": "2026-01-31",
        }
    ]
    async with CampfireSandbox(rows=rows) as sandbox, provider(sandbox) as campfire:
        with pytest.raises(ConfigurationError, match="rebook_voided=True"):
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 1 == len(sandbox.payments)
        outcome = await campfire.mark_invoice_paid(
            58700, empty_transactions=[MANUAL], rebook_voided=True
        )
        assert (str(paid(sandbox)[-1]["id"]),) == outcome.payment_ids
        assert 2 == len(sandbox.payments)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"invoice_id": 58700, "amount": Decimal("12.51")},
            "Nothing was sent. These external ids are booked already: 'order-1'",
        ),
        (
            {"invoice_id": 58701, "amount": Decimal("12.50")},
            r"External id 'order-1' already belongs to payment \d+ of invoice 58701",
        ),
    ],
    ids=["another amount", "another invoice"],
)
async def test_external_id_is_taken(row: dict[str, Any], message: str) -> None:
    """An external id that another payment has is refused, and nothing is sent."""
    async with (
        CampfireSandbox(rows=[{"external_id": "order-1", "voided_date": None, **row}]) as sandbox,
        provider(sandbox) as campfire,
    ):
        with pytest.raises(ConfigurationError, match=message):
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 0 == asked(sandbox).count(("POST", PAY))


async def test_pay_with_an_answer_that_names_nothing() -> None:
    """A success without a payment, after which none appears, is a draft."""
    faults = FaultPlan().always(
        wrong_body(b'{"payment_ids": []}', content_type="application/json"), method="POST"
    )
    async with CampfireSandbox(payments=0, faults=faults) as sandbox, provider(sandbox) as campfire:
        outcome = await campfire.mark_invoice_paid(58700, transactions=[TRANSACTION])
        assert PayOutcome((), drafted=True) == outcome
        assert [("GET", INVOICE), ("POST", PAY), ("GET", INVOICE)] == asked(sandbox)


async def test_errors_by_kind() -> None:
    """Statuses have classes of their own, with the API's words."""
    for code, kind in ((403, PermissionDeniedError), (500, ServerError)):
        faults = FaultPlan().always(status(code, body=b'{"detail": "In words."}'))
        async with CampfireSandbox(faults=faults) as sandbox, provider(sandbox) as campfire:
            with pytest.raises(kind, match=f"{code} In words") as raised:
                await campfire.retrieve_invoice(58700)
            assert "In words." == raised.value.detail


async def test_redirect_to_the_right_slash() -> None:
    """A GET that the server leads on, on its own origin, arrives."""
    target = f"{LIST}?cursor=&limit=2"
    async with (
        CampfireSandbox(payments=2, faults=FaultPlan().on(1, redirect(target, 301))) as sandbox,
        provider(sandbox) as campfire,
    ):
        listing = campfire.list_payments(page_size=2)
        assert 2 == len(await listing.collect())
        assert 2 == listing.report.requests == len(sandbox.requests)


async def test_an_unknown_outcome_can_be_looked_for_again() -> None:
    """``check`` returns ``None`` until the payment is there, and then the outcome."""
    async with CampfireSandbox(
        payments=0, faults=FaultPlan().on(1, hang(), method="POST")
    ) as sandbox:
        async with provider(sandbox, timeout=0.1) as campfire:
            with pytest.raises(OutcomeUnknownError) as raised:
                await campfire.mark_invoice_paid(
                    58700, empty_transactions=[attrs.evolve(MANUAL, external_id=None)]
                )
            assert await raised.value.check() is None
            late = sandbox.add_payment(
                invoice_id=58700, amount=MANUAL.amount, payment_date=str(MANUAL.payment_date)
            )
            outcome = await raised.value.check()
        assert isinstance(outcome, PayOutcome)
        assert (str(late),) == outcome.payment_ids
        assert 1 == asked(sandbox).count(("POST", PAY))


async def test_tasks_that_pay_one_invoice_take_turns() -> None:
    """Three tasks with one external id make one payment; three without one make three."""
    async with CampfireSandbox(payments=0) as sandbox, provider(sandbox) as campfire:
        same = await asyncio.gather(
            *(campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL]) for _ in range(3))
        )
        assert 1 == len({outcome.payment_ids for outcome in same})
        assert 1 == asked(sandbox).count(("POST", PAY))
        each = await asyncio.gather(
            *(
                campfire.mark_invoice_paid(
                    58701, empty_transactions=[attrs.evolve(MANUAL, external_id=None)]
                )
                for _ in range(3)
            )
        )
        assert 3 == len({outcome.payment_ids for outcome in each})


async def test_external_id_is_found_where_the_api_does_not_know_the_filter() -> None:
    """An API older than the filter lists everything, and the payment is found in it."""

    class Older(CampfireSandbox):
        def respond(self, request: Request) -> Response:
            return super().respond(
                attrs.evolve(
                    request,
                    query={
                        name: value
                        for name, value in request.query.items()
                        if name != "external_id"
                    },
                )
            )

    async with Older(payments=150) as sandbox:
        sandbox.add_payment(invoice_id=58700, amount=MANUAL.amount, external_id=MANUAL.external_id)
        async with provider(sandbox) as campfire:
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 0 == asked(sandbox).count(("POST", PAY))


async def test_a_record_that_cannot_be_read_may_be_the_one_that_is_looked_for() -> None:
    """Looking for an external id raises for a bad record, whatever ``on_malformed`` is."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        provider(sandbox, on_malformed=lambda _: None) as campfire,
    ):
        # On another invoice, so that it is not the look at this one that fails.
        sandbox.add_payment(
            invoice_id=58701,
            amount=MANUAL.amount,
            external_id=MANUAL.external_id,
            payment_date="30-04-2025",
        )
        with pytest.raises(MalformedResponseError):
            await campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL])
        assert 0 == asked(sandbox).count(("POST", PAY))
