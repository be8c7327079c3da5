"""All commands together, and their help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.distribution import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

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
