"""Run a command's work in an event loop, and end it when a signal asks for that.

It is a module of its own because ``main`` needs it before rich and typer are imported. asyncio is
imported where it is used: until ``raise_on_signals`` runs, a signal ends the program in other ways.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Generator
    from types import FrameType
    from typing import Any

__all__ = ["StoppedBySignal", "raise_on_signals", "run_async"]

T = TypeVar("T")

# Windows has no SIGHUP. Python itself handles SIGINT.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


# This is not a KeyboardInterrupt, because typer turns that into the exit code of Ctrl-C.
class StoppedBySignal(SystemExit):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        self.exit_code: int = 128 + number
        super().__init__(self.exit_code)


@contextmanager
def raise_on_signals() -> Generator[None]:
    """Until the context ends, raise ``StoppedBySignal`` in the main thread on SIGTERM and SIGHUP.

    Process 1 of a container needs the handlers: for it, a signal without a handler does nothing. A
    signal that was ignored before stays ignored, such as SIGHUP under ``nohup``.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise StoppedBySignal(number)

    with _handle_signals(stop):
        yield


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end, as ``asyncio.run`` does.

    SIGTERM and SIGHUP cancel it, as Ctrl-C does. It then cleans up, even if more of them arrive,
    and ``StoppedBySignal`` is raised.
    """
    import asyncio  # noqa: PLC0415  # see the module's docstring

    received: list[int] = []

    async def run() -> T:
        loop = asyncio.get_running_loop()
        task: Any = asyncio.current_task()

        def stop(number: int, _: FrameType | None) -> None:
            received.append(number)
            if len(received) == 1:  # a second signal must not interrupt the cleanup
                # This also wakes a loop that waits for its sockets.
                loop.call_soon_threadsafe(task.cancel)

        with _handle_signals(stop):
            return await work

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(run())
    except asyncio.CancelledError:
        if not received:
            raise
    raise StoppedBySignal(received[0])


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    # psycopg cannot use the default loop of Windows
    # (https://www.psycopg.org/psycopg3/docs/advanced/async.html).
    import asyncio  # noqa: PLC0415  # see the module's docstring

    platform: str = sys.platform
    return asyncio.SelectorEventLoop if platform == "win32" else None


@contextmanager
def _handle_signals(handler: Callable[[int, FrameType | None], object]) -> Generator[None]:
    # Only the main thread may set handlers, and only the main thread gets signals.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handled = [number for number in _SIGNALS if before[number] is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
