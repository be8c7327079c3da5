"""Signals that end a command."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from paysdk.cli.signals import StoppedBySignal, raise_on_signals, run_async

if TYPE_CHECKING:
    from collections.abc import Generator

# It imports what the command imports before it handles signals.
STARTS = "import sys, paysdk.cli; print('asyncio' in sys.modules)"
SIGNALS = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _handlers() -> Generator[None]:
    """Check that every test restores the handlers."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert before == [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_work_that_does_not_wait(number: int, code: int) -> None:
    """A signal raises an exception with its exit code."""
    with pytest.raises(StoppedBySignal) as caught, raise_on_signals():
        signal.raise_signal(number)

    assert code == caught.value.exit_code
    assert code == caught.value.code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_work_that_waits(number: int, code: int) -> None:
    """Work that waits is cancelled and cleans up, even if the signal is repeated."""
    wound_up: list[str] = []

    async def work() -> None:
        try:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        finally:
            for repeated in SIGNALS:
                signal.raise_signal(repeated)
                await asyncio.sleep(0)
            wound_up.append("done")

    with pytest.raises(StoppedBySignal) as caught:
        run_async(work())

    assert (code, ["done"]) == (caught.value.exit_code, wound_up)


def test_work_without_a_signal_returns_its_result() -> None:
    """Work returns its result, and raises its own errors and cancellations."""

    async def work(error: BaseException | None) -> str:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return "done"

    assert "done" == run_async(work(None))
    for error in (ValueError(), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            run_async(work(error))


def test_an_ignored_signal_stays_ignored() -> None:
    """A signal that was ignored stays ignored, as under ``nohup``."""

    async def work() -> str:
        signal.raise_signal(signal.SIGHUP)
        await asyncio.sleep(0)
        return "done"

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with raise_on_signals():
            assert "done" == run_async(work())
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_may_run_a_command() -> None:
    """In another thread no handlers are set."""
    given: list[str] = []

    async def work() -> str:
        return "done"

    def run() -> None:
        with raise_on_signals():
            given.append(run_async(work()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert ["done"] == given


@pytest.mark.parametrize(("platform", "expected"), [("win32", True), ("linux", False)])
def test_windows_gets_a_loop_for_psycopg(
    monkeypatch: pytest.MonkeyPatch, platform: str, *, expected: bool
) -> None:
    """On Windows a selector loop is used; elsewhere the default loop."""
    made: list[bool] = []

    class Selecting(asyncio.SelectorEventLoop):
        def __init__(self) -> None:
            made.append(True)
            super().__init__()

    async def work() -> None:
        made.append(isinstance(asyncio.get_running_loop(), Selecting))

    monkeypatch.setattr(asyncio, "SelectorEventLoop", Selecting)
    monkeypatch.setattr(sys, "platform", platform)
    run_async(work())

    assert ([True, True] if expected else [False]) == made


def test_signals_are_handled_before_the_slow_imports() -> None:
    """So a signal just after the start ends the command as a later one does."""
    started = subprocess.run([sys.executable, "-c", STARTS], capture_output=True, check=True)

    assert b"False" == started.stdout.strip()
