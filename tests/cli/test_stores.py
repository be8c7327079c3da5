"""Work on the stored payments."""

from __future__ import annotations

from pathlib import Path

import pytest

from paysdk.cli.stores import describe_sync, find_filled_file, run_on_store, show_database
from paysdk.errors import ConfigurationError
from paysdk.sync import StoreError


def test_command_that_fills_a_database_names_what_differs_from_the_default() -> None:
    """The command can be pasted, even if a name has a space."""
    assert [
        "paysdk sync campfire notify --to payments.db",
        "paysdk sync campfire --to 'my payments.db' --account second",
    ] == [
        describe_sync(["campfire", "notify"], "payments.db", "default"),
        describe_sync(["campfire"], "my payments.db", "second"),
    ]


def test_url_of_a_database_is_not_shown() -> None:
    """It may contain a password."""
    assert ["DATABASE", "payments.db"] == [
        show_database("postgresql://ann:not-a-secret@example.test/payments"),
        show_database("payments.db"),
    ]


def test_file_must_exist(tmp_path: Path) -> None:
    """The message has the command that makes it. A database on a server has no file."""
    missing = str(tmp_path / "payments.db")

    with pytest.raises(ConfigurationError, match=f"To fill it: paysdk sync notify --to {missing}"):
        find_filled_file(missing, ["notify"], "default")

    Path(missing).touch()
    assert Path(missing) == find_filled_file(missing, ["notify"], "default")
    assert find_filled_file("postgresql://example.test/payments", ["notify"], "x") is None


def test_database_that_cannot_be_used_is_wrong_input() -> None:
    """The user has named it."""

    async def work() -> None:
        raise StoreError("payments.db belongs to another program.")

    with pytest.raises(ConfigurationError, match=r"^payments\.db belongs to another program\.$"):
        run_on_store(work())


def test_database_that_may_be_used_later_is_not_wrong_input() -> None:
    """The same command may succeed after an outage."""

    async def work() -> None:
        raise StoreError("It is locked.", is_temporary=True)

    with pytest.raises(StoreError, match=r"^It is locked\.$"):
        run_on_store(work())
