"""``paysdk sandbox``: the providers' APIs on this machine, for other programs to use."""

from __future__ import annotations

import asyncio
import shlex
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from paysdk.cli.environment import variable
from paysdk.cli.errors import fault_of
from paysdk.cli.output.terminal import say
from paysdk.cli.providers import sandbox_of
from paysdk.cli.stopping import run_async

if TYPE_CHECKING:
    from paysdk.cli.providers import SandboxSettings
    from paysdk.testing import Sandbox

__all__ = ["run_sandboxes"]


def run_sandboxes(names: tuple[str, ...], settings: SandboxSettings) -> None:
    """Run the sandboxes, or all that are installed, until Ctrl-C or SIGTERM."""
    run_async(_served(_named(names, settings) if names else _installed(settings), settings))


def _named(names: tuple[str, ...], settings: SandboxSettings) -> dict[str, Sandbox]:
    made: dict[str, Sandbox] = {}
    for name in names:
        try:
            made[name] = sandbox_of(name, settings)
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            raise fault_of(name, error)  # noqa: B904  # it has its cause already
    return made


def _installed(settings: SandboxSettings) -> dict[str, Sandbox]:
    """Every sandbox that is installed.

    One that cannot be made is said to be so, and harms no other.
    """
    from paysdk.testing import installed_sandboxes  # noqa: PLC0415  # a server is not loaded for those who need none

    made: dict[str, Sandbox] = {}
    for name in installed_sandboxes():
        try:
            made[name] = sandbox_of(name, settings)
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            say(fault_of(name, error))
    return made


async def _served(sandboxes: dict[str, Sandbox], settings: SandboxSettings) -> None:
    async with AsyncExitStack() as stack:
        for name, sandbox in sandboxes.items():
            await stack.enter_async_context(sandbox)
            sys.stdout.write(f"export {variable(name, 'BASE_URL')}={shlex.quote(sandbox.url)}\n")
            sys.stdout.write(f"export {variable(name, 'API_KEY')}={shlex.quote(sandbox.api_key)}\n")
        sys.stdout.flush()
        say(f"{settings.payments:,} payments each. Set the above where you want to use them.")
        say(f"Then run, say: paysdk list {' '.join(sandboxes)}")
        say("Ctrl-C ends it.")
        await asyncio.Event().wait()
