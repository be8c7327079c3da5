"""``paysdk reconcile``."""

from __future__ import annotations

import asyncio
import csv
import errno
import io
import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import attrs
import pytest

from paysdk import Capabilities, CustomerRef, InvoiceRef, ListingReport, Page, Payment
from paysdk.cli.commands.reconcile import Comparison
from paysdk.cli.run import run
from paysdk.paid import PaidRange
from paysdk.sync import SQLPaymentStore, sync_payments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.cli.conftest import Outcome, Stream

    Command = Callable[..., Outcome]


@attrs.define
class FakeProvider:
    """A provider, and also its listing, of given payments."""

    name: str
    payments: list[Payment]
    report: ListingReport = attrs.field(factory=ListingReport)
    capabilities: ClassVar[Capabilities] = Capabilities(
        filters=frozenset(), max_page_size=100, reports_voids=True, lists_incrementally=False
    )

    def list_payments(self, **_: object) -> FakeProvider:
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


def make_payment(
    provider: str, name: str, amount: str, number: str | None = None, **fields: object
) -> Payment:
    """A payment. By default its id is also the number of its invoice."""
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
    make_payment("campfire", "1", "100.00"),
    make_payment("campfire", "2", "1200.50"),
    make_payment("campfire", "3", "5"),
    make_payment("campfire", "4", "8.00", voided_date=date(2026, 2, 1)),
]
NOTIFY = [
    make_payment("notify", "1", "100.00", currency=None),
    make_payment(
        "notify", "2", "1200.49", currency=None, customer=CustomerRef(name="M\u00fcller \x1b[31m")
    ),
    make_payment("notify", "x", "7", " ", currency=None),
]


async def fill(place: Path, account: str, *sides: list[Payment]) -> None:
    """Store the payments of both sides in a database."""
    async with SQLPaymentStore(place) as store:
        for payments in sides:
            await sync_payments(FakeProvider(payments[0].provider, payments), store, account)


@pytest.fixture
def make_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes a database of payments in the working directory."""
    monkeypatch.chdir(tmp_path)

    def store(*sides: list[Payment], account: str = "default") -> str:
        asyncio.run(fill(tmp_path / "payments.db", account, *sides))
        return "payments.db"

    return store


def test_figures_and_differences_are_shown(
    paysdk: Command, make_database: Callable[..., str]
) -> None:
    """A table shows totals, differences and a summary, and the exit code is 3."""
    outcome = paysdk("reconcile", "campfire", "notify", "--from", make_database(CAMPFIRE, NOTIFY))

    assert (3, "") == (outcome.code, outcome.err)
    assert [
        "EUR                 campfire    notify  Difference",
        "──────────────────────────────────────────────────",
        "Matched               100.00    100.00        0.00",
        "Amount differs      1,200.50  1,200.49        0.01",
        "Only in campfire        5.00      0.00        5.00",
        "Total               1,305.50  1,300.49        5.01",
        "Voided or vanished      8.00      0.00",
        "",
        "no currency  campfire  notify  Difference",
        "─────────────────────────────────────────",
        "Ambiguous           0       7          -7",
        "Total               0       7          -7",
        "",
        "Invoice    Finding           campfire      notify    Rule",
        "──────────────────────────────────────────────────────────────",
        "no number  Ambiguous                       7         no_number",
        "3          Only in campfire  5.00 EUR                not_there",
        "2          Amount differs    1,200.50 EUR  1,200.49  only_pair",
        "",
        "campfire and notify: 1 matched, 1 amount differs, 1 only in campfire, 1",
        "ambiguous, 1 voided or vanished",
    ] == outcome.out.splitlines()


def test_a_vanished_payment_needs_no_counterpart(
    paysdk: Command, make_database: Callable[..., str]
) -> None:
    """A counterpart that vanished has another rule than one that never existed."""
    make_database(CAMPFIRE[:3], NOTIFY[:1])
    place = make_database(CAMPFIRE[1:3])
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


def test_agreement_is_a_success(paysdk: Command, make_database: Callable[..., str]) -> None:
    """If nothing differs, the exit code is 0 and no differences are shown."""
    place = make_database(CAMPFIRE[:1], NOTIFY[:1], account="other")
    outcome = paysdk("reconcile", "campfire", "notify", "--from", place, "--account", "other")

    assert (0, "") == (outcome.code, outcome.err)
    assert "campfire and notify: 1 matched" == outcome.out.splitlines()[-1]
    assert "Finding" not in outcome.out


def test_a_program_gets_every_outcome(paysdk: Command, make_database: Callable[..., str]) -> None:
    """JSON lines contain all outcomes with exact amounts, and stderr the summary."""
    outcome = paysdk(
        "reconcile",
        "campfire",
        "notify",
        "--from",
        make_database(CAMPFIRE, NOTIFY),
        "--format",
        "jsonl",
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
    """The amounts of the payments of each side."""
    return [[payment["amount"] for payment in side] for side in sides]


def test_a_spreadsheet_gets_every_payment(
    paysdk: Command, make_database: Callable[..., str]
) -> None:
    """A row of CSV is one payment, and the payments of an outcome share its number."""
    split = [make_payment("notify", "1", "60.00"), make_payment("notify", "2", "40.00", "1")]
    outcome = paysdk(
        "reconcile",
        "campfire",
        "notify",
        "--from",
        make_database(CAMPFIRE[:1], split),
        "--format",
        "csv",
    )
    rows = list(csv.DictReader(io.StringIO(outcome.out)))

    assert 0 == outcome.code
    assert [
        ("1", "split", "left", "100.00"),
        ("1", "split", "right", "60.00"),
        ("1", "split", "right", "40.00"),
    ] == [(row["outcome"], row["rule"], row["side"], row["amount"]) for row in rows]
    assert {"2026-01-31"} == {row["payment_date"] for row in rows}


def test_no_cell_is_a_formula(paysdk: Command, make_database: Callable[..., str]) -> None:
    """In CSV, texts cannot run as formulas and amounts stay numbers; JSON is as sent."""
    sent = make_payment(
        "campfire",
        "-1",
        "-5.00",
        "@A1",
        currency="\tEUR",
        customer=CustomerRef(name="=1+1"),
        external_id="+49",
    )
    place = make_database([sent], NOTIFY[:1])
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


def test_csv_is_one_row_a_payment(paysdk: Command, make_database: Callable[..., str]) -> None:
    """A line end does not split a row, and the options for CSV work here too."""
    names = ["Line 1\rLine 2", "=cmd|' /C calc'!A0"]
    sent = [
        make_payment("campfire", str(number), "-1", customer=CustomerRef(name=name))
        for number, name in enumerate(names)
    ]
    place = make_database(sent, NOTIFY[2:])
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
def test_a_report_is_complete_after_a_closed_pipe(
    make_database: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    output_format: str,
) -> None:
    """With ``--html``, a closed pipe ends the output but not the reconciliation."""
    place = make_database(
        [make_payment("campfire", f"{number:05}", "1") for number in range(500)], NOTIFY
    )
    command = ["reconcile", "campfire", "notify", "--from", place, "--format", output_format]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", pipe)
        code = run([*command, "--html", "report.html"])

    assert 3 == code
    assert "503 differences to look at." in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_report_can_be_written_too(
    paysdk: Command, make_database: Callable[..., str], tmp_path: Path
) -> None:
    """The report names the settings."""
    place = make_database(CAMPFIRE, NOTIFY)
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


def test_the_command_in_a_report_has_no_password(
    paysdk: Command, make_database: Callable[..., str], tmp_path: Path
) -> None:
    """The command in the report omits the database's URL."""
    make_database([make_payment("campfire", f"{number:05}", "1") for number in range(2001)], NOTIFY)
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
    paysdk: Command, make_database: Callable[..., str], tmp_path: Path, place: str, html: str
) -> None:
    """A report does not overwrite a database, its side files, or a file of another kind."""
    make_database(CAMPFIRE, NOTIFY)
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


def test_a_report_replaces_an_older_one(
    paysdk: Command, make_database: Callable[..., str], tmp_path: Path
) -> None:
    """A report replaces an older report, or an empty file."""
    place = make_database(CAMPFIRE, NOTIFY)
    (tmp_path / "report.html").touch()
    codes = [
        paysdk("reconcile", "campfire", "notify", "--from", place, "--html", "report.html").code
        for _ in range(2)
    ]

    assert [3, 3] == codes


def test_a_report_on_a_full_disk_is_one_line(
    paysdk: Command, make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the report cannot be written, the error names its file."""

    def write(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    place = make_database(CAMPFIRE, NOTIFY)
    monkeypatch.setattr(Path, "write_text", write)
    outcome = paysdk("reconcile", "campfire", "notify", "--from", place, "--html", "report.html")

    assert (
        1,
        "paysdk: The file report.html cannot be used: No space left on device.\n",
    ) == (outcome.code, outcome.err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("campfire", "campfire", "--from", "payments.db"),
            "Name two different providers to compare, not campfire twice.",
        ),
        (
            ("campfire", "notify", "--from", "none.db"),
            (
                "The database none.db does not exist. To fill it: paysdk sync campfire notify "
                "--to none.db"
            ),
        ),
        (
            ("campfire", "notify", "--from", "sqlite:///none.db", "--account", "a b"),
            (
                "The database sqlite:///none.db does not exist. To fill it: paysdk sync campfire "
                "notify --to DATABASE --account 'a b'"
            ),
        ),
        (
            ("campfire", "notfy", "--from", "payments.db"),
            (
                "There are no payments of notfy for the account default. To store them: paysdk "
                "sync notfy --to payments.db"
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
            "--tolerance takes an amount of 0 or more, such as 0.05",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--tolerance", "-1"),
            "--tolerance takes an amount of 0 or more, such as 0.05",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--tolerance", "inf"),
            "--tolerance takes an amount of 0 or more, such as 0.05",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--html", "."),
            "--html takes the path of a file",
        ),
        (
            ("campfire", "notify", "--from", "payments.db", "--html", "none/report.html"),
            "--html takes the path of a file",
        ),
    ],
)
def test_bad_input_is_one_line(
    paysdk: Command,
    make_database: Callable[..., str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Wrong input is one line and exit code 2, and no file is created."""
    make_database(CAMPFIRE, NOTIFY)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE payments (id)")
    other.close()
    before = sorted(path.name for path in tmp_path.iterdir())
    outcome = paysdk("reconcile", *arguments)

    assert (2, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert outcome.err.startswith(f"paysdk: {message}")
    assert before == sorted(path.name for path in tmp_path.iterdir())


def test_the_database_of_another_program_does_not_change(paysdk: Command, tmp_path: Path) -> None:
    """A database of another program is refused, and does not change."""
    with closing(sqlite3.connect(file := tmp_path / "bookmarks.db")) as connection:
        connection.execute("CREATE TABLE bookmarks (id)")
    before = file.read_bytes()
    outcome = paysdk("reconcile", "campfire", "notify", "--from", str(file))

    assert (2, "") == (outcome.code, outcome.out)
    assert (
        f"paysdk: The database {file} is not a paysdk store, because it has none of paysdk's "
        "tables. Nothing was changed.\n" == outcome.err
    )
    assert before == file.read_bytes()
    assert ["bookmarks.db"] == [path.name for path in tmp_path.iterdir()]


def test_a_missing_extra_is_named(paysdk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a missing SQLAlchemy gets the advice to install it."""
    monkeypatch.delitem(sys.modules, "paysdk.cli.commands.reconcile", raising=False)
    monkeypatch.setitem(sys.modules, "paysdk.sync", None)
    with pytest.raises(ModuleNotFoundError, match=r"paysdk\.sync"):
        paysdk("reconcile", "campfire", "notify", "--from", "payments.db")

    for name in [name for name in sys.modules if name.startswith("paysdk.sync")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    outcome = paysdk("reconcile", "campfire", "notify", "--from", "payments.db")

    assert 2 == outcome.code
    assert 'pip install "paysdk-async[sync]"' in outcome.err


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
    assert 'pip install "paysdk-async[report]"' in outcome.err
    assert not page.exists()


def test_progress_shows_on_stderr(
    paysdk: Command,
    make_database: Callable[..., str],
    stream: type[Stream],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A terminal shows the number of reconciled payments during the work."""
    place = make_database(CAMPFIRE, NOTIFY)
    monkeypatch.setattr(sys, "stderr", terminal := stream(terminal=True))
    paysdk("reconcile", "campfire", "notify", "--from", place)

    assert all(word in terminal.getvalue() for word in ("reconciled", "payments"))


def test_a_month_takes_its_neighbours_into_account(
    paysdk: Command, make_database: Callable[..., str]
) -> None:
    """A payment of 31 May that was booked on 2 June is matched, and June's others are left out."""
    database = make_database(
        [
            make_payment("campfire", "1", "1236.5", payment_date=date(2026, 5, 31)),
            make_payment("campfire", "2", "5", payment_date=date(2026, 6, 9)),
        ],
        [make_payment("notify", "1", "1236.5", payment_date=date(2026, 6, 2))],
    )
    command = ("reconcile", "campfire", "notify", "--from", database)
    may = paysdk(*command, "--paid-since", "2026-05-01", "--paid-until", "2026-05-31")
    june = paysdk(*command, "--paid-since", "2026-06-01", "--format", "csv")
    german = paysdk(*command, "--paid-until", "2026-05-31", "--locale", "de")

    assert (0, "campfire and notify: 1 matched") == (may.code, may.out.splitlines()[-1])
    assert "1,236.50" in may.out
    assert (3, ["matched", "matched", "left only"]) == (
        june.code,
        [row["status"] for row in csv.DictReader(io.StringIO(june.out))],
    )
    assert (0, True) == (german.code, "1.236,50" in german.out)


def test_the_report_says_which_days_it_is_about(
    paysdk: Command, make_database: Callable[..., str], tmp_path: Path
) -> None:
    """The command that gives all outcomes has the same days."""
    report = tmp_path / "report.html"
    database = make_database(CAMPFIRE, NOTIFY)
    days = ("--paid-since", "2026-01-01", "--paid-until", "2026-01-31")
    command = ("reconcile", "campfire", "notify", "--from", database, "--html", str(report))
    paysdk(*command, *days, "--locale", "de")
    page = report.read_text(encoding="utf-8")

    assert "Payments made from 2026-01-01 until 2026-01-31, and counterparts that" in page
    assert "1.200,50 EUR" in page
    assert (
        "--paid-since 2026-01-01 --paid-until 2026-01-31 --format csv"
        in Comparison(
            left="campfire",
            right="notify",
            database=database,
            account="default",
            days=7,
            tolerance=Decimal(0),
            paid=PaidRange(since=date(2026, 1, 1), until=date(2026, 1, 31)),
        ).csv_command
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--paid-since", "May"), "--paid-since takes a date"),
        (("--locale", "xx"), "--locale takes a language"),
        (("--balances", "--paid-since", "2026-01-01"), "leave --paid-since and --paid-until out"),
        (("--balances", "--locale", "xx"), "--locale takes a language"),
    ],
)
def test_wrong_days_and_locales_are_refused(
    paysdk: Command, make_database: Callable[..., str], options: tuple[str, ...], said: str
) -> None:
    """The exit code is 2, and the message is one line."""
    database = make_database(CAMPFIRE, NOTIFY)
    outcome = paysdk("reconcile", "campfire", "notify", "--from", database, *options)

    assert (2, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
    assert said in outcome.err
