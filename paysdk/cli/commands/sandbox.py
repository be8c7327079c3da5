"""``paysdk sandbox``: the providers' APIs on this machine, for other programs to use."""

from __future__ import annotations

import asyncio
import shlex
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from paysdk.cli.environment import variable
from paysdk.cli.errors import as_paysdk_error
from paysdk.cli.output.terminal import print_message
from paysdk.cli.providers import make_sandbox
from paysdk.cli.stopping import run_async

if TYPE_CHECKING:
    from paysdk.cli.providers import SandboxSettings
    from paysdk.testing import Sandbox

__all__ = ["run_sandboxes"]


def run_sandboxes(names: tuple[str, ...], settings: SandboxSettings) -> None:
    """Run the sandboxes, or all that are installed, until Ctrl-C or SIGTERM."""
    run_async(
        _serve(_make_named(names, settings) if names else _make_installed(settings), settings)
    )


def _make_named(names: tuple[str, ...], settings: SandboxSettings) -> dict[str, Sandbox]:
    made: dict[str, Sandbox] = {}
    for name in names:
        try:
            made[name] = make_sandbox(name, settings)
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            raise as_paysdk_error(name, error)  # noqa: B904  # it has its cause already
    return made


def _make_installed(settings: SandboxSettings) -> dict[str, Sandbox]:
    """Every sandbox that is installed.

    One that cannot be made is said to be so, and harms no other.
    """
    from paysdk.testing import installed_sandboxes  # noqa: PLC0415  # a server is not loaded for those who need none

    made: dict[str, Sandbox] = {}
    for name in installed_sandboxes():
        try:
            made[name] = make_sandbox(name, settings)
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            print_message(as_paysdk_error(name, error))
    return made


async def _serve(sandboxes: dict[str, Sandbox], settings: SandboxSettings) -> None:
    async with AsyncExitStack() as stack:
        for name, sandbox in sandboxes.items():
            await stack.enter_async_context(sandbox)
            sys.stdout.write(f"export {variable(name, 'BASE_URL')}={shlex.quote(sandbox.url)}\n")
            sys.stdout.write(f"export {variable(name, 'API_KEY')}={shlex.quote(sandbox.api_key)}\n")
        sys.stdout.flush()
        print_message(
            f"{settings.payments:,} payments each. Set the above where you want to use them."
        )
        print_message(f"Then run, say: paysdk list {' '.join(sandboxes)}")
        print_message("Ctrl-C ends it.")
        await asyncio.Event().wait()
