"""``paysdk follow``."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.cli.commands.follow import _change
from paysdk.testing import FaultPlan, open_sandbox, status

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome
    from tests.conftest import Install

    Command = Callable[..., Outcome]
    ServeApi = Callable[[str, Sandbox], AbstractContextManager[None]]

SOURCE = "import sys; from paysdk.cli import main; sys.exit(main())"


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SOURCE, "follow", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_sandboxes_change_until_a_signal(number: signal.Signals, code: int) -> None:
    """A pipe gets a JSON line for each change, at once, and a signal ends the command."""
    with start("campfire", "notify", "--sandbox", "--every", "0.05") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[dict[str, Any]] = []
        while {"campfire", "notify"} > {line["payment"]["provider"] for line in lines}:
            lines.append(json.loads(process.stdout.readline()))
        process.send_signal(number)
        process.stdout.read()
        told = process.stderr.read()

    assert code == process.wait()
    assert "paysdk: Following campfire and notify. Press Ctrl-C to stop.\n" == told
    assert {"created", "changed", "voided"} >= {line["kind"] for line in lines}


def test_reader_that_closes_the_pipe() -> None:
    """If the reader has enough, the command ends without an error."""
    with start("campfire", "--sandbox", "--every", "0.05") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()

    assert 0 == process.wait()
    assert 1 == told.count("\n")


def test_error_that_stays_ends_it(paysdk: Command, serve_api: ServeApi) -> None:
    """A provider that refuses the key is not followed any more, and the exit code says so."""
    sandbox = open_sandbox(
        "campfire", payments=2, faults=FaultPlan().on(2, status(401)).on(3, status(401))
    )
    with serve_api("CAMPFIRE", sandbox):
        outcome = paysdk(
            "follow", "campfire", "--since", "2025-01-01", "--every", "0.01", "--format", "table"
        )

    assert 1 == outcome.code
    assert 2 == outcome.out.count("created")
    assert "campfire is not followed any more: " in outcome.err
    assert 2 == outcome.err.count("\n")


def test_error_that_passes_is_told(paysdk: Command, serve_api: ServeApi) -> None:
    """A line says that the next attempt follows."""
    plan = FaultPlan().on(1, status(503)).on({2, 3}, status(401))
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=0, faults=plan)):
        outcome = paysdk("follow", "campfire", "--every", "0.01", "--retries", "0")

    assert "paysdk: campfire: the changes could not be listed (ServerError)." in outcome.err
    assert (1, "") == (outcome.code, outcome.out)


def test_provider_of_another_package_that_fails(
    paysdk: Command, install: Callable[..., None], list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that raises when it is made is reported, and there is nothing to follow."""
    install("ledger", list_backed.replace("self.book = book", "raise LookupError('no book')"))
    monkeypatch.setenv("PAYSDK_LEDGER_API_KEY", "x")
    outcome = paysdk("follow", "ledger")

    assert (1, "") == (outcome.code, outcome.out)
    assert "LookupError: no book" in outcome.err


async def test_a_sandbox_changes_again_and_again() -> None:
    """There is something to follow without an account."""
    changed = asyncio.Event()

    class Changing:
        def make_change(self) -> None:
            changed.set()

    sandbox: Any = Changing()
    changing = asyncio.create_task(_change([sandbox], 0.0))
    await changed.wait()
    changing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await changing


def test_nothing_to_follow_ends_it(paysdk: Command, install: Install) -> None:
    """If no provider can be used, the command ends at once."""
    install("broken", "import module_that_is_nowhere")
    outcome = paysdk("follow", "broken")

    assert (1, "") == (outcome.code, outcome.out)
    assert "module_that_is_nowhere" in outcome.err


def test_sandboxes_are_followed_in_this_process(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output that cannot be written ends it, here so that its coverage is measured."""

    def write(_change: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("paysdk.cli.commands.follow.write_json_line", write)
    outcome = paysdk("follow", "campfire", "--sandbox", "--every", "0.05", "--format", "jsonl")

    assert (1, "") == (outcome.code, outcome.out)
    assert "The output cannot be written: No space left on device." in outcome.err
