"""A server in front of a sandbox."""

from __future__ import annotations

import attrs

from paysdk import NotifyProvider, RetryPolicy
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import FaultPlan, Response, status
from paysdk.testing.contract.proxy import RecordingProxy


def proxy_of(sandbox: NotifySandbox) -> RecordingProxy:
    """Make a proxy with the key of the sandbox."""
    return RecordingProxy(upstream=sandbox, api_key=sandbox.api_key)


async def test_responds_as_the_sandbox_does() -> None:
    """Its payments and its links lead through the proxy, which records each response."""
    proxy = proxy_of(NotifySandbox(payments=5))
    async with proxy, NotifyProvider(proxy.api_key, base_url=proxy.url) as provider:
        payments = await provider.list_payments(page_size=2).collect()
        assert 1 == proxy.connections
    assert 5 == len(payments)
    assert len(proxy.requests) == len(proxy.responses) >= 3
    assert 0 == proxy.connections


async def test_changes_responses_until_it_is_told_to_stop() -> None:
    """A change is made to each response on its way, and the record has what was sent."""

    def rename(response: Response) -> Response:
        return attrs.evolve(response, body=response.body.replace(b"10001", b"90009"))

    proxy = proxy_of(NotifySandbox(payments=1))
    async with proxy, NotifyProvider(proxy.api_key, base_url=proxy.url) as provider:
        numbers = []
        for change in (rename, None):
            proxy.change(change)
            payment = await provider.list_payments().first()
            assert payment is not None
            numbers.append(payment.invoice.number)
    assert ["90009", "10001"] == numbers
    assert [True, False] == [b"90009" in response.body for response in proxy.responses]


async def test_counts_faults_from_when_they_are_given() -> None:
    """The next request is number 1 of a new plan."""
    proxy = proxy_of(NotifySandbox(payments=1))
    retry = RetryPolicy(attempts=2, wait_initial=0)
    async with proxy, NotifyProvider(proxy.api_key, base_url=proxy.url, retry=retry) as provider:
        for _ in range(2):
            proxy.inject_faults(FaultPlan().on(1, status(503)))
            listing = provider.list_payments()
            await listing.collect()
            assert (2, 1) == (listing.report.requests, listing.report.retries)
