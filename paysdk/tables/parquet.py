"""Write payments to Parquet files, with flat memory and exact amounts."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from paysdk.files import replace_when_complete
from paysdk.tables.arrow import ArrowBatches, pa
from paysdk.tables.batches import check_payments, read_batches

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Sequence

    from paysdk.payment import Payment
    from paysdk.tables.batches import Payments

__all__ = ["ParquetFile", "open_parquet", "write_parquet"]

# pyarrow ships no types. If it is missing, importing ``arrow`` has said so.
pq: Any = import_module("pyarrow.parquet")

# A reader skips and decodes groups of rows, so few large ones are read faster than many small ones.
_GROUP_ROWS = 100_000


async def write_parquet(payments: Payments, path: str | os.PathLike[str]) -> int:
    """Write the payments to a Parquet file, and return how many there were.

    The columns are those of ``to_arrow``. The file is written beside *path* and renamed when it is
    complete, so an error leaves an earlier file as it was. Memory does not grow with the number of
    payments.

    Raises ``OSError`` if the file cannot be written. Otherwise it raises what ``to_arrow`` raises.
    """
    check_payments(payments)
    count = 0
    with open_parquet(path) as file:
        async for batch in read_batches(payments):
            file.write(batch)
            count += len(batch)
    return count


@contextmanager
def open_parquet(path: str | os.PathLike[str]) -> Generator[ParquetFile]:
    """Open a Parquet file for payments. It is complete when the context ends without an error."""
    with replace_when_complete(path) as draft, ExitStack() as parts:
        file = ParquetFile(draft, parts)
        yield file
        file.finish()


@attrs.define
class ParquetFile:
    """A Parquet file for payments.

    Parquet has one type for all amounts of a column, and the longest amount may come last. So a
    part with a new schema begins when an amount does not fit, and the parts are copied into one
    file at the end. Nearly always there is one part, which is the file.
    """

    _path: Path
    _stack: ExitStack
    _batches: ArrowBatches = attrs.field(factory=ArrowBatches, init=False)
    _waiting: list[Any] = attrs.field(factory=list[Any], init=False)
    _waiting_rows: int = attrs.field(default=0, init=False)
    _parts: list[Path] = attrs.field(factory=list[Path], init=False)
    _writer: Any = attrs.field(default=None, init=False)
    _schema: Any = attrs.field(default=None, init=False)

    def write(self, payments: Sequence[Payment]) -> None:
        """Write payments.

        Raises ``ConfigurationError`` if no decimal of Arrow holds the amounts of a column.
        """
        if not payments:
            return
        self._waiting.append(self._batches.convert(payments))
        self._waiting_rows += len(payments)
        if self._waiting_rows >= _GROUP_ROWS:
            self._write_group()

    def finish(self) -> None:
        """Write what is still in memory, and make one file of the parts."""
        self._write_group()
        self._writer.close()
        if len(self._parts) == 1:
            self._parts[0].replace(self._path)
            return
        with pq.ParquetWriter(self._path, self._schema) as writer:
            for part in self._parts:
                with pq.ParquetFile(part) as file:
                    for group in range(file.num_row_groups):
                        writer.write_table(file.read_row_group(group).cast(self._schema))

    def _write_group(self) -> None:
        schema = self._batches.schema
        tables = [table.cast(schema) for table in self._waiting]
        if self._schema != schema:
            self._begin_part(schema)
        group = pa.concat_tables(tables) if tables else schema.empty_table()
        self._writer.write_table(group, row_group_size=_GROUP_ROWS)
        self._waiting, self._waiting_rows = [], 0

    def _begin_part(self, schema: Any) -> None:  # noqa: ANN401  # as above
        if self._writer is not None:
            self._writer.close()
        part = self._path.with_name(f"{self._path.name}.{len(self._parts)}")
        self._parts.append(part)
        self._stack.callback(part.unlink, missing_ok=True)
        self._schema = schema
        self._writer = self._stack.enter_context(pq.ParquetWriter(part, schema))
