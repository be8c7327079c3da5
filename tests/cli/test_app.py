"""All commands together, and their help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
