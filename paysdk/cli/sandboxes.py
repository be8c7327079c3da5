"""``paysdk sandbox``: the providers' APIs on this machine, for other programs to use."""

from __future__ import annotations

import asyncio
import shlex
import sys
from contextlib import AsyncExitStack
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from paysdk.cli.access import sandbox_of, variable
from paysdk.cli.screen import say

if TYPE_CHECKING:
    from paysdk.cli.access import SandboxSettings

__all__ = ["run_sandboxes"]


def run_sandboxes(names: tuple[str, ...], settings: SandboxSettings) -> None:
    """Run the sandboxes, or all that are installed, until Ctrl-C."""
    asyncio.run(_served(names or tuple(sorted(entry_points(group="paysdk.sandboxes").names)), settings))


async def _served(names: tuple[str, ...], settings: SandboxSettings) -> None:
    sandboxes = [(name, sandbox_of(name, settings)) for name in names]
    async with AsyncExitStack() as stack:
        for name, sandbox in sandboxes:
            await stack.enter_async_context(sandbox)
            sys.stdout.write(f"export {variable(name, 'BASE_URL')}={shlex.quote(sandbox.url)}\n")
            sys.stdout.write(f"export {variable(name, 'API_KEY')}={shlex.quote(sandbox.api_key)}\n")
        sys.stdout.flush()
        say(f"{settings.payments:,} payments each. Set the above where you want to use them, then run, say: paysdk list {' '.join(names)}")
        say("Ctrl-C ends it.")
        await asyncio.Event().wait()
