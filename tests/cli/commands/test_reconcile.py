"""``paysdk reconcile``."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import attrs
import pytest

from paysdk import Capabilities, CustomerRef, InvoiceRef, ListingReport, Page, Payment
from paysdk.cli.app import run
from paysdk.sync import SQLPaymentStore, sync_payments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome, Stream

    Command = Callable[..., Outcome]


@attrs.define
class Held:
    """A provider, and its listing, of payments that a test made."""

    name: str
    payments: list[Payment]
    report: ListingReport = attrs.field(factory=ListingReport)
    capabilities: ClassVar[Capabilities] = Capabilities(
        filters=frozenset(), max_page_size=100, reports_voids=True, lists_incrementally=False
    )

    def list_payments(self, **_: object) -> Held:
        return self

    def __aiter__(self) -> AsyncIterator[Payment]:
        raise NotImplementedError

    async def pages(self) -> AsyncIterator[Page]:
        yield Page(self.payments, None, None)

    async def collect(self, limit: int | None = None) -> list[Payment]:
        raise NotImplementedError

    async def first(self) -> Payment | None:
        raise NotImplementedError

    async def aclose(self) -> None:
        pass


def paid(
    provider: str, name: str, amount: str, number: str | None = None, **fields: object
) -> Payment:
    """A payment, of the invoice that its id names unless another is given."""
    known: dict[str, object] = {
        "provider": provider,
        "id": name,
        "amount": Decimal(amount),
        "currency": "EUR",
        "payment_date": date(2026, 1, 31),
        "invoice": InvoiceRef("9", name if number is None else number),
    }
    return Payment(**(known | fields))  # type: ignore[arg-type]  # fields of a test's own


CAMPFIRE = [
    paid("campfire", "1", "100.00"),
    paid("campfire", "2", "1200.50"),
    paid("campfire", "3", "5"),
    paid("campfire", "4", "8.00", voided_date=date(2026, 2, 1)),
]
NOTIFY = [
    paid("notify", "1", "100.00", currency=None),
    paid(
        "notify", "2", "1200.49", currency=None, customer=CustomerRef(name="M\u00fcller \x1b[31m")
    ),
    paid("notify", "x", "7", " ", currency=None),
]


async def fill(place: Path, account: str, *sides: list[Payment]) -> None:
    """Put the payments of the sides into a database."""
    async with SQLPaymentStore(place) as store:
        for payments in sides:
            await sync_payments(Held(payments[0].provider, payments), store, account)


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes a database of payments in the folder that is worked in."""
    monkeypatch.chdir(tmp_path)

    def store(*sides: list[Payment], account: str = "default") -> str:
        asyncio.run(fill(tmp_path / "payments.db", account, *sides))
        return "payments.db"

    return store


def test_figures_and_differences_are_shown(paysdk: Command, stored: Callable[..., str]) -> None:
    """The totals of each currency, the differences, and how many there are of each kind; differences have an exit code of their own."""
    outcome = paysdk("reconcile", "campfire", "notify", "--from", stored(CAMPFIRE, NOTIFY))

    assert (3, "") == (outcome.code, outcome.err)
    assert [
        "EUR                 campfire    notify  Difference",
        "──────────────────────────────────────────────────",
        "Matched               100.00    100.00        0.00",
        "Amount differs      1,200.50  1,200.49        0.01",
        "Only in campfire        5         0           5",
        "Total               1,305.50  1,300.49        5.01",
        "Voided or vanished      8.00      0",
        "",
        "no currency  campfire  notify  Difference",
        "─────────────────────────────────────────",
        "Ambiguous           0       7          -7",
        "Total               0       7          -7",
        "",
        "Invoice    Finding           campfire      notify    Rule",
        "──────────────────────────────────────────────────────────────",
        "no number  Ambiguous                       7         no_number",
        "3          Only in campfire  5 EUR                   not_there",
        "2          Amount differs    1,200.50 EUR  1,200.49  only_pair",
        "",
        "campfire and notify: 1 matched, 1 amount differs, 1 only in campfire, 1",
        "ambiguous, 1 voided or vanished",
    ] == outcome.out.splitlines()


def test_what_has_vanished_needs_no_counterpart(
    paysdk: Command, stored: Callable[..., str]
) -> None:
    """A payment that its provider no longer lists is told from one that was never there."""
    stored(CAMPFIRE[:3], NOTIFY[:1])
    place = stored(CAMPFIRE[1:3])
    outcome = paysdk("reconcile", "campfire", "notify", "--from", place, "--format", "csv")

    found = [
        (row["side"], row["status"], row["rule"])
        for row in csv.DictReader(io.StringIO(outcome.out))
        if row["key"] == "1"
    ]
    assert [
        ("left", "right only", "counterpart_vanished"),
        ("right", "right only", "counterpart_vanished"),
    ] == found


def test_agreement_is_a_success(paysdk: Command, stored: Callable[..., str]) -> None:
    """Where nothing differs the exit code is 0, and there are no differences to show."""
    place = stored(CAMPFIRE[:1], NOTIFY[:1], account="other")
    outcome = paysdk("reconcile", "campfire", "notify", "--from", place, "--account", "other")

    assert (0, "") == (outcome.code, outcome.err)
    assert "campfire and notify: 1 matched" == outcome.out.splitlines()[-1]
    assert "Finding" not in outcome.out


def test_a_program_gets_every_outcome(paysdk: Command, stored: Callable[..., str]) -> None:
    """Lines of JSON hold all outcomes with their payments, to the digit; the summary goes to stderr."""
    outcome = paysdk(
        "reconcile", "campfire", "notify", "--from", stored(CAMPFIRE, NOTIFY), "--format", "jsonl"
    )
    records = [json.loads(line) for line in outcome.out.splitlines()]

    assert 3 == outcome.code
    assert [
        ("ambiguous", "no_number", None, None, [], ["7"]),
        ("matched", "same_day", "1", "0.00", ["100.00"], ["100.00"]),
        ("amount differs", "only_pair", "2", "0.01", ["1200.50"], ["1200.49"]),
        ("left only", "not_there", "3", None, ["5"], []),
        ("gone", "voided", "4", None, ["8.00"], []),
    ] == [
        (
            *(record[name] for name in ("status", "rule", "key", "difference")),
            *amounts(record["left"], record["right"]),
        )
        for record in records
    ]
    assert [False, True, True, False, False] == [record["currency_assumed"] for record in records]
    assert outcome.err.startswith("paysdk: campfire and notify: 1 matched, ")


def amounts(*sides: list[dict[str, str]]) -> list[list[str]]:
    """The amounts of payments, side by side."""
    return [[payment["amount"] for payment in side] for side in sides]


def test_a_spreadsheet_gets_every_payment(paysdk: Command, stored: Callable[..., str]) -> None:
    """A line is a payment, and those of one outcome have its number."""
    split = [paid("notify", "1", "60.00"), paid("notify", "2", "40.00", "1")]
    outcome = paysdk(
        "reconcile", "campfire", "notify", "--from", stored(CAMPFIRE[:1], split), "--format", "csv"
    )
    rows = list(csv.DictReader(io.StringIO(outcome.out)))

    assert 0 == outcome.code
    assert [
        ("1", "split", "left", "100.00"),
        ("1", "split", "right", "60.00"),
        ("1", "split", "right", "40.00"),
    ] == [(row["outcome"], row["rule"], row["side"], row["amount"]) for row in rows]
    assert {"2026-01-31"} == {row["payment_date"] for row in rows}


def test_no_cell_is_a_formula(paysdk: Command, stored: Callable[..., str]) -> None:
    """What a provider sends as text is text to a spreadsheet too; amounts stay numbers, and lines of JSON are as they were sent."""
    sent = paid(
        "campfire",
        "-1",
        "-5.00",
        "@A1",
        currency="\tEUR",
        customer=CustomerRef(name="=1+1"),
        external_id="+49",
    )
    place = stored([sent], NOTIFY[:1])
    exact = json.loads(
        paysdk(
            "reconcile", "campfire", "notify", "--from", place, "--format", "jsonl"
        ).out.splitlines()[-1]
    )
    (row,) = (
        row
        for row in csv.DictReader(
            io.StringIO(
                paysdk("reconcile", "campfire", "notify", "--from", place, "--format", "csv").out
            )
        )
        if row["side"] == "left"
    )

    texts = ("key", "provider", "id", "currency", "invoice_number", "customer_name", "external_id")
    assert ["'@A1", "campfire", "'-1", "'\tEUR", "'@A1", "'=1+1", "'+49"] == [
        row[name] for name in texts
    ]
    assert "-5.00" == row["amount"]
    assert ("@A1", "-1") == (exact["key"], exact["left"][0]["id"])


def test_csv_is_one_row_a_payment(paysdk: Command, stored: Callable[..., str]) -> None:
    """Line ends in a name split no row, and the signature and the texts as they are can be asked for."""
    names = ["Line 1\rLine 2", "=cmd|' /C calc'!A0"]
    sent = [
        paid("campfire", str(number), "-1", customer=CustomerRef(name=name))
        for number, name in enumerate(names)
    ]
    place = stored(sent, NOTIFY[2:])
    command = ("reconcile", "campfire", "notify", "--from", place, "--format", "csv")
    usual, raw = paysdk(*command).out, paysdk(*command, "--raw-text", "--bom").out

    for text, expected in (
        (usual, [names[0], f"'{names[1]}"]),
        (raw.removeprefix("\ufeff"), names),
    ):
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        assert [len(header)] * 3 == [len(row) for row in rows]
        assert sorted(expected) == sorted(row[header.index("customer_name")] for row in rows[1:])
        assert {"-1", "7"} == {row[header.index("amount")] for row in rows}
    assert raw.startswith("\ufeffoutcome,")


@pytest.mark.parametrize("output_format", ["csv", "jsonl"])
def test_a_report_is_whole_if_the_reader_leaves(
    stored: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output_format: str
) -> None:
    """With ``--html`` a closed pipe ends the output, and not the reconciliation."""
    place = stored([paid("campfire", f"{number:05}", "1") for number in range(500)], NOTIFY)
    command = ["reconcile", "campfire", "notify", "--from", place, "--format", output_format]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", pipe)
        code = run([*command, "--html", "report.html"])

    assert 3 == code
    assert "503 differences to look at." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_report_is_written_besides(
    paysdk: Command, stored: Callable[..., str], tmp_path: Path
) -> None:
    """The page has the settings and the command for everything, fit for a shell."""
    place = stored(CAMPFIRE, NOTIFY)
    (tmp_path / place).rename(tmp_path / "my payments.db")
    settings = ("--days", "1", "--tolerance", "0.01", "--html", "report.html")
    outcome = paysdk("reconcile", "campfire", "notify", "--from", "my payments.db", *settings)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert 3 == outcome.code
    assert "2 matched" in outcome.out
    assert (
        "Account default. Matched payments are at most 1 day apart, and their amounts differ by at "
        "most 0.01." in page
    )


def test_the_command_for_everything_tells_no_password(
    paysdk: Command, stored: Callable[..., str], tmp_path: Path
) -> None:
    """A database's URL is left out of the report."""
    stored([paid("campfire", f"{number:05}", "1") for number in range(2001)], NOTIFY)
    place = f"sqlite:///{tmp_path / 'payments.db'}?timeout=7"
    outcome = paysdk("reconcile", "campfire", "notify", "--from", place, "--html", "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "These are the 20 largest of 2,004 differences. To get all of them, use" in outcome.out
    assert (
        "paysdk reconcile campfire notify --from DATABASE --account default --days 7 --tolerance "
        "0 --format csv" in page
    )
    assert "timeout" not in page


@pytest.mark.parametrize(
    ("place", "html"),
    [
        *(
            ("payments.db", html)
            for html in (
                "payments.db",
                "link.db",
                "hard.db",
                "payments.db-wal",
                "payments.db-shm",
                "notes.txt",
                "pipe",
            )
        ),
        *(("link.db", html) for html in ("payments.db", "payments.db-wal", "link.db-wal")),
        *(
            (f"sqlite:///{url}", "payments.db-wal")
            for url in ("payments.db", "file:payments.db?uri=true", "file:%70ayments.db?uri=true")
        ),
    ],
)
def test_a_report_never_overwrites_the_database(
    paysdk: Command, stored: Callable[..., str], tmp_path: Path, place: str, html: str
) -> None:
    """Nor what SQLite keeps beside it, nor anything that is no page; by whatever name."""
    stored(CAMPFIRE, NOTIFY)
    (tmp_path / "link.db").symlink_to("payments.db")
    (tmp_path / "hard.db").hardlink_to(tmp_path / "payments.db")
    (tmp_path / "notes.txt").write_text("Do not lose.")
    os.mkfifo(tmp_path / "pipe")
    before = (tmp_path / "payments.db").read_bytes()
    outcome = paysdk("reconcile", "campfire", "notify", "--from", place, "--html", html)

    assert (
        2,
        "",
        f"paysdk: --html would overwrite {html}, which is not a report. Name another file.\n",
    ) == (
        outcome.code,
        outcome.out,
        outcome.err,
    )
    assert before == (tmp_path / "payments.db").read_bytes()
    assert "Do not lose." == (tmp_path / "notes.txt").read_text()


def test_a_report_takes_the_place_of_an_older_one(
    paysdk: Command, stored: Callable[..., str], tmp_path: Path
) -> None:
    """And that of an empty file."""
    place = stored(CAMPFIRE, NOTIFY)
    (tmp_path / "report.html").touch()
    codes = [
        paysdk("reconcile", "campfire", "notify", "--from", place, "--html", "report.html").code
        for _ in range(2)
    ]

    assert [3, 3] == codes


def test_many_payments_of_one_outcome_are_counted(
    paysdk: Command, stored: Callable[..., str]
) -> None:
    """A table shows five of them, and says how many more there are."""
    outcome = paysdk(
        *("reconcile", "campfire", "notify", "--from"),
        stored(
            [paid("campfire", str(number), "1", "A") for number in range(9)],
            [paid("notify", "1", "1", "A")],
        ),
    )

    assert "and 4 more" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("campfire", "campfire", "--from", "payments.db"),
            "Name two providers to be compared, not campfire twice.",
        ),
        (
            ("campfire", "notify", "--from", "none.db"),
            "There is no database none.db. To fill it: paysdk sync campfire notify --to none.db",
        ),
        (
            ("campfire", "notify", "--from", "sqlite:///none.db", "--account", "a b"),
            (
                "There is no database sqlite:///none.db. To fill it: paysdk sync campfire notify "
                "--to DATABASE --account 'a b'"
            ),
        ),
        (
            ("campfire", "notfy", "--from", "payments.db"),
            (
                "There are no payments of notfy for the account default. To fill it: paysdk sync "
                "notfy --to payments.db"
            ),
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--account", "none"),
            "There are no payments of campfire for the account none.",
        ),
        (("campfire", "notify", "--from", "other.db"), "The database other.db"),
        (
            ("campfire", "notify", "--from", "postgresql://ann:letmein@127.0.0.1:1/books"),
            "The database postgresql://127.0.0.1:1/books cannot",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--days", "-1"),
            "Invalid value for '--days'",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--tolerance", "much"),
            "--tolerance takes an amount from 0, such as 0.05",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--tolerance", "-1"),
            "--tolerance takes an amount from 0, such as 0.05",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--tolerance", "inf"),
            "--tolerance takes an amount from 0, such as 0.05",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--html", "."),
            "--html takes the path of a file",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--html", "none/report.html"),
            "--html takes the path of a file",
        ),
        (("campfire", "notify"), "Missing option '--from'"),
        (("campfire",), "Missing argument 'RIGHT'"),
    ],
)
def test_bad_input_is_one_line(
    paysdk: Command,
    stored: Callable[..., str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Whatever is wrong with the input is said in one line, with exit code 2; nothing is made or written."""
    stored(CAMPFIRE, NOTIFY)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE payments (id)")
    other.close()
    before = sorted(path.name for path in tmp_path.iterdir())
    outcome = paysdk("reconcile", *arguments)

    assert (2, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert outcome.err.startswith(f"paysdk: {message}")
    assert before == sorted(path.name for path in tmp_path.iterdir())


def test_the_database_of_another_program_stays_as_it_is(paysdk: Command, tmp_path: Path) -> None:
    """To reconcile is to read."""
    with closing(sqlite3.connect(file := tmp_path / "bookmarks.db")) as connection:
        connection.execute("CREATE TABLE bookmarks (id)")
    before = file.read_bytes()
    outcome = paysdk("reconcile", "campfire", "notify", "--from", str(file))

    assert (2, "") == (outcome.code, outcome.out)
    assert (
        f"paysdk: The database {file} is no paysdk store, for it has no tables of paysdk's. "
        "Nothing was changed.\n" == outcome.err
    )
    assert before == file.read_bytes()
    assert ["bookmarks.db"] == [path.name for path in tmp_path.iterdir()]


def test_a_missing_extra_is_named(paysdk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SQLAlchemy the command that installs it is told; another missing module is a fault of ours."""
    monkeypatch.delitem(sys.modules, "paysdk.cli.commands.reconcile", raising=False)
    monkeypatch.setitem(sys.modules, "paysdk.sync", None)
    with pytest.raises(ModuleNotFoundError, match=r"paysdk\.sync"):
        paysdk("reconcile", "campfire", "notify", "--from", "payments.db")

    for name in [name for name in sys.modules if name.startswith("paysdk.sync")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    outcome = paysdk("reconcile", "campfire", "notify", "--from", "payments.db")

    assert 2 == outcome.code
    assert 'pip install ".[sync]"' in outcome.err


def test_a_missing_extra_is_named_before_anything_is_read(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without Jinja2, --html is refused with the command that installs it."""
    page = tmp_path / "report.html"
    monkeypatch.delitem(sys.modules, "paysdk.reconcile.report.page", raising=False)
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "jinja2" else object()
    )
    outcome = paysdk("reconcile", "a", "b", "--from", "payments.db", "--html", str(page))

    assert 2 == outcome.code
    assert 'pip install ".[report]"' in outcome.err
    assert not page.exists()


def test_progress_is_seen_on_stderr(
    paysdk: Command,
    stored: Callable[..., str],
    stream: type[Stream],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it works, a terminal shows how many payments have been reconciled."""
    place = stored(CAMPFIRE, NOTIFY)
    monkeypatch.setattr(sys, "stderr", terminal := stream(terminal=True))
    paysdk("reconcile", "campfire", "notify", "--from", place)

    assert all(word in terminal.getvalue() for word in ("reconciled", "payments"))
