"""Sandboxes for tests that are not async: each runs in a thread, with an event loop of its own."""

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
    """Run ``sandbox`` in a thread until the ``with`` block ends, and give it; who uses it may be async or not.

    Raises OSError where its port is taken. A request is answered in that thread: change the
    sandbox's data while none is under way.
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
