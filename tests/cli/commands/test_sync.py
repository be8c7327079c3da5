"""``paysdk sync``."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.sync import AccountBusyError, SyncReport
from paysdk.testing import FaultPlan, hang, open_sandbox, status, wrong_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome, Stream

    Command = Callable[..., Outcome]
    ServeApi = Callable[[str, Sandbox], AbstractContextManager[None]]


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A database that does not exist yet."""
    return str(tmp_path / "payments.db")


def test_a_table_shows_what_changed(paysdk: Command, database: str) -> None:
    """The first sync creates every payment, and the next changes nothing."""
    command = (
        "sync",
        "campfire",
        "notify",
        "--to",
        database,
        "--sandbox",
        "--sandbox-payments",
        "300",
    )
    first, second = paysdk(*command), paysdk(*command)

    assert [
        "Provider  Pass  Created  Changed  Voided  Vanished  Returned  Unchanged",
        "───────────────────────────────────────────────────────────────────────",
        "campfire  full      300        0       0         0         0          0",
        "notify    full      300        0       0         0         0          0",
    ] == first.out.splitlines()
    assert ["campfire  incremental", "notify    full       "] == [
        line[:21] for line in second.out.splitlines()[2:]
    ]
    assert (0, 0, "", "") == (first.code, second.code, first.err, second.err)


def test_programs_get_one_object_a_line(paysdk: Command, database: str) -> None:
    """JSON has one object per provider, with every field of the report."""
    outcome = paysdk(
        "sync",
        "notify",
        "campfire",
        "--to",
        database,
        "--sandbox",
        "--sandbox-payments",
        "20",
        "--format",
        "json",
        "--account",
        "north",
    )
    notify, campfire = map(json.loads, outcome.out.splitlines())

    assert ("notify", "north", "full", 20, None) == tuple(
        notify[name] for name in ("provider", "account", "kind", "created", "watermark")
    )
    assert campfire["watermark"].startswith("2025-01-01T")


def test_a_sync_that_failed_continues(paysdk: Command, serve_api: ServeApi, database: str) -> None:
    """After a failure the others are still synced, and the same command continues."""
    cut = FaultPlan().on(3, status(400, body=b'{"detail": "Down."}'))
    with (
        serve_api("CAMPFIRE", open_sandbox("campfire", payments=20)),
        serve_api("NOTIFY", open_sandbox("notify", payments=600, faults=cut)),
    ):
        first = paysdk("sync", "campfire", "notify", "--to", database)
        second = paysdk("sync", "notify", "--to", database)

    assert (1, 0) == (first.code, second.code)
    assert first.out.splitlines()[2].startswith("campfire")
    assert first.err.startswith("paysdk: notify: 400")
    assert first.err.endswith(" The same command continues from there.\n")
    assert "notify    full, resumed      100 " in second.out


def test_a_malformed_record_gets_advice_for_records(
    paysdk: Command, serve_api: ServeApi, database: str
) -> None:
    """A malformed record stops every run, and the error names ``--skip-malformed``."""
    rows = [{"id": 999, "amount": "not a number"}]
    with serve_api("CAMPFIRE", open_sandbox("campfire", rows=rows)):
        found = [paysdk("sync", "campfire", "--to", database) for _ in range(2)]

    assert [1, 1] == [outcome.code for outcome in found]
    assert found[0].err == found[1].err
    assert found[0].err.startswith("paysdk: campfire: ")
    assert found[0].err.endswith(
        " The same command will stop there again until the provider fixes the record. To leave "
        "out such records, use --skip-malformed.\n"
    )


@pytest.mark.parametrize(
    ("body", "path"),
    [(b'{"error": "Down."}', "$.results"), (b'{"results": 7}', "$.results"), (b"[]", "$")],
)
def test_a_page_that_cannot_be_read_gets_no_advice_for_records(
    paysdk: Command, serve_api: ServeApi, database: str, body: bytes, path: str
) -> None:
    """``--skip-malformed`` leaves out single records, so it is no advice for a whole page."""
    faults = FaultPlan()
    for request in range(1, 9):
        faults = faults.on(request, wrong_body(body))
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=5, faults=faults)):
        outcome = paysdk("sync", "campfire", "--to", database)

    assert 1 == outcome.code
    assert path in outcome.err
    assert outcome.err.endswith(" The same command tries this page again.\n")
    assert "--skip-malformed" not in outcome.err


@pytest.mark.parametrize(("bad", "more"), [(1, ""), (25, "paysdk: left out: 5 more\n")])
def test_records_that_cannot_be_read_can_be_left_out(
    paysdk: Command, serve_api: ServeApi, database: str, bad: int, more: str
) -> None:
    """Malformed records are reported, up to twenty, and the others are stored."""
    rows = [
        {"id": number, "amount": "not a number" if number < bad else "1.00"}
        for number in range(bad + 3)
    ]
    with serve_api("CAMPFIRE", open_sandbox("campfire", rows=rows)):
        outcome = paysdk(
            "sync", "campfire", "--to", database, "--skip-malformed", "--format", "json"
        )

    report = json.loads(outcome.out)
    assert (0, 3, bad) == (outcome.code, report["created"], report["malformed"])
    assert min(bad, 20) == outcome.err.count("paysdk: left out: The response cannot be read")
    assert outcome.err.endswith(more)


def test_a_busy_account_gets_no_advice(
    paysdk: Command, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another process syncs the account, no advice to continue is given."""
    from paysdk.cli.commands import sync as syncing  # noqa: PLC0415  # beside what it is patched in

    async def busy(*_: object, **__: object) -> SyncReport:
        raise AccountBusyError("Another has it.")

    monkeypatch.setattr(syncing, "sync_payments", busy)
    outcome = paysdk("sync", "notify", "--to", database, "--sandbox")

    assert (1, "paysdk: notify: Another has it.\n") == (outcome.code, outcome.err)


def test_a_full_pass_can_be_requested(paysdk: Command, serve_api: ServeApi, database: str) -> None:
    """Only a full pass finds vanished payments."""
    sandbox = open_sandbox("campfire", payments=20)
    with serve_api("CAMPFIRE", sandbox):
        paysdk("sync", "campfire", "--to", database)
        campfire: Any = sandbox
        campfire.delete_payment(campfire.payments[0]["id"])
        found = [
            json.loads(paysdk("sync", "campfire", "--to", database, "--format", "json", *full).out)
            for full in ((), ("--full",))
        ]

    assert [("incremental", 0), ("full", 1)] == [
        (report["kind"], report["vanished"]) for report in found
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", ""), "The database must be a path or a URL"),
        (("--to", "mysql://ann:letmein@db/x"), "not in mysql"),
        (("--to", "none/payments.db"), "unable to open database file"),
        (("--to", "payments.db", "--account", " "), "account must be a non-empty string"),
    ],
)
def test_wrong_input_is_one_line(
    paysdk: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Wrong input is one line and exit code 2."""
    monkeypatch.chdir(tmp_path)
    outcome = paysdk("sync", "campfire", "--sandbox", *arguments)

    assert (2, "") == (outcome.code, outcome.out)
    assert message in outcome.err
    assert "letmein" not in outcome.err
    assert 1 == outcome.err.count("\n")


def test_a_full_pass_with_malformed_records_says_so(
    paysdk: Command, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full pass with malformed records says that it did not look for vanished ones."""
    from paysdk.cli.commands import sync as syncing  # noqa: PLC0415  # beside what it is patched in

    async def reported(provider: object, _store: object, account: str, **_: object) -> SyncReport:
        return SyncReport(
            provider=getattr(provider, "name", ""),
            account=account,
            kind="full",
            resumed=False,
            malformed=3,
            waiting=3,
        )

    monkeypatch.setattr(syncing, "sync_payments", reported)
    outcome = paysdk("sync", "notify", "--to", database, "--sandbox")

    assert " ".join(outcome.out.split()).endswith(
        "notify: 3 records are malformed, so vanished payments were not checked. "
        "The next sync tries them again."
    )


def test_progress_shows_on_stderr(
    paysdk: Command,
    database: str,
    stream: type[Stream],
    monkeypatch: pytest.MonkeyPatch,
    serve_api: ServeApi,
) -> None:
    """A terminal shows each provider and its number of payments, also after a retry."""
    monkeypatch.setattr(sys, "stderr", terminal := stream(terminal=True))
    with serve_api(
        "CAMPFIRE", open_sandbox("campfire", payments=20, faults=FaultPlan().on(1, wrong_body(b"")))
    ):
        outcome = paysdk("sync", "campfire", "--to", database)

    assert 0 == outcome.code
    assert all(name in terminal.getvalue() for name in ("campfire", "payments"))


def test_a_missing_extra_is_named(
    paysdk: Command, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing extra is one line, with the command that installs it."""
    forget(monkeypatch)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    outcome = paysdk("sync", "campfire", "--to", database, "--sandbox")

    assert (
        2,
        (
            "paysdk: paysdk.sync needs sqlalchemy, which is not installed: "
            'pip install "paysdk-async[sync]"\n'
        ),
    ) == (
        outcome.code,
        outcome.err,
    )


def test_any_other_missing_module_is_a_bug(
    paysdk: Command, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other missing module is not mistaken for a missing extra."""
    forget(monkeypatch)
    monkeypatch.setitem(sys.modules, "paysdk.sync.lease", None)
    with pytest.raises(ModuleNotFoundError):
        paysdk("sync", "campfire", "--to", database, "--sandbox")


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import these modules again the next time."""
    for name in [*sys.modules]:
        if name.startswith("paysdk.sync") or name == "paysdk.cli.commands.sync":
            monkeypatch.delitem(sys.modules, name)


def wait_for_the_fifth_page(
    process: subprocess.Popen[str], sandbox: Sandbox, database: str
) -> None:
    """Wait until the sync has stored payments and waits for a page that never comes."""
    end = time.monotonic() + 40
    while len(sandbox.requests) < 5 or not count_stored(database):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def count_stored(database: str) -> int:
    """The number of stored payments."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            count: int = connection.execute("SELECT count(*) FROM payments").fetchone()[0]
            return count
    except sqlite3.OperationalError:  # not made yet
        return 0


SOURCE = "import sys; from paysdk.cli import main; sys.exit(main())"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_a_sync_and_the_next_run_continues(
    paysdk: Command, serve_api: ServeApi, database: str, number: int, code: int
) -> None:
    """A signal ends a sync silently, releases the account, and loses nothing."""
    command = ("sync", "notify", "--to", database, "--format", "json")
    # The fifth page never comes, so the sync still runs however busy the machine is.
    sandbox = open_sandbox("notify", payments=2000, faults=FaultPlan().on(5, hang()))
    with serve_api("NOTIFY", sandbox):
        with subprocess.Popen(
            [sys.executable, "-c", SOURCE, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            wait_for_the_fifth_page(process, sandbox, database)
            process.send_signal(number)
            out, err = process.communicate(timeout=40)
        with closing(sqlite3.connect(database)) as connection:
            lease = connection.execute("SELECT holder, leased_until FROM sync_state").fetchall()
        again = json.loads(paysdk(*command).out)

    assert (code, "", "") == (process.returncode, out, err)
    assert [(None, 0.0)] == lease
    assert again["resumed"]
    assert 0 < again["created"] < 2000


def test_sigterm_ends_a_sync_that_ignores_ctrl_c(serve_api: ServeApi, database: str) -> None:
    """SIGTERM also ends a sync that ignores Ctrl-C, as scripts start it in the background."""
    command = [
        "sh",
        "-c",
        'trap "" INT; exec "$0" "$@"',
        sys.executable,
        "-c",
        SOURCE,
        "sync",
        "notify",
        "--to",
        database,
    ]
    sandbox = open_sandbox("notify", payments=2000, faults=FaultPlan().on(5, hang()))
    with (
        serve_api("NOTIFY", sandbox),
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        wait_for_the_fifth_page(process, sandbox, database)
        process.terminate()
        out, err = process.communicate(timeout=40)

    assert (143, "", "") == (process.returncode, out, err)


def test_an_empty_listing_does_not_empty_the_database(
    paysdk: Command, serve_api: ServeApi, database: str
) -> None:
    """If a provider lists nothing, the sync stops and says what to do."""
    empty = wrong_body(b'{"payments": [], "count": 0, "links": {"next": null}}')
    command = ("sync", "notify", "--to", database, "--format", "json")
    sandbox = open_sandbox("notify", payments=200, faults=FaultPlan().on(2, empty).on(3, empty))
    with serve_api("NOTIFY", sandbox):
        first, stopped, allowed, after = (
            paysdk(*command),
            paysdk(*command),
            paysdk(*command, "--allow-vanish"),
            paysdk(*command),
        )

    assert (1, "") == (stopped.code, stopped.out)
    assert stopped.err.startswith(
        "paysdk: notify: notify lists 0 of the 200 payments that are stored for account 'default'."
    )
    assert stopped.err.endswith(
        " If the payments are really gone, allow it: --full --allow-vanish.\n"
    )
    assert 1 == stopped.err.count("\n")
    counts = [json.loads(outcome.out) for outcome in (first, allowed, after)]
    assert [(200, 0, 0), (0, 200, 0), (0, 0, 200)] == [
        (each["created"], each["vanished"], each["returned"]) for each in counts
    ]


def test_malformed_records_are_counted(paysdk: Command, serve_api: ServeApi, database: str) -> None:
    """Malformed records are counted on one line until they can be read."""
    rows = [
        {
            "id": number,
            "amount": "12,50" if number == 2 else "1.00",
            "last_modified_at": f"2025-01-01T{8 + number:02}:00:00Z",
        }
        for number in range(1, 4)
    ]
    sandbox: Any = open_sandbox("campfire", rows=rows)
    with serve_api("CAMPFIRE", sandbox):
        found = [paysdk("sync", "campfire", "--to", database, "--skip-malformed") for _ in range(2)]
        sandbox.change_payment(2, amount="12.50", last_modified_at="2025-01-01T10:00:00Z")
        found.append(paysdk("sync", "campfire", "--to", database, "--skip-malformed"))

    assert [0, 0, 0] == [outcome.code for outcome in found]
    assert " ".join(found[0].out.split()).endswith(
        "campfire: 1 record is malformed, so vanished payments were not checked. The "
        "next sync tries it again."
    )
    assert (
        "campfire: 1 record is malformed. The next sync tries it again."
        == found[1].out.splitlines()[-1]
    )
    assert found[2].out.splitlines()[-1].startswith("campfire  incremental        1 ")
