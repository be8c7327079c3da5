"""All commands together, and their help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.distribution import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Install

    from .conftest import Outcome

    Command = Callable[..., Outcome]
    Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pay"], "No such command 'pay'. See: paysdk --help"),
        (["list", "campfire", "--api-key", "hidden"], "No such option: --api-key"),
        (["list"], "Missing argument 'NAME'. See: paysdk list --help"),
    ],
)
def test_bad_input_is_one_line(refusal: Refusal, arguments: list[str], message: str) -> None:
    """Wrong input is one line on stderr and exit code 2."""
    assert refusal(*arguments).startswith(message)


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_the_commands(paysdk: Command, arguments: list[str]) -> None:
    """The help names the commands."""
    outcome = paysdk(*arguments)

    assert (0, "") == (outcome.code, outcome.err)
    assert all(name in outcome.out for name in ("providers", "list", "invoice", "sandbox"))


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_has_two_names(paysdk: Command, option: str) -> None:
    """Each command shows its help for both."""
    outcome = paysdk("list", option)

    assert (0, "") == (outcome.code, outcome.err)
    assert "Usage: paysdk list" in outcome.out


def test_the_version_is_shown(paysdk: Command) -> None:
    """`--version` shows the version of paysdk."""
    assert f"paysdk {__version__}\n" == paysdk("--version").out


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("PAYSDK_TIMOUT", " Did you mean PAYSDK_TIMEOUT?"),
        ("PAYSDK_CAMFIRE_API_KEY", " Did you mean PAYSDK_CAMPFIRE_API_KEY?"),
        ("PAYSDK_X", ""),
    ],
)
def test_an_unknown_variable_is_told(
    paysdk: Command,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    hint: str,
) -> None:
    """A line on stderr names the nearest variable, also if a provider cannot be imported."""
    install("broken", "import module_that_is_nowhere")
    for name in (variable, "PAYSDK_RETRIES", "PAYSDK_NOTIFY_TIMEOUT"):
        monkeypatch.setenv(name, "1")
    outcome = paysdk("list", "notify", "--sandbox", "--sandbox-payments", "0")

    assert 0 == outcome.code
    assert [
        f"paysdk: {variable} is set, but paysdk has no such setting, so it is not used.{hint}"
    ] == outcome.err.splitlines()


def test_the_exit_codes_are_in_the_help(paysdk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code 3 belongs to two commands."""
    monkeypatch.setenv("COLUMNS", "300")

    assert "3 reconcile found differences, or book needs a person" in paysdk("--help").out
