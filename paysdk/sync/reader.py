"""Read the stored payments of an account in order, a batch at a time."""

from __future__ import annotations

from collections import deque
from contextlib import aclosing
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import compress, decompress

import msgspec
import sqlalchemy as sa

from paysdk.sync.errors import StoreError
from paysdk.sync.feed import BATCH_ROWS
from paysdk.sync.tables import CONTENT, content_columns, payments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.compiler import Compiled

    from paysdk.sync.database import Database

__all__ = ["PaymentReader"]

T = TypeVar("T")

# A reader holds at most this many thousands of payments.
_MAX_THOUSANDS = 4
_ID, _NUMBER = CONTENT.index("id"), CONTENT.index("invoice_number")


class PaymentReader:
    """Read an account's payments in order, one batch and one transaction at a time.

    The first transaction reads all ids in order. Each later one reads the payments of some of these
    ids. The first batches are small, for a caller that stops early. Between two transactions the
    reader keeps only the remaining ids, a few compressed bytes each, so a caller may take its time.
    An index in that order would make each sync a third slower. *which* filters the payments.
    """

    def __init__(
        self, database: Database, provider: str, account: str, *which: sa.ColumnElement[bool]
    ) -> None:
        self.is_waiting: bool = False
        self._is_closed = False
        self._database = database
        self._what = f"account {account!r} of {provider}"
        here = (payments.c.provider == provider, payments.c.account == account, *which)
        order = payments.c.invoice_number.nulls_first(), payments.c.id
        self._ids = self._compile(
            sa.select(payments.c.id, payments.c.invoice_number).where(*here).order_by(*order)
        )
        in_batch = database.backend.in_ids(payments.c.id, sa.bindparam("ids", type_=sa.Text))
        rows = sa.select(*content_columns, payments.c.vanished_at).where(*here, in_batch)
        self._rows = self._compile(rows)
        # Ids and invoice numbers, each thousand as compressed JSON.
        self._remaining: deque[bytes] | None = None
        self._thousands = 1

    def close(self) -> None:
        """Make the reader raise ``StoreError`` if it needs to read more."""
        self._is_closed = True

    async def next_batch(self) -> Sequence[Any]:
        """Return the next rows, or none at the end."""
        self.is_waiting = True
        try:
            if self._remaining is None:
                self._remaining = await self._read(self._read_ids)
            rows: Sequence[Any] = ()
            while self._remaining and not rows:
                batches = list(islice(self._remaining, self._thousands))
                rows = await self._read(partial(self._read_rows, batches))
                for _ in batches:
                    self._remaining.popleft()
                self._thousands = min(self._thousands * 2, _MAX_THOUSANDS)
            return rows
        finally:
            self.is_waiting = False

    def _compile(self, select: sa.ClauseElement) -> Compiled:
        return select.compile(dialect=self._database.engine.dialect)

    async def _read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        if self._is_closed:
            raise StoreError(
                f"The database {self._database.name} was closed before all payments of "
                f"{self._what} were read. Close the store after its last reader has finished."
            )
        return await self._database.read(work)

    async def _read_ids(self, connection: AsyncConnection) -> deque[bytes]:
        remaining: deque[bytes] = deque()
        batches = self._database.backend.batches(connection, self._ids, BATCH_ROWS)
        async with aclosing(batches):
            async for pairs in batches:
                remaining.append(compress(msgspec.json.encode([*zip(*pairs, strict=True)]), 1))
        return remaining

    async def _read_rows(self, batches: list[bytes], connection: AsyncConnection) -> Sequence[Any]:
        numbers: dict[str, str | None] = {}
        for batch in batches:
            numbers.update(zip(*msgspec.json.decode(decompress(batch)), strict=True))
        values = {"ids": msgspec.json.encode([*numbers]).decode()}
        rows = await self._database.backend.fetch(connection, self._rows, values)
        found = {row[_ID]: row for row in rows}
        # A payment that has moved to another invoice meanwhile has no place in this order.
        return [
            found[payment_id]
            for payment_id, number in numbers.items()
            if payment_id in found and found[payment_id][_NUMBER] == number
        ]
