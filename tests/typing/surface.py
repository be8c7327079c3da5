"""A user's code, as a type checker reads it.

It is never run; each line marked as an error must stay one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, assert_type

from paysdk import (
    CampfireProvider,
    Capabilities,
    Checkpoint,
    ConfigurationError,
    CreditMemoPayment,
    CustomerRef,
    DebitMemoPayment,
    Follower,
    Invoice,
    InvoiceRef,
    Listing,
    MalformedResponseError,
    ManualPayment,
    NotFoundError,
    NotifyProvider,
    Page,
    Payment,
    PaymentChange,
    PaymentsProvider,
    PayOutcome,
    PaysdkError,
    RateLimitedError,
    RequestTimeoutError,
    RetryPolicy,
    TransactionPayment,
    follow_payments,
    make_converter,
    open_provider,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp


def what_a_payment_holds(payment: Payment) -> None:
    assert_type(payment.provider, str)
    assert_type(payment.id, str)
    assert_type(payment.amount, Decimal)
    assert_type(payment.currency, str | None)
    assert_type(payment.payment_date, date | None)
    assert_type(payment.invoice, InvoiceRef)
    assert_type(payment.invoice.id, str)
    assert_type(payment.invoice.number, str | None)
    assert_type(payment.invoice.total, Decimal | None)
    assert_type(payment.invoice.balance, Decimal | None)
    assert_type(payment.customer, CustomerRef | None)
    assert_type(payment.external_id, str | None)
    assert_type(payment.source, str | None)
    assert_type(payment.voided_date, date | None)
    assert_type(payment.is_voided, bool)
    assert_type(payment.created_at, datetime | None)
    assert_type(payment.modified_at, datetime | None)


def a_payment_cannot_be_changed(payment: Payment) -> None:
    payment.amount = Decimal(1)  # type: ignore[misc]
    payment.is_voided = True  # type: ignore[misc]


def a_payment_is_made_from_keywords() -> Payment:
    Payment("campfire", "1", Decimal(1), InvoiceRef(id="7"))  # type: ignore[call-arg, arg-type]
    return Payment(
        provider="campfire",
        id="1",
        amount=Decimal("883.33"),
        invoice=InvoiceRef(id="7"),
        customer=CustomerRef(name="Acme"),
    )


async def any_provider(provider: PaymentsProvider) -> None:
    assert_type(provider.name, str)
    assert_type(provider.capabilities, Capabilities)
    listing = provider.list_payments(
        modified_since=date(2026, 1, 1),
        modified_until=datetime.now(UTC),
        voided=False,
        page_size=100,
        resume=None,
    )
    assert_type(listing, Listing)
    assert_type(listing, Listing[Payment])
    provider.list_payments(date(2026, 1, 1))  # type: ignore[call-arg]
    await provider.aclose()


async def what_a_listing_gives(listing: Listing) -> None:
    async for payment in listing:
        assert_type(payment, Payment)
    async for page in listing.pages():
        assert_type(page, Page)
        assert_type(page.reported_count, int | None)
        assert_type(page.checkpoint, Checkpoint | None)
        for payment in page.payments:
            assert_type(payment, Payment)
    assert_type(await listing.collect(), list[Payment])
    assert_type(await listing.collect(limit=10), list[Payment])
    assert_type(await listing.first(), Payment | None)
    assert_type(listing.report.pages, int)
    assert_type(listing.report.payments, int)
    assert_type(listing.report.repeats_dropped, int)
    assert_type(listing.report.malformed, int)
    assert_type(listing.report.requests, int)
    assert_type(listing.report.retries, int)
    assert_type(listing.report.reported_first, int | None)
    assert_type(listing.report.reported_last, int | None)
    assert_type(listing.report.complete, bool)


async def listing_of_something_else(listing: Listing[Invoice]) -> None:
    async for invoice in listing:
        assert_type(invoice, Invoice)
    async for page in listing.pages():
        assert_type(page.payments, Sequence[Invoice])
    assert_type(await listing.collect(), list[Invoice])
    assert_type(await listing.first(), Invoice | None)


async def going_on_after_a_failure(provider: PaymentsProvider) -> list[Payment]:
    try:
        return await provider.list_payments().collect()
    except PaysdkError as error:
        assert_type(error.checkpoint, Checkpoint | None)
        provider.list_payments(resume=str(error.checkpoint))
        return await provider.list_payments(resume=error.checkpoint).collect()


async def campfire_listing(api_key: str) -> AsyncIterator[Payment]:
    async with CampfireProvider(api_key) as campfire:
        assert_type(campfire, CampfireProvider)
        assert_type(campfire.list_payments(), Listing)
        async for payment in campfire.list_payments(
            pagination="offset", skip_count=True, invoice_id=7, external_id="x", concurrency=4
        ):
            yield payment
        campfire.list_payments(pagination="backwards")  # type: ignore[arg-type]


async def campfire_invoice(campfire: CampfireProvider) -> None:
    invoice = await campfire.retrieve_invoice(47864)
    assert_type(invoice, Invoice)
    for payment in invoice.payments:
        assert_type(payment, Payment)


async def paying(campfire: CampfireProvider) -> None:
    outcome = await campfire.mark_invoice_paid(
        58700,
        transactions=[
            TransactionPayment(transaction_id=14728800, amount=Decimal("883.33")),
            {"transaction_id": 14728801, "amount": Decimal("0.10"), "a_field_to_come": True},
        ],
        credit_memos=[
            CreditMemoPayment(
                credit_memo_id=1,
                amount=Decimal(5),
                posted_at=date(2026, 1, 1),
                credit_memo_number="CM-1",
            )
        ],
        debit_memos=[DebitMemoPayment(debit_memo_id=2, amount=Decimal(5))],
        empty_transactions=[
            ManualPayment(
                amount=Decimal(5),
                account_id=3,
                account_name="Cash",
                payment_date=date(2026, 1, 1),
                external_id="x",
                memo="y",
            )
        ],
    )
    assert_type(outcome, PayOutcome)
    assert_type(outcome.invoice, Invoice | None)
    assert len(outcome.payment_ids) == 1


def a_float_is_no_amount() -> None:
    TransactionPayment(transaction_id=1, amount=883.33)  # type: ignore[arg-type]


async def settings(
    session: aiohttp.ClientSession,
) -> tuple[PaymentsProvider, PaymentsProvider, list[MalformedResponseError]]:
    async def api_key() -> str:
        return "sandbox-key"

    set_aside: list[MalformedResponseError] = []
    retry = RetryPolicy(
        attempts=3, wait_initial=0.1, wait_max=5.0, wait_jitter=0.1, retry_after_max=30.0
    )
    campfire = CampfireProvider(
        api_key,
        base_url="http://localhost:8080",
        session=session,
        retry=retry,
        timeout=10.0,
        deadline=60.0,
        limiter=asyncio.Semaphore(4),
        on_malformed=set_aside.append,
        on_event=print,
    )
    CampfireProvider()  # type: ignore[call-arg]
    CampfireProvider("sandbox-key", "http://localhost:8080")  # type: ignore[arg-type, call-arg]
    return campfire, NotifyProvider("sandbox-key", currency="EUR", retry=retry), set_aside


async def by_name() -> None:
    async with aclosing(open_provider("campfire", api_key="sandbox-key")) as provider:
        assert_type(provider, PaymentsProvider)


def what_errors_tell(error: PaysdkError) -> None:
    if isinstance(error, RateLimitedError):
        assert_type(error.status, int)
        assert_type(error.detail, str)
        assert_type(error.retry_after, float | None)
        assert_type(error.request_id, str | None)
    if isinstance(error, MalformedResponseError):
        assert_type(error.path, str)


def errors_are_what_python_would_have_raised(
    configuration: ConfigurationError, timeout: RequestTimeoutError, missing: NotFoundError
) -> tuple[ValueError, TimeoutError, LookupError]:
    return configuration, timeout, missing


def converting(payment: Payment) -> Payment:
    return make_converter().structure(make_converter().unstructure(payment), Payment)


async def what_following_gives(provider: PaymentsProvider, since: datetime) -> None:
    follower = follow_payments(provider, every=60.0, since=since)
    assert_type(follower, Follower)
    async for change in follower:
        assert_type(change, PaymentChange)
        assert_type(change.kind, Literal["created", "changed", "voided"])
        assert_type(change.payment, Payment)
        assert_type(follower.checkpoint, str)
    follow_payments(provider, every="60")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
