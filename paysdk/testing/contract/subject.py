"""The provider that the contract tests."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from paysdk.provider import PaymentsProvider
from paysdk.testing.server import Sandbox

__all__ = ["ContractSubject"]


@attrs.frozen(kw_only=True)
class ContractSubject:
    """A provider to test, and the source of its payments.

    ``sandbox`` has the payments, and is not started yet. ``provider`` makes a provider for it: the
    contract calls it with the sandbox's key, ``base_url=``, and any settings that every provider
    over HTTP takes (``retry``, ``timeout``, ``deadline``, ``limiter``, ``session``,
    ``on_malformed``, ``on_event``). A subclass of ``RestProvider`` takes all of these.

    If ``sandbox`` is ``None``, the provider needs no server. The contract then calls ``provider``
    without arguments, and skips the cases that need a sandbox, with this reason.

    ``short_page_ends`` says that a page with fewer payments than requested is the only way in which
    the API ends a listing.
    """

    provider: Callable[..., PaymentsProvider]
    sandbox: Sandbox | None
    short_page_ends: bool = False
