"""``paysdk sandbox``."""

from __future__ import annotations

import asyncio
import shlex
import socket
from typing import TYPE_CHECKING

import pytest

from paysdk import ConfigurationError, PaysdkError, open_provider
from paysdk.cli.commands.sandbox import run_sandboxes
from paysdk.cli.providers import SandboxSettings
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome
    from tests.conftest import Install


def test_the_printed_variables_reach_the_sandboxes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every installed sandbox can be used with the printed variables."""
    listed: dict[str, int] = {}

    async def used(_: asyncio.Event) -> None:
        settings = dict(
            word.split("=", 1) for word in shlex.split(capsys.readouterr().out) if "=" in word
        )
        for name in ("campfire", "notify"):
            provider = open_provider(
                name,
                api_key=settings[f"PAYSDK_{name.upper()}_API_KEY"],
                base_url=settings[f"PAYSDK_{name.upper()}_BASE_URL"],
            )
            listed[name] = len(await provider.list_payments().collect())
            await provider.aclose()

    monkeypatch.setattr(asyncio.Event, "wait", used)
    run_sandboxes((), SandboxSettings(payments=7, latency=0.0))

    assert {"campfire": 7, "notify": 7} == listed


def test_a_broken_sandbox_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], install: Install
) -> None:
    """A sandbox that cannot be imported is named on stderr, and the others run."""
    install("broken", "import module_that_is_nowhere", group="paysdk.sandboxes")

    async def ended(_: asyncio.Event) -> None: ...

    monkeypatch.setattr(asyncio.Event, "wait", ended)
    run_sandboxes((), SandboxSettings(payments=1, latency=0.0))
    written = capsys.readouterr()

    assert written.err.startswith(
        "paysdk: The sandbox 'broken' (broken_payments:Made of broken) cannot be imported"
    )
    assert 4 == written.out.count("export PAYSDK_")
    assert "paysdk list campfire notify" in written.err


def test_a_sandbox_that_raises_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], install: Install
) -> None:
    """A sandbox that raises is an error if it is named, and a message if all are run."""
    install("odd", "def Made(**options):\n    return len(0)", group="paysdk.sandboxes")

    async def ended(_: asyncio.Event) -> None: ...

    monkeypatch.setattr(asyncio.Event, "wait", ended)
    settings = SandboxSettings(payments=1, latency=0.0)
    with pytest.raises(
        PaysdkError, match="The provider 'odd' failed: TypeError: object of type 'int' has no len"
    ):
        run_sandboxes(("odd",), settings)
    run_sandboxes((), settings)
    written = capsys.readouterr()

    assert written.err.startswith("paysdk: The provider 'odd' failed: TypeError")
    assert 4 == written.out.count("export PAYSDK_")


def test_one_missing_sandbox_starts_none(capsys: pytest.CaptureFixture[str]) -> None:
    """If one sandbox cannot be made, none is started and nothing is printed."""
    with pytest.raises(ConfigurationError, match="There is no sandbox 'nowhere'"):
        run_sandboxes(("notify", "nowhere"), SandboxSettings(payments=1, latency=0.0))
    assert "" == capsys.readouterr().out


def test_a_port_and_a_seed_are_chosen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first sandbox has the port, the next one the port after it."""
    asked: list[SandboxSettings] = []

    def make(name: str, settings: SandboxSettings) -> Sandbox:
        asked.append(settings)
        return open_sandbox(name, payments=1)

    async def ended(_: asyncio.Event) -> None: ...

    monkeypatch.setattr(asyncio.Event, "wait", ended)
    monkeypatch.setattr("paysdk.cli.commands.sandbox.make_sandbox", make)
    run_sandboxes((), SandboxSettings(payments=1, latency=0.0, port=8800, seed=2))

    assert [(8800, 2), (8801, 2)] == [(each.port, each.seed) for each in asked]
    assert 4 == capsys.readouterr().out.count("export ")


def test_the_printed_port_is_the_chosen_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sandbox listens on the port that was asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def ended(_: asyncio.Event) -> None: ...

    monkeypatch.setattr(asyncio.Event, "wait", ended)
    run_sandboxes(("campfire",), SandboxSettings(payments=1, latency=0.0, port=port))

    assert f"CAMPFIRE_BASE_URL=http://127.0.0.1:{port}\n" in capsys.readouterr().out


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the sandbox and the port, and no variable is printed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        # The port of the first one may be taken, too.
        with pytest.raises(ConfigurationError, match=r"sandbox of \w+ cannot use the port \d+: "):
            run_sandboxes(
                ("campfire", "notify"), SandboxSettings(payments=1, latency=0.0, port=port - 1)
            )
    assert "" == capsys.readouterr().out


def test_wrong_faults_end_the_command(paysdk: Callable[..., Outcome]) -> None:
    """A fault that does not exist is one line."""
    outcome = paysdk("sandbox", "--faults", "200=1")

    assert (2, "", 1) == (outcome.code, outcome.out, len(outcome.err.splitlines()))
