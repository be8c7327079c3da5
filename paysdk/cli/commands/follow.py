"""``paysdk follow``: the changes of several providers, as they come."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

import attrs

from paysdk.cli.output.changes import ChangesTable, write_json_line
from paysdk.cli.output.terminal import exit_code, print_message
from paysdk.cli.providers import as_paysdk_error, open_providers
from paysdk.cli.signals import run_async
from paysdk.errors import PaysdkError, UnsupportedFilterError
from paysdk.follow.following import follow_payments

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
    from typing import Any

    from paysdk.cli.providers import ProviderSelection
    from paysdk.follow.following import Follower, PaymentChange
    from paysdk.testing import Sandbox

__all__ = ["FollowOptions", "follow"]


@attrs.frozen(kw_only=True)
class FollowOptions:
    """Arguments of ``follow_payments``."""

    every: float
    since: date | datetime | None


def follow(
    selection: ProviderSelection,
    options: FollowOptions,
    output_format: Literal["table", "jsonl"] | None,
) -> int:
    """Print the changes until a signal comes, or until no provider can be followed any more."""
    as_table = sys.stdout.isatty() if output_format is None else output_format == "table"
    write = ChangesTable().write if as_table else write_json_line
    failures: list[PaysdkError] = []
    run_async(_follow_all(selection, options, write, failures))
    return max([0, *map(exit_code, failures)])


async def _follow_all(
    selection: ProviderSelection,
    options: FollowOptions,
    write: Callable[[PaymentChange], object],
    failures: list[PaysdkError],
) -> None:
    sandboxes: list[Sandbox] = []
    async with open_providers(selection, failures, sandboxes=sandboxes) as providers:
        for failure in failures:
            print_message(failure)
        for provider in providers:
            if options.since is not None and not provider.capabilities.lists_incrementally:
                raise UnsupportedFilterError(
                    f"{provider.name} cannot list by time of modification. Leave --since out: the "
                    "first look then only learns what is there."
                )
        followers = {
            provider.name: follow_payments(
                provider, every=options.every, since=options.since, on_event=print_message
            )
            for provider in providers
        }
        if not followers:
            return
        print_message(f"Following {' and '.join(followers)}. Press Ctrl-C to stop.")
        # The changes are written here, so that an error of the output ends all of this.
        changes: asyncio.Queue[PaymentChange | None] = asyncio.Queue(maxsize=1)
        work = [_read(*each, changes, failures) for each in followers.items()]
        if sandboxes:
            work.append(_change(sandboxes, options.every))
        async with _running(work):
            left = len(followers)
            while left:
                change = await changes.get()
                if change is None:
                    left -= 1
                else:
                    write(change)


async def _read(
    name: str,
    follower: Follower,
    changes: asyncio.Queue[PaymentChange | None],
    failures: list[PaysdkError],
) -> None:
    """Pass the changes on. ``None`` is the end, after an error."""
    try:
        while True:
            await changes.put(await anext(follower))
    except Exception as error:  # noqa: BLE001  # another package's class may raise anything
        failure = as_paysdk_error(name, error)
        failures.append(failure)
        print_message(f"{name} is not followed any more: {failure}")
        await changes.put(None)
    finally:
        await follower.aclose()


async def _change(sandboxes: Iterable[Sandbox], every: float) -> None:
    """Change something in each sandbox now and then, so that there is something to follow."""
    while True:
        await asyncio.sleep(every)
        for sandbox in sandboxes:
            sandbox.make_change()


@asynccontextmanager
async def _running(work: Iterable[Coroutine[Any, Any, None]]) -> AsyncGenerator[None]:
    """Run this at the same time, and cancel it at the end of the context."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
