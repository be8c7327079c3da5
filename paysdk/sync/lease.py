"""The lease of an account, which only one writer can have at a time.

Each lease has a larger number than the one before. A writer whose lease was taken no longer has the
current number, so it cannot write.
"""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import sqlalchemy as sa

from paysdk.sync.errors import AccountBusyError, LeaseLostError
from paysdk.sync.origin import check_origin
from paysdk.sync.tables import sync_state

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from paysdk.sync.backends import Backend

__all__ = ["Lease", "has_died", "make_holder", "release", "renew", "take"]

# On POSIX, signal 0 only asks whether a process runs. On Windows it is a real signal.
_SIGNAL_0_ASKS = os.name == "posix"


@attrs.frozen(kw_only=True)
class Lease:
    """The right to write an account's payments, for *seconds* after each renewal."""

    provider: str
    account: str
    fence: int
    seconds: float

    @property
    def key(self) -> sa.ColumnElement[bool]:
        """The account's row."""
        return _row(self.provider, self.account)

    def of_account(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The account's rows of *table*."""
        return sa.and_(table.c.provider == self.provider, table.c.account == self.account)


def make_holder() -> str:
    """Make a unique name for the holder of a lease.

    On this machine it shows whether the holder's process still runs.
    """
    return f"{_machine()}/{os.getpid()}/{secrets.token_hex(8)}"


async def take(
    connection: AsyncConnection,
    backend: Backend,
    provider: str,
    account: str,
    seconds: float,
    *,
    origin: str | None = None,
) -> Lease:
    """Take the lease if it is free, if it has run out, or if its holder has died.

    Raises ``AccountBusyError`` otherwise. Raises ``ConfigurationError`` if the account's payments
    were listed from another *origin*.
    """
    idle = {"fence": 0, "leased_until": 0.0, "pass_number": 0, "malformed": 0}
    await connection.execute(
        backend.add_if_new(sync_state, {"provider": provider, "account": account, **idle})
    )
    rest = (sync_state.c.leased_until - backend.now()).label("rest")
    columns = (sync_state.c.fence, sync_state.c.holder, sync_state.c.origin, rest)
    found = (await connection.execute(sa.select(*columns).where(_row(provider, account)))).one()
    check_origin(provider, account, found.origin, origin)
    if found.rest > 0 and not has_died(found.holder):
        raise _busy_error(provider, account, found.rest)
    lease = Lease(provider=provider, account=account, fence=found.fence + 1, seconds=seconds)
    taken = (
        sync_state.update()
        .where(lease.key, sync_state.c.fence == found.fence)
        .values(fence=lease.fence, holder=make_holder(), leased_until=backend.now() + seconds)
    )
    if (await connection.execute(taken)).rowcount != 1:
        raise _busy_error(provider, account, seconds)
    return lease


async def renew(
    connection: AsyncConnection, backend: Backend, lease: Lease, **values: object
) -> None:
    """Renew the lease, and write *values* into its row.

    Raises ``LeaseLostError`` if another has it.
    """
    renewed = (
        sync_state.update()
        .where(lease.key, sync_state.c.fence == lease.fence)
        .values(leased_until=backend.now() + lease.seconds, **values)
    )
    if (await connection.execute(renewed)).rowcount != 1:
        raise LeaseLostError(
            f"Another sync of {lease.provider} payments of account {lease.account!r} has taken "
            f"over, because this one stalled for longer than its lease of {lease.seconds:g} "
            "seconds. This sync has written nothing since then."
        )


async def release(connection: AsyncConnection, lease: Lease) -> None:
    """Release the lease, unless another has taken it."""
    released = (
        sync_state.update()
        .where(lease.key, sync_state.c.fence == lease.fence)
        .values(holder=None, leased_until=0.0)
    )
    await connection.execute(released)


def _row(provider: str, account: str) -> sa.ColumnElement[bool]:
    return sa.and_(sync_state.c.provider == provider, sync_state.c.account == account)


def _busy_error(provider: str, account: str, seconds: float) -> AccountBusyError:
    return AccountBusyError(
        f"Another sync of {provider} payments of account {account!r} is running, so this one did "
        f"nothing. If the other has died, its lease ends in {seconds:.0f} seconds.",
        seconds=seconds,
    )


def _machine() -> str:
    # A process id is valid only until the next boot, and only within one container.
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts += [
            Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
            str(Path("/proc/self/ns/pid").readlink()),
        ]
    return "|".join(parts).replace("/", "|")


def has_died(holder: str | None) -> bool:
    """Whether the holder was a process of this machine that has ended.

    If so, its lease can be taken at once.
    """
    machine, _, rest = (holder or "").partition("/")
    if machine != _machine() or not _SIGNAL_0_ASKS:
        return False
    with suppress(PermissionError):
        try:
            os.kill(int(rest.partition("/")[0]), 0)
        except ProcessLookupError:
            return True
    return False
