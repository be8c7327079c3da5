"""Sync an account's payments into a store."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from paysdk.arguments import check_bool, check_not_blank, check_seconds
from paysdk.errors import ConfigurationError, UnsupportedFilterError
from paysdk.sync.errors import StoreError
from paysdk.sync.lease import release, take
from paysdk.sync.origin import get_origin
from paysdk.sync.run import SyncRun
from paysdk.sync.store import get_database
from paysdk.sync.vanishing import VanishLimit

if TYPE_CHECKING:
    from paysdk.provider import PaymentsProvider
    from paysdk.sync.lease import Lease
    from paysdk.sync.report import SyncReport
    from paysdk.sync.store import SQLPaymentStore

__all__ = ["sync_payments"]


async def sync_payments(
    provider: PaymentsProvider,
    store: SQLPaymentStore,
    account: str = "default",
    *,
    full: bool = False,
    filters: Mapping[str, object] | None = None,
    overlap: float = 300.0,
    lease: float = 60.0,
    allow_vanish: bool = False,
    vanish_limit: VanishLimit = VanishLimit(),  # noqa: B008  # frozen
) -> SyncReport:
    """Bring the store up to date with the provider, and report what changed.

    *account* keeps the payments of several keys of one provider apart. All payments of an account
    must come from one origin. If the provider has a ``base_url``, its origin is stored, and another
    origin is refused later. All addresses of this machine count as one origin, because a sandbox
    may get another port.

    The first sync lists everything. Later ones list what was modified since the last sync, and
    go back *overlap* seconds for payments that were committed late. If the provider cannot list
    by time of modification, each sync lists everything. Each page is committed together with
    its checkpoint, so the next sync continues there, however this one ends. *full* drops an
    interrupted pass and starts a full one. Only a full pass can find what has vanished.

    *filters* are filters of ``list_payments``, such as those of the provider's own. With them, the
    sync writes only what they choose. Such a sync does not move the watermark, and marks nothing as
    vanished. The next sync without filters continues as if the filtered one had not run. If a
    filtered sync is interrupted, it starts again the next time.

    One sync at a time may write an account. Its lease lasts *lease* seconds and is renewed while it
    runs. Another sync can take the lease when it has run out, or at once if its process died on the
    same machine.

    A record that was given to the provider's ``on_malformed`` is read again in each sync until it
    can be read or is gone. Each sync lists from that record's time. If that time cannot be read, it
    lists from the same time as the pass that met the record.

    A full pass raises ``TooManyVanishedError`` and marks nothing if it misses far more of the
    stored payments than usual, or finds no payment at all. "Far more" is more than *vanish_limit*
    allows: by default more than ten, and more than a fifth of them. *allow_vanish* lets any number
    vanish.

    Raises ``AccountBusyError`` if another sync is running, ``LeaseLostError`` if another one took
    over, and ``StoreError`` if the database cannot be used. Raises ``ConfigurationError`` for an
    invalid argument, for another origin, and for a stored checkpoint that belongs to another
    listing. Errors of the provider's listing are passed on. It is safe to cancel a sync, and to
    repeat it after any error.
    """
    database = get_database(store)
    _check_arguments(account, overlap, lease)
    if filters is not None:
        _check_filters(provider, filters, full=full)
    limit = _check_limit(vanish_limit, allow_vanish=allow_vanish)
    leases: list[Lease] = []
    origin = get_origin(provider)
    take_lease = partial(
        take,
        backend=database.backend,
        provider=provider.name,
        account=account,
        seconds=lease,
        origin=origin,
    )
    try:
        await database.in_transaction(take_lease, then=leases.append)
        run = SyncRun(provider, database, leases[0], overlap, origin, limit=limit)
        return await (run.run(full=full) if filters is None else run.run_filtered(filters))
    finally:
        # This also runs if the caller was cancelled while the lease was being taken. A lease that
        # cannot be released runs out, and the first error is the one to raise.
        for held in leases:
            with suppress(StoreError):
                await database.in_transaction(partial(release, lease=held))


def _check_arguments(account: object, overlap: object, lease: object) -> None:
    check_not_blank("account", account)
    check_seconds("overlap", overlap, allow_zero=True)
    check_seconds("lease", lease)


def _check_filters(provider: PaymentsProvider, filters: object, *, full: bool) -> None:
    if not isinstance(filters, Mapping) or not filters:
        raise ConfigurationError(
            "filters must be a mapping of filters of list_payments to their values, such as "
            f"{{'voided': True}}, not {filters!r}."
        )
    if full:
        raise ConfigurationError("A full pass has no filters: leave out filters= or full=.")
    known = provider.capabilities.filters
    for name in cast("Mapping[object, object]", filters):
        if name not in known:
            raise UnsupportedFilterError(
                f"{provider.name} cannot filter by {name}. Its filters are: "
                f"{', '.join(sorted(known)) or 'none'}."
            )


def _check_limit(limit: object, *, allow_vanish: object) -> VanishLimit | None:
    if not isinstance(limit, VanishLimit):
        raise ConfigurationError(f"vanish_limit must be a VanishLimit, not {limit!r}.")
    return None if check_bool("allow_vanish", allow_vanish) else limit
