"""The files of a plan: what is read, written and never overwritten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from paysdk.booking import BookingPlan
from paysdk.cli.commands.plan_files import (
    check_not_needed,
    check_places,
    read_plan,
    write_plan,
)
from paysdk.errors import ConfigurationError
from paysdk.sync import SQLPaymentStore
from tests.booking.policies import BOOKS_POLICY

if TYPE_CHECKING:
    from pathlib import Path

PLAN = BookingPlan(
    source="notify",
    source_account="default",
    target="books",
    target_account="default",
    made_at=datetime(2026, 3, 6, tzinfo=UTC),
    policy=BOOKS_POLICY,
)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The file has the whole plan, and a page is written only if it has a name."""
    out, html = tmp_path / "plan.json", tmp_path / "plan.html"
    write_plan(PLAN, out, None)
    assert not html.exists()
    write_plan(PLAN, out, html)

    assert PLAN == read_plan(out)
    assert "<html" in html.read_text(encoding="utf-8")


def test_what_cannot_be_read_as_a_plan(tmp_path: Path) -> None:
    """A missing file, bytes that are not text, and another text have their own messages."""
    binary, other = tmp_path / "binary.json", tmp_path / "other.json"
    binary.write_bytes(b"\xff\xfe\xfd")
    other.write_text("{}", encoding="utf-8")
    for path, message in (
        (tmp_path / "none.json", "cannot be read: No such file"),
        (binary, "is not a text file"),
        (other, "This is not a plan"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            read_plan(path)


def test_only_a_plan_is_replaced(tmp_path: Path) -> None:
    """A missing or empty file may be written, a plan is returned, and another file is refused."""
    database = str(tmp_path / "payments.db")
    out, other = tmp_path / "plan.json", tmp_path / "notes.txt"
    assert check_places(out, None, database) is None
    out.touch()
    assert check_places(out, None, database) is None
    write_plan(PLAN, out, None)
    assert PLAN == check_places(out, None, database)
    other.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="only a plan may be replaced"):
        check_places(other, None, database)
    with pytest.raises(ConfigurationError, match="--out and --html name the same file"):
        check_places(tmp_path / "a.html", tmp_path / "a.html", database)


async def test_a_plan_of_another_database_is_kept(tmp_path: Path) -> None:
    """It may have been approved there, so its file is not overwritten."""
    path = tmp_path / "plan.json"
    async with SQLPaymentStore(tmp_path / "payments.db") as store:
        with pytest.raises(ConfigurationError, match="a plan that this database does not have"):
            await check_not_needed(store, PLAN, path)
