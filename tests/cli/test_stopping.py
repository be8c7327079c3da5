"""What a signal does to a command."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from paysdk.cli.stopping import StoppedBySignal, run_async, stopping_on_signals

if TYPE_CHECKING:
    from collections.abc import Generator

SIGNALS = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _handlers() -> Generator[None]:
    """The handlers are afterwards as they were before."""
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert before == [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_what_does_not_wait(number: int, code: int) -> None:
    """As Ctrl-C does, and says which exit code it means."""
    with pytest.raises(StoppedBySignal) as caught, stopping_on_signals():
        signal.raise_signal(number)

    assert code == caught.value.exit_code
    assert code == caught.value.code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_what_waits(number: int, code: int) -> None:
    """What it was doing is wound up first, however often the signal comes."""
    wound_up: list[str] = []

    async def work() -> None:
        try:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        finally:
            signal.raise_signal(number)
            wound_up.append("done")

    with pytest.raises(StoppedBySignal) as caught:
        run_async(work())

    assert (code, ["done"]) == (caught.value.exit_code, wound_up)


def test_work_that_ends_by_itself_gives_its_result() -> None:
    """Its errors come out, too, and so does a cancellation that no signal asked for."""

    async def work(error: BaseException | None) -> str:
        await asyncio.sleep(0)
        if error is not None:
            raise error
        return "done"

    assert "done" == run_async(work(None))
    for error in (ValueError(), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            run_async(work(error))


def test_a_signal_that_was_ignored_stays_so() -> None:
    """A command that ``nohup`` started outlives its terminal."""

    async def work() -> str:
        signal.raise_signal(signal.SIGHUP)
        await asyncio.sleep(0)
        return "done"

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping_on_signals():
            assert "done" == run_async(work())
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_may_run_a_command() -> None:
    """There are no handlers to be set there."""
    given: list[str] = []

    async def work() -> str:
        return "done"

    def run() -> None:
        with stopping_on_signals():
            given.append(run_async(work()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert ["done"] == given


@pytest.mark.parametrize(("platform", "expected"), [("win32", True), ("linux", False)])
def test_windows_gets_a_loop_that_psycopg_takes(
    monkeypatch: pytest.MonkeyPatch, platform: str, *, expected: bool
) -> None:
    """Its default one is no such loop; elsewhere the default stays."""
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
