"""Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from pyarrow import parquet

from paysdk import ConfigurationError
from paysdk.tables import parquet as ours
from paysdk.tables import to_arrow, write_parquet
from tests.tables.rows import REQUIRED, as_async, of_amount, payment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paysdk import Payment


def read(path: Path) -> Any:  # noqa: ANN401  # pyarrow ships no types
    """The table in a Parquet file."""
    return parquet.ParquetFile(path).read()


def _files(path: Path) -> dict[str, bytes]:
    """The files beside a path, with their content."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that does not exist yet."""
    return tmp_path / "payments.parquet"


async def test_a_file_holds_the_table(path: Path) -> None:
    """The file has the schema and the values of ``to_arrow``, and the number is returned."""
    payments = [payment(), REQUIRED]

    assert 2 == await write_parquet(as_async(payments), path)
    assert (await to_arrow(payments)).equals(read(path))


async def test_no_payments_are_an_empty_file(path: Path) -> None:
    """A program that reads it finds every column."""
    assert 0 == await write_parquet([], path)
    assert (await to_arrow([])).equals(read(path))


@pytest.mark.parametrize(
    ("amounts", "kind"),
    [
        (["1.50", "2.5", "3"], "decimal128(38, 2)"),
        (["1.50", "0.00125", "3"], "decimal128(38, 5)"),
        (["1.50", "9" * 37, "0.125"], "decimal256(76, 3)"),
    ],
)
async def test_a_longer_amount_may_come_late(
    path: Path, monkeypatch: pytest.MonkeyPatch, amounts: list[str], kind: str
) -> None:
    """The file then has the wider type for all amounts, and only that file is left."""
    monkeypatch.setattr(ours, "_GROUP_ROWS", 2000)
    gap = [of_amount("7.25")] * 2000
    payments = [each for amount in amounts for each in (of_amount(amount), *gap)]

    await write_parquet(payments, path)

    table = read(path)
    assert kind == str(table.schema.field("amount").type)
    assert [each.amount for each in payments] == table.column("amount").to_pylist()
    assert [path.name] == [*_files(path)]


async def test_a_page_may_be_empty(path: Path) -> None:
    """A listing of some days has pages without a payment."""
    with ours.open_parquet(path) as file:
        for page in ([], [REQUIRED], []):
            file.write(page)

    assert ["1"] == read(path).column("id").to_pylist()


async def test_rows_are_in_groups(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So memory does not grow with the number of payments."""
    monkeypatch.setattr(ours, "_GROUP_ROWS", 4000)
    payments = [attrs.evolve(REQUIRED, id=str(number)) for number in range(9000)]

    await write_parquet(iter(payments), path)

    file = parquet.ParquetFile(path)
    rows = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
    assert [4000, 4000, 1000] == rows
    assert [each.id for each in payments] == file.read().column("id").to_pylist()


async def test_an_error_leaves_the_earlier_file(path: Path) -> None:
    """A source that fails leaves neither half a file nor a draft."""
    await write_parquet([REQUIRED], path)
    before = _files(path)

    async def failing() -> AsyncIterator[Payment]:
        for _ in range(3000):
            yield payment()
        raise RuntimeError("The network is gone.")

    with pytest.raises(RuntimeError, match="The network is gone"):
        await write_parquet(failing(), path)
    with pytest.raises(ConfigurationError, match="Arrow's decimals"):
        await write_parquet([of_amount("1E+99")], path)

    assert before == _files(path)


async def test_what_cannot_be_iterated_over_is_refused(path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(ConfigurationError, match="payments must be payments to iterate over"):
        await write_parquet(None, path)  # type: ignore[arg-type]  # wrong on purpose

    assert {} == _files(path)
