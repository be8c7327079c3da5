"""Files whose names say their format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.cli.output.exports import check_export, open_export
from paysdk.cli.output.formats import CsvStyle
from tests.payments import REQUIRED

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["a.CSV", "a.jsonl", "a.Parquet", "a.XLSX"])
def test_the_case_of_an_ending_does_not_matter(tmp_path: Path, name: str) -> None:
    """The file has the name that was given."""
    check_export(tmp_path / name, CsvStyle())
    with open_export(tmp_path / name, CsvStyle()) as write:
        write([REQUIRED])

    assert [name] == [path.name for path in tmp_path.iterdir()]


def test_csv_has_its_style(tmp_path: Path) -> None:
    """The signature comes first."""
    with open_export(tmp_path / "a.csv", CsvStyle(bom=True)) as write:
        write([REQUIRED])

    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfprovider,id,amount")
