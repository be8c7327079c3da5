"""Work that must not be cancelled in the middle."""

from __future__ import annotations

import asyncio

import pytest

from paysdk.cancellation import run_to_end


async def test_result_and_error() -> None:
    """Without a cancellation they are those of the work."""

    async def divide(number: int) -> float:
        await asyncio.sleep(0)
        return 1 / number

    assert 0.5 == await run_to_end(divide(2))
    with pytest.raises(ZeroDivisionError):
        await run_to_end(divide(0))


@pytest.mark.parametrize("fails", [False, True])
async def test_cancellation_waits_for_the_end(*, fails: bool) -> None:
    """A second cancellation waits too, and the error of the work is not logged."""
    begun, ended = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        begun.set()
        await ended.wait()
        done.append("work")
        if fails:
            raise LookupError

    running = asyncio.create_task(run_to_end(work()))
    await begun.wait()
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0)
    assert not running.done()
    ended.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ["work"] == done
