"""What the contract is tried on."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from paysdk.provider import PaymentsProvider
from paysdk.testing.server import Sandbox

__all__ = ["ContractSubject"]


@attrs.frozen(kw_only=True)
class ContractSubject:
    """A provider, and where it gets its payments from.

    ``sandbox`` has the payments, and is not running yet. ``provider`` makes a provider for it: it
    is called with the sandbox's key, ``base_url=``, and any of the settings that every provider
    over HTTP takes (``retry``, ``timeout``, ``deadline``, ``limiter``, ``session``,
    ``on_malformed``, ``on_event``), so a class made from ``RestProvider`` is one already.

    Where ``sandbox`` is ``None`` the provider needs no server: ``provider`` is called with nothing,
    and the cases that watch, change or break what passes between the two are skipped, each saying
    so.

    ``short_page_ends`` says that the API has no other way to end a listing than a page that holds
    fewer payments than were asked for.
    """

    provider: Callable[..., PaymentsProvider]
    sandbox: Sandbox | None
    short_page_ends: bool = False
