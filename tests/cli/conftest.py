"""Run commands in this process, and APIs for them."""

from __future__ import annotations

import asyncio
import functools
import io
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import pytest
import typer.main

from paysdk.cli.config import use_config
from paysdk.cli.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from paysdk.testing import Sandbox


@attrs.frozen
class Outcome:
    """The result of a command."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def _commands_are_made_once() -> Generator[None]:
    """Typer makes all commands for each call. In a shell, a process has only one call."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests run in a plain terminal of 80 columns, without settings of paysdk."""
    monkeypatch.setattr("typer.get_app_dir", lambda _name: str(tmp_path / "home"))
    for name in [*os.environ]:
        if name.startswith("PAYSDK_") or name in {
            "NO_COLOR",
            "FORCE_COLOR",
            "TTY_COMPATIBLE",
            "TTY_INTERACTIVE",
            "GITHUB_ACTIONS",
        }:
            monkeypatch.delenv(name)
    use_config(None)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def paysdk(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command in this process."""

    def command(*arguments: str) -> Outcome:
        capsys.readouterr()
        return Outcome(run(arguments), *capsys.readouterr())

    return command


@pytest.fixture
def refusal(paysdk: Callable[..., Outcome]) -> Callable[..., str]:
    """Run a command that must refuse its input, and return the line on stderr."""

    def run_refused(*arguments: str) -> str:
        outcome = paysdk(*arguments)
        assert (2, "", 1) == (outcome.code, outcome.out, outcome.err.count("\n"))
        assert "hidden" not in outcome.err
        return outcome.err.removeprefix("paysdk: ")

    return run_refused


class Stream(io.StringIO):
    """A replacement for a standard stream that may be a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def stream() -> type[Stream]:
    """The class of a stream that may be a terminal."""
    return Stream


@pytest.fixture
def serve_api(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str, Sandbox], AbstractContextManager[None]]:
    """Run a provider's API in another thread, and set its origin and key."""

    @contextmanager
    def reach(name: str, sandbox: Sandbox) -> Generator[None]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(sandbox.start(), loop).result()
            monkeypatch.setenv(f"PAYSDK_{name}_BASE_URL", sandbox.url)
            monkeypatch.setenv(f"PAYSDK_{name}_API_KEY", sandbox.api_key)
            yield
            asyncio.run_coroutine_threadsafe(sandbox.close(), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    return reach
