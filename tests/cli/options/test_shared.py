"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]

SANDBOX = ("--sandbox", "--sandbox-payments", "1")


def test_a_repeated_name_is_listed_once(paysdk: Command) -> None:
    """A repeated name is listed once, in the order of the first mention."""
    outcome = paysdk("list", "notify", "campfire", "notify", *SANDBOX)

    assert "notify: 1 payment, test key; campfire: 1 payment" == outcome.out.splitlines()[-1]


def test_a_key_may_come_from_a_file(
    paysdk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--key-file`` overrides the environment, and an error names it."""
    (tmp_path / "key").write_text("two words\n")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "sandbox-key")
    outcome = paysdk("list", "campfire", "--key-file", f"campfire={tmp_path / 'key'}")

    assert 2 == outcome.code
    assert outcome.err.startswith("paysdk: campfire (--key-file): api_key contains a space")
