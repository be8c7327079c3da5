"""The provider that the contract tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from paysdk.provider import PaymentsProvider
from paysdk.testing.server import Sandbox

__all__ = ["ContractSubject", "ErrorSample"]


@attrs.frozen(kw_only=True)
class ErrorSample:
    """An error of the API, as its document shows it, and what the provider must say about it.

    ``detail``, ``fields`` and ``request_id`` are those of the ``APIError``.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    detail: str
    fields: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    request_id: str | None = None


@attrs.frozen(kw_only=True)
class ContractSubject:
    """A provider to test, and the source of its payments.

    ``sandbox`` has the payments, and is not started yet. ``provider`` makes a provider for it: the
    contract calls it with the sandbox's key, ``base_url=``, the sandbox's ``settings``, and any
    settings that every provider over HTTP takes (``retry``, ``timeout``, ``deadline``,
    ``limiter``, ``session``, ``on_malformed``, ``on_event``). A subclass of ``RestProvider`` takes
    all of these.

    If ``sandbox`` is ``None``, the provider needs no server. The contract then calls ``provider``
    without arguments, and skips the cases that need a sandbox, with this reason.

    ``short_page_ends`` says that a page with fewer payments than requested is the only way in which
    the API ends a listing. ``empty_page_ends`` says that about an empty page.

    ``rough_bounds`` is for an API that knows bounds in time only roughly, such as to the second.
    Payments up to this number of seconds before ``modified_since`` or after ``modified_until`` may
    come too.

    ``other_tenant`` are settings of ``provider`` that name another tenant, realm or division that
    the same key can reach. ``errors`` are errors of the API from its document.
    """

    provider: Callable[..., PaymentsProvider]
    sandbox: Sandbox | None
    short_page_ends: bool = False
    empty_page_ends: bool = False
    rough_bounds: float = 0.0
    other_tenant: Mapping[str, object] | None = None
    errors: Sequence[ErrorSample] = ()
