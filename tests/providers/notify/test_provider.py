"""Notify's one operation, over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    MalformedResponseError,
    NotFoundError,
    UnsupportedFilterError,
)
from paysdk.events import Event, RequestSent
from paysdk.payment import CustomerRef, InvoiceRef
from paysdk.provider import PaymentsProvider
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import Fault, FaultPlan, redirect, reset, status, truncated, wrong_body
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = RetryPolicy(attempts=3, wait_initial=0)


def provider(sandbox: NotifySandbox, **settings: object) -> NotifyProvider:
    """A provider for the sandbox that retries at once."""
    given: dict[str, Any] = {"retry": QUICK, **settings}
    return NotifyProvider("test_sandbox", base_url=sandbox.url, **given)


def test_keeps_the_protocol() -> None:
    """The provider keeps the protocol, and says what it cannot do."""
    made = NotifyProvider("test_sandbox")
    assert isinstance(made, PaymentsProvider)
    assert "notify" == made.name
    assert (250, False, False) == (
        made.capabilities.max_page_size,
        made.capabilities.reports_voids,
        made.capabilities.lists_incrementally,
    )
    assert frozenset() == made.capabilities.filters


@pytest.mark.parametrize(
    ("api_key", "test_mode"),
    [
        ("test_sandbox", True),
        ("live_sandbox", False),
        ("test", None),
        ("Test_x", None),
        ("other_test_", None),
    ],
)
def test_test_mode(api_key: str, test_mode: bool | None) -> None:
    """Only the prefix of the key decides ``test_mode``."""
    assert test_mode is NotifyProvider(api_key).test_mode


def test_test_mode_of_a_callable_key() -> None:
    """``test_mode`` is unknown if the key comes from a callable."""

    async def key() -> str:
        return "test_sandbox"

    assert NotifyProvider(key).test_mode is None


@pytest.mark.parametrize("currency", ["", " ", 7, True, b"EUR"])
def test_wrong_currency(currency: object, told_by: Callable[[BaseException], str]) -> None:
    """A currency that is not an ISO 4217 code is refused, and the error does not show the key."""
    with pytest.raises(
        ConfigurationError, match="currency must be a code of ISO 4217, such as 'EUR', or None"
    ) as raised:
        NotifyProvider("test_sandbox", currency=currency)  # type: ignore[arg-type]  # refused
    assert "test_sandbox" not in told_by(raised.value)


@pytest.mark.parametrize("name", ["modified_since", "modified_until", "voided"])
@pytest.mark.parametrize(
    "value", [date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC), True, False, "x"]
)
def test_every_filter_is_refused(name: str, value: object) -> None:
    """A filter is refused at the call, and never ignored."""
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(UnsupportedFilterError, match=f"Notify cannot filter by {name}"):
        NotifyProvider("test_sandbox").list_payments(**arguments)


@pytest.mark.parametrize("wrong", [0, -1, 251, True, "50", 5.0])
def test_wrong_page_size(wrong: object) -> None:
    """A page holds from one payment to 250."""
    with pytest.raises(ConfigurationError, match="page_size must be a whole number from 1 to 250"):
        NotifyProvider("test_sandbox").list_payments(
            page_size=wrong,  # type: ignore[arg-type]  # what is refused
        )


@pytest.mark.parametrize(
    ("page_size", "target"),
    [(None, "/v2/payments"), (1, "/v2/payments?limit=1"), (250, "/v2/payments?limit=250")],
)
async def test_on_the_wire(page_size: int | None, target: str) -> None:
    """The request for the first page has only the page size, and the key as a Bearer token."""
    async with NotifySandbox(payments=1) as sandbox:
        async with provider(sandbox) as notify:
            assert 1 == len(await notify.list_payments(page_size=page_size).collect())
        (request,) = sandbox.requests
    assert (target, True) == (request.target, request.authorised)


async def test_page_size_is_kept() -> None:
    """The page size stays the same if a link drops it."""
    async with NotifySandbox(payments=7, links_with_limit=False) as sandbox:
        async with provider(sandbox) as notify:
            assert 7 == len(await notify.list_payments(page_size=3).collect())
        assert ["3", "3", "3"] == [request.query["limit"] for request in sandbox.requests]


@pytest.mark.parametrize("currency", [None, "EUR"])
async def test_payment_of_the_document(currency: str | None) -> None:
    """In the document's example, empty objects are set aside and the link to itself ends."""
    sample = files("paysdk.providers.notify").joinpath("samples", "list_payments.json").read_bytes()
    only_first = sample.split(b'"links"')[0] + b'"links": {"previous": null, "next": null}}'
    aside: list[MalformedResponseError] = []
    plan = (
        FaultPlan()
        .on(1, wrong_body(sample, content_type="application/hal+json"))
        .on(2, wrong_body(only_first))
    )
    async with (
        NotifySandbox(faults=plan) as sandbox,
        provider(sandbox, currency=currency, on_malformed=aside.append) as notify,
    ):
        (payment,) = await notify.list_payments().collect()
        assert 2 == len(sandbox.requests)
    assert [b"{}"] * 3 == [error.raw for error in aside]
    assert ("notify", "07d125ef-8e59-4629-8ef5-5c82de9979e9") == (payment.provider, payment.id)
    assert (Decimal("100.00"), "100.00", currency) == (
        payment.amount,
        str(payment.amount),
        payment.currency,
    )
    assert date(2021, 1, 21) == payment.payment_date
    assert (
        InvoiceRef(
            "a0f0660d-6c8d-422b-8114-e363b260521e", "10001", Decimal("480.00"), Decimal("380.00")
        )
        == payment.invoice
    )
    assert (
        CustomerRef("36cf1c0d-53fe-4c73-8a46-f9f40cd99b65", "10001", "Creditparters B.V.")
        == payment.customer
    )
    assert (None, None, None, None) == (
        payment.external_id,
        payment.source,
        payment.voided_date,
        payment.modified_at,
    )


@pytest.mark.parametrize(
    "fault",
    [
        *(status(code) for code in (408, 425, 429, 500, 502, 503, 504)),
        *(reset("before"), reset("headers"), reset("body"), truncated()),
        *(wrong_body(), wrong_body(b""), wrong_body(b'{"payments": [')),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status} {fault.body[:8]!r}",
)
async def test_tried_again(fault: Fault) -> None:
    """A failure that may pass is retried."""
    async with (
        NotifySandbox(payments=2, faults=FaultPlan().first(2, fault)) as sandbox,
        provider(sandbox) as notify,
    ):
        assert 2 == len(await notify.list_payments().collect())
        assert 3 == len(sandbox.requests)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 422, 501])
async def test_refused(code: int) -> None:
    """A refusal is raised at once."""
    async with (
        NotifySandbox(faults=FaultPlan().always(status(code))) as sandbox,
        provider(sandbox) as notify,
    ):
        with pytest.raises(APIError) as raised:
            await notify.list_payments().collect()
        assert (code, 1) == (raised.value.status, len(sandbox.requests))


async def test_refusal_in_the_apis_words() -> None:
    """The errors for a refused key and an unknown payment have the API's words."""
    async with (
        NotifySandbox(api_key="live_sandbox", payments=4) as sandbox,
        provider(sandbox) as notify,
    ):
        with pytest.raises(
            AuthenticationError, match="Missing authentication, or failed to authenticate"
        ) as raised:
            await notify.list_payments().collect()
        assert ("notify", "GET", f"{sandbox.url}/v2/payments") == (
            raised.value.provider,
            raised.value.method,
            raised.value.url,
        )
    async with NotifySandbox(payments=4) as sandbox, provider(sandbox) as notify:
        pages = notify.list_payments(page_size=2).pages()
        checkpoint = (await anext(pages)).checkpoint
        for row in sandbox.payments[2:]:
            sandbox.delete_payment(str(row["id"]))
        with pytest.raises(NotFoundError, match="No payment exists with id"):
            await notify.list_payments(resume=checkpoint).collect()


async def test_trap_on_another_origin_is_never_called() -> None:
    """A redirect or a link never makes it send the key to another server."""
    events: list[Event] = []
    async with NotifySandbox(payments=5) as trap:
        async with (
            NotifySandbox(payments=5, link_host=trap.url) as sandbox,
            provider(sandbox, on_event=events.append) as notify,
        ):
            expected = [row["id"] for row in sandbox.payments]
            assert expected == [payment.id async for payment in notify.list_payments(page_size=2)]
            assert all(
                event.url.startswith(f"{sandbox.url}/v2/payments?")
                for event in events
                if isinstance(event, RequestSent)
            )
        async with (
            NotifySandbox(
                faults=FaultPlan().always(redirect(f"{trap.url}/v2/payments"))
            ) as sandbox,
            provider(sandbox) as notify,
        ):
            with pytest.raises(
                APIError, match=r"302 a redirect to .*, which paysdk does not follow"
            ):
                await notify.list_payments().collect()
        assert 0 == len(trap.requests)


async def test_new_payments_do_not_disturb_a_listing() -> None:
    """A payment that is added during a listing is before its beginning, and moves nothing."""
    async with NotifySandbox(payments=6) as sandbox, provider(sandbox) as notify:
        expected = [row["id"] for row in sandbox.payments]
        given: list[str] = []
        async for payment in notify.list_payments(page_size=2):
            sandbox.add_payment()
            given.append(payment.id)
    assert expected == given
