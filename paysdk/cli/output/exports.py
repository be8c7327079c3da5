"""Write payments to a file whose name says its format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from paysdk.cli.files import check_folder
from paysdk.cli.output.formats import CsvStyle, csv_writer, jsonl_writer
from paysdk.errors import ConfigurationError
from paysdk.files import replace_when_complete
from paysdk.payment import Payment

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["Write", "check_export", "open_export"]

Write: TypeAlias = Callable[[Sequence[Payment]], object]

_FORMATS = (".parquet", ".csv", ".xlsx", ".jsonl")
# Each needs an extra, which may be missing.
_MODULES = {".parquet": "paysdk.tables.parquet", ".xlsx": "paysdk.tables.xlsx"}


def check_export(path: Path, style: CsvStyle) -> None:
    """Raise ``ConfigurationError`` if the file cannot be an export.

    Raises ``ModuleNotFoundError`` if the extra for its format is missing.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise ConfigurationError(
            f"--to takes a file whose name ends with {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}, "
            f"not {path}."
        )
    check_folder("--to", path)
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"{path} is not a file. Name another path.")
    if style != CsvStyle() and suffix != ".csv":
        raise ConfigurationError("--raw-text and --bom are for CSV: leave them out.")
    if suffix in _MODULES:
        import_module(_MODULES[suffix])


@contextmanager
def open_export(path: Path, style: CsvStyle) -> Generator[Write]:
    """Open a file, and yield the function that writes payments to it.

    The file is complete when the context ends without an error. Otherwise nothing is left of it.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        from paysdk.tables.parquet import open_parquet  # noqa: PLC0415  # the extra may be missing

        with open_parquet(path) as parquet:
            yield parquet.write
    elif suffix == ".xlsx":
        from paysdk.tables.xlsx import open_xlsx  # noqa: PLC0415  # likewise

        with open_xlsx(path) as book:
            yield book.write
    else:
        with (
            replace_when_complete(path) as draft,
            draft.open("x", encoding="utf-8", newline="\n") as out,
        ):
            yield jsonl_writer(out) if suffix == ".jsonl" else csv_writer(out, style)
