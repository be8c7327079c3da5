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
    Reach = Callable[[str, Sandbox], AbstractContextManager[None]]


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A database that is not there yet."""
    return str(tmp_path / "payments.db")


def test_a_table_tells_what_has_changed(paysdk: Command, place: str) -> None:
    """The first time everything is new, the next time nothing is."""
    command = (
        "sync",
        "campfire",
        "notify",
        "--to",
        place,
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


def test_programs_get_an_object_a_line(paysdk: Command, place: str) -> None:
    """With everything that the report has."""
    outcome = paysdk(
        "sync",
        "notify",
        "campfire",
        "--to",
        place,
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


def test_a_sync_that_failed_goes_on(paysdk: Command, reached: Reach, place: str) -> None:
    """The others are synced all the same; the same command ends it."""
    cut = FaultPlan().on(3, status(400, body=b'{"detail": "Down."}'))
    with (
        reached("CAMPFIRE", open_sandbox("campfire", payments=20)),
        reached("NOTIFY", open_sandbox("notify", payments=600, faults=cut)),
    ):
        first = paysdk("sync", "campfire", "notify", "--to", place)
        second = paysdk("sync", "notify", "--to", place)

    assert (1, 0) == (first.code, second.code)
    assert first.out.splitlines()[2].startswith("campfire")
    assert first.err.startswith("paysdk: notify: 400")
    assert first.err.endswith(" The same command goes on from there.\n")
    assert "notify    full, resumed      100 " in second.out


def test_what_the_same_command_would_meet_again_is_not_told_to_go_on(
    paysdk: Command, reached: Reach, place: str
) -> None:
    """A record that cannot be read stays one."""
    rows = [{"id": 999, "amount": "not a number"}]
    with reached("CAMPFIRE", open_sandbox("campfire", rows=rows)):
        found = [paysdk("sync", "campfire", "--to", place) for _ in range(2)]

    assert [1, 1] == [outcome.code for outcome in found]
    assert found[0].err == found[1].err
    assert found[0].err.startswith("paysdk: campfire: ")
    assert found[0].err.endswith(
        " The same command will end there again, until the provider mends it; --skip-malformed "
        "leaves out what cannot be read.\n"
    )


@pytest.mark.parametrize(("bad", "more"), [(1, ""), (25, "paysdk: left out: 5 more\n")])
def test_records_that_cannot_be_read_can_be_left_out(
    paysdk: Command, reached: Reach, place: str, bad: int, more: str
) -> None:
    """Each is told, up to a bound, and the others are stored."""
    rows = [
        {"id": number, "amount": "not a number" if number < bad else "1.00"}
        for number in range(bad + 3)
    ]
    with reached("CAMPFIRE", open_sandbox("campfire", rows=rows)):
        outcome = paysdk("sync", "campfire", "--to", place, "--skip-malformed", "--format", "json")

    report = json.loads(outcome.out)
    assert (0, 3, bad) == (outcome.code, report["created"], report["malformed"])
    assert min(bad, 20) == outcome.err.count("paysdk: left out: The response cannot be read")
    assert outcome.err.endswith(more)


def test_a_busy_account_is_left_to_the_other(
    paysdk: Command, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was done, so there is nothing to go on from."""
    from paysdk.cli.commands import sync as syncing  # noqa: PLC0415  # beside what it is patched in

    async def busy(*_: object, **__: object) -> SyncReport:
        raise AccountBusyError("Another has it.")

    monkeypatch.setattr(syncing, "sync_payments", busy)
    outcome = paysdk("sync", "notify", "--to", place, "--sandbox")

    assert (1, "paysdk: notify: Another has it.\n") == (outcome.code, outcome.err)


def test_everything_can_be_asked_for(paysdk: Command, reached: Reach, place: str) -> None:
    """Which alone tells what has vanished."""
    sandbox = open_sandbox("campfire", payments=20)
    with reached("CAMPFIRE", sandbox):
        paysdk("sync", "campfire", "--to", place)
        sandbox.delete_payment(sandbox.payments[0]["id"])  # type: ignore[attr-defined]  # Campfire's has them
        found = [
            json.loads(paysdk("sync", "campfire", "--to", place, "--format", "json", *full).out)
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
        (("--to", "payments.db", "--account", " "), "account must be a text"),
        ((), "Missing option '--to'"),
    ],
)
def test_wrong_input_is_one_line(
    paysdk: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Exit code 2, and nothing on stdout."""
    monkeypatch.chdir(tmp_path)
    outcome = paysdk("sync", "campfire", "--sandbox", *arguments)

    assert (2, "") == (outcome.code, outcome.out)
    assert message in outcome.err
    assert "letmein" not in outcome.err
    assert 1 == outcome.err.count("\n")


def test_records_that_were_set_aside_are_told(
    paysdk: Command, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since nothing can be said to have vanished then."""
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
    outcome = paysdk("sync", "notify", "--to", place, "--sandbox")

    assert (
        "notify: 3 records wait to be read, so vanished payments were not looked for."
        == outcome.out.splitlines()[-1]
    )


def test_progress_is_seen_on_stderr(
    paysdk: Command,
    place: str,
    stream: type[Stream],
    monkeypatch: pytest.MonkeyPatch,
    reached: Reach,
) -> None:
    """Each provider, and how many payments were read, also where a request had to be sent again."""
    monkeypatch.setattr(sys, "stderr", terminal := stream(terminal=True))
    with reached(
        "CAMPFIRE", open_sandbox("campfire", payments=20, faults=FaultPlan().on(1, wrong_body(b"")))
    ):
        outcome = paysdk("sync", "campfire", "--to", place)

    assert 0 == outcome.code
    assert all(name in terminal.getvalue() for name in ("campfire", "payments"))


def test_without_the_extra_it_is_named(
    paysdk: Command, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, with the command that installs it."""
    forget(monkeypatch)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    outcome = paysdk("sync", "campfire", "--to", place, "--sandbox")

    assert (
        2,
        (
            "paysdk: paysdk.sync needs sqlalchemy, which is not installed: in the folder of paysdk, "
            'pip install ".[sync]"\n'
        ),
    ) == (
        outcome.code,
        outcome.err,
    )


def test_any_other_missing_module_is_a_bug(
    paysdk: Command, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not taken for a missing extra."""
    forget(monkeypatch)
    monkeypatch.setitem(sys.modules, "paysdk.sync.lease", None)
    with pytest.raises(ModuleNotFoundError):
        paysdk("sync", "campfire", "--to", place, "--sandbox")


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the modules be imported anew."""
    for name in [*sys.modules]:
        if name.startswith("paysdk.sync") or name == "paysdk.cli.commands.sync":
            monkeypatch.delitem(sys.modules, name)


def wait_until_its_fifth_page(process: subprocess.Popen[str], sandbox: Sandbox, place: str) -> None:
    """The sync has stored payments and waits for a page that never comes: it can go no further."""
    end = time.monotonic() + 40
    while len(sandbox.requests) < 5 or not stored(place):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def stored(place: str) -> int:
    """How many payments there are."""
    try:
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM payments").fetchone()[0]  # type: ignore[no-any-return]  # it is a number
    except sqlite3.OperationalError:  # not made yet
        return 0


SOURCE = "import sys; from paysdk.cli import main; sys.exit(main())"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_and_the_next_run_goes_on(
    paysdk: Command, reached: Reach, place: str, number: int, code: int
) -> None:
    """With the code that shells know, nothing on the screen, nothing lost, and the account free for any host."""
    command = ("sync", "notify", "--to", place, "--format", "json")
    # The fifth page never comes, so that the sync is in its midst however busy the machine is.
    sandbox = open_sandbox("notify", payments=2000, faults=FaultPlan().on(5, hang()))
    with reached("NOTIFY", sandbox):
        with subprocess.Popen(
            [sys.executable, "-c", SOURCE, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            wait_until_its_fifth_page(process, sandbox, place)
            process.send_signal(number)
            out, err = process.communicate(timeout=40)
        with closing(sqlite3.connect(place)) as database:
            lease = database.execute("SELECT holder, leased_until FROM sync_state").fetchall()
        again = json.loads(paysdk(*command).out)

    assert (code, "", "") == (process.returncode, out, err)
    assert [(None, 0.0)] == lease
    assert again["resumed"]
    assert 0 < again["created"] < 2000


def test_sigterm_ends_it_also_where_ctrl_c_is_ignored(reached: Reach, place: str) -> None:
    """As in a script that has started it in the background."""
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
        place,
    ]
    sandbox = open_sandbox("notify", payments=2000, faults=FaultPlan().on(5, hang()))
    with (
        reached("NOTIFY", sandbox),
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        wait_until_its_fifth_page(process, sandbox, place)
        process.terminate()
        out, err = process.communicate(timeout=40)

    assert (143, "", "") == (process.returncode, out, err)


def test_a_provider_that_answers_with_nothing_empties_nothing(
    paysdk: Command, reached: Reach, place: str
) -> None:
    """One line says what to do, and the exit code is not 0."""
    empty = wrong_body(b'{"payments": [], "count": 0, "links": {"next": null}}')
    command = ("sync", "notify", "--to", place, "--format", "json")
    sandbox = open_sandbox("notify", payments=200, faults=FaultPlan().on(2, empty).on(3, empty))
    with reached("NOTIFY", sandbox):
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
        " If the payments are really gone, allow it: full=True, allow_vanish=True (--full "
        "--allow-vanish).\n"
    )
    assert 1 == stopped.err.count("\n")
    counts = [json.loads(outcome.out) for outcome in (first, allowed, after)]
    assert [(200, 0, 0), (0, 200, 0), (0, 0, 200)] == [
        (each["created"], each["vanished"], each["returned"]) for each in counts
    ]


def test_records_that_wait_are_told_in_one_line(
    paysdk: Command, reached: Reach, place: str
) -> None:
    """Until they can be read."""
    rows = [
        {
            "id": number,
            "amount": "12,50" if number == 2 else "1.00",
            "last_modified_at": f"2025-01-01T{8 + number:02}:00:00Z",
        }
        for number in range(1, 4)
    ]
    sandbox: Any = open_sandbox("campfire", rows=rows)
    with reached("CAMPFIRE", sandbox):
        found = [paysdk("sync", "campfire", "--to", place, "--skip-malformed") for _ in range(2)]
        sandbox.change_payment(2, amount="12.50", last_modified_at="2025-01-01T10:00:00Z")
        found.append(paysdk("sync", "campfire", "--to", place, "--skip-malformed"))

    assert [0, 0, 0] == [outcome.code for outcome in found]
    assert (
        "campfire: 1 record waits to be read, so vanished payments were not looked for."
        == found[0].out.splitlines()[-1]
    )
    assert (
        "campfire: 1 record waits to be read. The next sync tries it again."
        == found[1].out.splitlines()[-1]
    )
    assert found[2].out.splitlines()[-1].startswith("campfire  incremental        1 ")
