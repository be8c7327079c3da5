"""Sandboxes for tests that are not async. Each runs in a thread with its own event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from paysdk.testing.server import Sandbox

__all__ = ["in_thread"]

SandboxT = TypeVar("SandboxT", bound="Sandbox")


@contextmanager
def in_thread(sandbox: SandboxT) -> Generator[SandboxT]:
    """Run ``sandbox`` in a thread until the ``with`` block ends.

    Both async code and other code can use it. Raises OSError if its port is taken. The sandbox
    responds in that thread, so change its data only while no request is under way.
    """
    started: Future[Callable[[], object]] = Future()
    thread = Thread(target=_run, args=(sandbox, started), name=f"paysdk {type(sandbox).__name__}")
    thread.start()
    try:
        stop = started.result()
    except BaseException:
        thread.join()
        raise
    try:
        yield sandbox
    finally:
        stop()
        thread.join()


def _run(sandbox: Sandbox, started: Future[Callable[[], object]]) -> None:
    async def serve() -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        try:
            await sandbox.start()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(lambda: loop.call_soon_threadsafe(stopped.set))
        await stopped.wait()
        await sandbox.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(serve())
