"""Cases about what each request carries, and about what an API says in its errors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from paysdk.errors import APIError, ConfigurationError
from paysdk.exact import decode_exactly
from paysdk.testing.contract.harness import (
    ONCE,
    ContractCases,
    catch_error,
    checkpoint_after,
    collect_payments,
    collect_until_error,
    expect_error,
)
from paysdk.testing.contract.promises import check, check_equal, fail, wire_case
from paysdk.testing.contract.rewrite import walk_values
from paysdk.testing.faults import FaultPlan, redirect, status
from paysdk.transport.messages import RawResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from paysdk.provider import PaymentsProvider
    from paysdk.testing.contract.harness import Harness
    from paysdk.testing.contract.subject import ErrorSample
    from paysdk.testing.exchange import LoggedRequest, Response

__all__ = ["RequestCases", "check_words"]

# They belong to a connection or to a body, and not to the API.
_OF_ONE_REQUEST = {"host", "connection", "content-length", "content-type", "transfer-encoding"}
_TEMPORARY_REDIRECT = 307
_BAD_GATEWAY = 502
# A gateway in front of the API sends what it likes.
_ODD_BODIES = (b"", b"<html>Bad gateway</html>", b"null", b'"Retry later"', b"[]", b"{}", b"\xff")


class RequestCases(ContractCases):
    """Requests, tenants and the words of the API."""

    @wire_case
    async def test_sends_its_headers_with_each_request(self) -> None:
        """The headers that a listing begins with are sent with later pages, after resuming, with
        retries, and with a redirect on the same origin.
        """
        async with self.harness() as harness:
            # Two objects, because one may lose a header after its first listing.
            await collect_payments(harness.provider().list_payments(page_size=harness.size))
            first, begun = harness.proxy.requests[0], harness.requests
            provider = harness.provider()
            _, checkpoint = await checkpoint_after(provider.list_payments(page_size=harness.size))
            await collect_payments(provider.list_payments(page_size=harness.size))
            expected = _constant_headers(first, harness.proxy.requests[begun])
            _check_headers(expected, harness.proxy.requests, "of a later page or listing")
            resumed = provider.list_payments(page_size=harness.size, resume=checkpoint)
            sent = harness.requests
            await collect_payments(resumed)
            _check_headers(expected, harness.proxy.requests[sent:], "of a resumed listing")
            here = f"{harness.proxy.url}{first.target}"
            for fault, what in (
                (status(503), "of a retry"),
                (redirect(here, _TEMPORARY_REDIRECT), "after a redirect"),
            ):
                sent = harness.requests
                harness.proxy.inject_faults(FaultPlan().first(1, fault))
                # Some providers refuse every redirect, and all providers refuse a redirect of a
                # POST. So the listing may end with an error.
                await collect_until_error(provider.list_payments(page_size=harness.size))
                _check_headers(expected, harness.proxy.requests[sent:], what)

    @wire_case
    async def test_names_its_tenant_in_its_origin(self) -> None:
        """`origin` differs between the tenants, realms or divisions that one key can reach, and a
        checkpoint of one is refused by another.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            _, checkpoint = await checkpoint_after(provider.list_payments(page_size=harness.size))
            origin = _origin(provider)
            for name, value in _sent_settings(harness).items():
                check(
                    value in origin,
                    f"each request has the {name} {value!r}, but the origin is {origin!r}",
                )
            if harness.subject.other_tenant is None:
                return
            other = harness.provider(**harness.subject.other_tenant)
            check(
                _origin(other) != origin,
                f"the origin is {origin!r}, also with {harness.subject.other_tenant}",
            )
            raised = catch_error(partial(other.list_payments, resume=checkpoint))
            check(
                isinstance(raised, ConfigurationError),
                f"with {harness.subject.other_tenant}, the checkpoint of another tenant raised "
                f"{raised!r}",
            )

    @wire_case
    async def test_says_what_the_api_said(self) -> None:
        """`detail` has words that the API sent in the body or a header of its error, `fields` only
        names that it sent, and `request_id` is sent too.
        """
        async with self.harness() as harness:
            # The sandbox's own error comes first, as its document has it.
            key = harness.proxy.api_key
            wrong = harness.provider(key[:-1] + ("b" if key.endswith("a") else "a"), retry=ONCE)
            _, error = await collect_until_error(wrong.list_payments())
            check_words(error, harness.proxy.responses[-1])
            provider = harness.provider(retry=ONCE)
            _check_explains_anything(provider, harness.subject.errors)
            for sample in harness.subject.errors:
                fault = status(sample.status, headers=sample.headers, body=sample.body)
                harness.proxy.inject_faults(FaultPlan().always(fault))
                raised = await expect_error(provider.list_payments())
                said = raised if isinstance(raised, APIError) else fail(f"not APIError: {raised!r}")
                check_equal(
                    (sample.detail, dict(sample.fields), sample.request_id),
                    (said.detail, dict(said.fields), said.request_id),
                    f"detail, fields and request_id of {sample.body!r}",
                )


def _check_explains_anything(provider: PaymentsProvider, samples: Sequence[ErrorSample]) -> None:
    """Check that ``explain_error`` raises for no body, if the provider has it."""
    # Other providers lack it. `repr` takes its place, because it never raises.
    explain: Callable[[RawResponse], object] = getattr(provider, "explain_error", repr)
    for body in (*(sample.body for sample in samples), *_ODD_BODIES):
        raised = catch_error(partial(explain, RawResponse(_BAD_GATEWAY, {}, body)))
        check(raised is None, f"explain_error raised {raised!r} for the body {body!r}")


def _origin(provider: PaymentsProvider) -> str:
    origin: object = getattr(provider, "origin", None) or getattr(provider, "base_url", "")
    return str(origin)


def _constant_headers(*requests: LoggedRequest) -> set[tuple[str, str]]:
    """Return the headers that all of these requests have, with their values."""
    first, *others = (
        {(name.lower(), value) for name, value in sent.headers.items()} for sent in requests
    )
    return {pair for pair in first.intersection(*others) if pair[0] not in _OF_ONE_REQUEST}


def _check_headers(
    expected: set[tuple[str, str]], requests: Sequence[LoggedRequest], what: str
) -> None:
    for request in requests:
        missing = sorted(expected - _constant_headers(request))
        check(not missing, f"the request {what}, {request.target}, lacks these headers: {missing}")


def _sent_settings(harness: Harness) -> Mapping[str, str]:
    """Return the settings that the provider needs, and that each request carries."""
    given: dict[str, Any] = {
        **getattr(harness.subject.provider, "keywords", {}),  # of functools.partial
        **harness.proxy.upstream.settings,
    }
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, str) and all(map(partial(_carries, value), harness.proxy.requests))
    }


def _carries(value: str, request: LoggedRequest) -> bool:
    return (
        value in request.headers.values()
        or value in request.path.split("/")
        or value in request.query.values()
    )


def check_words(error: Exception | None, response: Response) -> None:
    """Check that an error says only what its response says."""
    if not isinstance(error, APIError):
        return
    try:
        document = decode_exactly(response.body)
    except ValueError:
        return
    sent = [*response.headers.values(), *_texts(document)]
    if not any(" " in text for text in _texts(document)):
        return  # it is only a code, and the provider may say it in words
    check(
        any(text and text in error.detail for text in sent) and "{" not in error.detail,
        f"the API sent {response.body!r}, but detail is {error.detail!r}",
    )
    names = [str(step) for path, _ in walk_values(document) for step in path]
    for name in (*error.fields, *filter(None, [error.request_id])):
        check(
            any(name in text for text in (*sent, *names)),
            f"the API sent {response.body!r}, but the error has {name!r}",
        )


def _texts(document: object) -> Iterable[str]:
    return [value for _, value in walk_values(document) if isinstance(value, str)]
