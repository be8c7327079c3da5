"""``paysdk sandbox``: sandboxes of the providers' APIs, for other programs on this machine."""

from __future__ import annotations

import asyncio
import shlex
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import attrs

from paysdk.cli.environment import variable_name
from paysdk.cli.output.terminal import print_message
from paysdk.cli.providers import as_paysdk_error, make_sandbox
from paysdk.cli.signals import run_async
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from paysdk.cli.providers import SandboxSettings
    from paysdk.testing import Sandbox

__all__ = ["run_sandboxes"]

_LARGEST_PORT = 65_535


def run_sandboxes(names: tuple[str, ...], settings: SandboxSettings) -> None:
    """Run these sandboxes, or all that are installed, until Ctrl-C or SIGTERM."""
    from paysdk.testing import installed_sandboxes  # noqa: PLC0415  # most commands need no server

    chosen = names or tuple(installed_sandboxes())
    _check_ports(settings.port, len(chosen))
    run_async(_serve(_make_sandboxes(chosen, settings, needs_all=bool(names)), settings))


def _check_ports(first: int | None, number: int) -> None:
    largest = _LARGEST_PORT - number + 1
    if first is not None and first > largest:
        raise ConfigurationError(
            f"--port must be {largest} or less for {number} sandboxes, not {first}."
        )


def _make_sandboxes(
    names: tuple[str, ...], settings: SandboxSettings, *, needs_all: bool
) -> dict[str, Sandbox]:
    """Make the sandboxes. One that fails is reported and left out, unless *needs_all* is true."""
    made: dict[str, Sandbox] = {}
    for number, name in enumerate(names):
        try:
            made[name] = make_sandbox(name, _on_port(settings, number))
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            failure = as_paysdk_error(name, error)
            if needs_all:
                raise failure  # noqa: B904  # it has its cause already
            print_message(failure)
    return made


def _on_port(settings: SandboxSettings, number: int) -> SandboxSettings:
    """The settings of a sandbox. The first one has the port that was asked for."""
    return (
        settings if settings.port is None else attrs.evolve(settings, port=settings.port + number)
    )


async def _serve(sandboxes: dict[str, Sandbox], settings: SandboxSettings) -> None:
    async with AsyncExitStack() as stack:
        lines: list[str] = []
        for name, sandbox in sandboxes.items():
            try:
                await stack.enter_async_context(sandbox)
            except OSError as error:
                raise ConfigurationError(
                    f"The sandbox of {name} cannot use the port {sandbox.port}: {error.strerror}."
                ) from None
            given = {"BASE_URL": sandbox.url, "API_KEY": sandbox.api_key} | {
                setting.upper(): str(value) for setting, value in sandbox.settings.items()
            }
            for what, text in given.items():
                lines.append(f"export {variable_name(name, what)}={shlex.quote(text)}\n")
        sys.stdout.writelines(lines)
        sys.stdout.flush()
        print_message(
            f"Each has {settings.payments:,} payments. Set these variables in another shell."
        )
        print_message(f"Then try: paysdk list {' '.join(sandboxes)}")
        print_message("Press Ctrl-C to stop.")
        await asyncio.Event().wait()
