"""``paysdk export``."""

from __future__ import annotations

import csv
import json
import os
import sys
from typing import TYPE_CHECKING

import openpyxl
import pytest
from pyarrow import parquet

from paysdk.testing import FaultPlan, open_sandbox, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]
    ServeApi = Callable[[str, Sandbox], AbstractContextManager[None]]

SANDBOX = ("--sandbox", "--sandbox-payments", "30")


@pytest.fixture
def database(paysdk: Command, tmp_path: Path) -> str:
    """A database with 30 payments of Campfire."""
    path = str(tmp_path / "payments.db")
    assert 0 == paysdk("sync", "campfire", "--to", path, *SANDBOX).code
    return path


def ids(path: Path) -> list[str]:
    """The ids of the payments in an export."""
    if path.suffix == ".parquet":
        return list(parquet.ParquetFile(path).read().column("id").to_pylist())
    if path.suffix == ".xlsx":
        return [str(row[1]) for row in openpyxl.load_workbook(path)["Payments"].values][1:]
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".jsonl":
        return [json.loads(line)["id"] for line in lines]
    return [row["id"] for row in csv.DictReader(lines)]


@pytest.mark.parametrize("ending", ["parquet", "csv", "xlsx", "jsonl"])
def test_a_file_has_every_payment(
    paysdk: Command, tmp_path: Path, database: str, ending: str
) -> None:
    """The ending chooses the format, for the APIs and for a database."""
    listed, stored = tmp_path / f"listed.{ending}", tmp_path / f"stored.{ending}"
    from_api = paysdk("export", "campfire", *SANDBOX, "--to", str(listed))
    from_database = paysdk("export", "campfire", "--from", database, "--to", str(stored))

    assert (0, "", f"paysdk: campfire: 30 payments: written to {listed}\n") == (
        from_api.code,
        from_api.out,
        from_api.err,
    )
    assert (0, "", f"paysdk: campfire: 30 payments: written to {stored}\n") == (
        from_database.code,
        from_database.out,
        from_database.err,
    )
    assert 30 == len(set(ids(listed)))
    assert sorted(ids(listed)) == sorted(ids(stored))


def test_days_and_customers_can_be_chosen(paysdk: Command, tmp_path: Path, database: str) -> None:
    """The same days give the same payments from both sources, with their customers."""
    days = ("--paid-since", "2024-12-28", "--paid-until", "2024-12-30")
    listed, stored = tmp_path / "listed.csv", tmp_path / "stored.csv"
    paysdk("export", "campfire", *SANDBOX, *days, "--customers", "--to", str(listed))
    paysdk("export", "campfire", "--from", database, *days, "--to", str(stored))

    rows = list(csv.DictReader(listed.read_text(encoding="utf-8").splitlines()))
    assert 0 < len(rows) < 30
    assert all(row["customer_name"].startswith("Client ") for row in rows)
    assert {"2024-12-28", "2024-12-29", "2024-12-30"} >= {row["payment_date"] for row in rows}
    assert sorted(ids(listed)) == sorted(ids(stored))


def test_a_failed_provider_leaves_no_file(
    paysdk: Command, serve_api: ServeApi, tmp_path: Path
) -> None:
    """An earlier file stays as it was."""
    path = tmp_path / "payments.csv"
    path.write_text("before")
    faults = FaultPlan().on(1, status(403, body=b'{"detail": "No."}'))
    with serve_api("NOTIFY", open_sandbox("notify", payments=30, faults=faults)):
        outcome = paysdk("export", "notify", "--to", str(path))

    assert (1, "", "before") == (outcome.code, outcome.out, path.read_text())
    assert f"{path} was not written, because not all payments could be read." in outcome.err
    assert [path] == [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--to", "a.pdf"), "--to takes a file whose name ends with .parquet, .csv, .xlsx or"),
        (("--to", "payments"), "--to takes a file whose name ends with"),
        (("--to", "missing/a.csv"), "--to takes the path of a file in a folder that exists"),
        (("--to", "folder.csv"), "--to takes the path of a file in a folder that exists"),
        (("--to", "pipe.csv"), "is not a file"),
        (("--to", "a.parquet", "--bom"), "--raw-text and --bom are for CSV"),
        (("--to", "a.csv", "--account", "north"), "--account is for --from"),
        (("--to", "a.csv", "--paid-since", "May"), "--paid-since takes a date, such as"),
        (
            ("--to", "a.csv", "--paid-since", "2026-02-01", "--paid-until", "2026-01-01"),
            "--paid-since 2026-02-01 is after --paid-until 2026-01-01",
        ),
        (("--to", "a.csv", "--from", "none.db"), "The database none.db does not exist"),
        (("--to", "a.csv", "--from", "a.db", "--sandbox"), "leave --sandbox, --customers"),
        (("--to", "db.csv", "--from", "db.csv"), "--to would overwrite the database db.csv"),
    ],
)
def test_wrong_input_is_one_line(
    paysdk: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    """The exit code is 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "db.csv").touch()
    os.mkfifo(tmp_path / "pipe.csv")
    before = sorted(tmp_path.iterdir())
    outcome = paysdk("export", "campfire", *options)

    assert (2, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert said in outcome.err
    assert before == sorted(tmp_path.iterdir())


def test_a_file_that_is_no_store_is_one_line(paysdk: Command, tmp_path: Path) -> None:
    """The message is that of the store, and nothing is written."""
    (tmp_path / "other.db").touch()
    path = tmp_path / "a.csv"
    outcome = paysdk("export", "campfire", "--from", str(tmp_path / "other.db"), "--to", str(path))

    assert (2, 1, False) == (outcome.code, outcome.err.count("\n"), path.exists())
    assert "is not a paysdk store" in outcome.err


@pytest.mark.parametrize(
    ("module", "file", "extra"),
    [("pyarrow", "a.parquet", "arrow"), ("xlsxwriter", "a.xlsx", "cli")],
)
def test_a_missing_extra_is_one_line(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch, module: str, file: str, extra: str
) -> None:
    """The message has the command that installs it."""
    for name in ("paysdk.tables.arrow", "paysdk.tables.parquet", "paysdk.tables.xlsx"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    outcome = paysdk("export", "campfire", *SANDBOX, "--to", file)

    assert (2, 1) == (outcome.code, outcome.err.count("\n"))
    assert f'pip install "paysdk-async[{extra}]"' in outcome.err
