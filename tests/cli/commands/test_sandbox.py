"""``paysdk sandbox``."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING

import pytest

from paysdk import ConfigurationError, PaysdkError, open_provider
from paysdk.cli.commands.sandbox import run_sandboxes
from paysdk.cli.providers import SandboxSettings

if TYPE_CHECKING:
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
