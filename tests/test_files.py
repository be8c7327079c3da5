"""Files that are complete or not there at all."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from paysdk.files import replace_when_complete

if TYPE_CHECKING:
    from pathlib import Path


def test_the_draft_becomes_the_file(tmp_path: Path) -> None:
    """Until the end, the earlier file is there."""
    path = tmp_path / "payments.csv"
    path.write_text("before")

    with replace_when_complete(path) as draft:
        draft.write_text("after")
        assert "before" == path.read_text()

    assert ([path], "after") == ([*tmp_path.iterdir()], path.read_text())


def test_an_error_removes_the_draft(tmp_path: Path) -> None:
    """The earlier file stays as it was."""
    path = tmp_path / "payments.csv"
    path.write_text("before")

    with pytest.raises(ZeroDivisionError), replace_when_complete(path) as draft:
        draft.write_text("half")
        raise ZeroDivisionError

    assert ([path], "before") == ([*tmp_path.iterdir()], path.read_text())


def test_an_error_of_the_disk_names_the_file(tmp_path: Path) -> None:
    """The draft is ours, so the error names the file that the user gave."""
    path = tmp_path / "payments.csv"

    with pytest.raises(OSError, match="No space left") as caught, replace_when_complete(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert str(path) == caught.value.filename


def test_an_error_of_another_file_keeps_its_name(tmp_path: Path) -> None:
    """A source may read a file of its own."""
    with (
        pytest.raises(FileNotFoundError) as caught,
        replace_when_complete(tmp_path / "payments.csv"),
    ):
        (tmp_path / "other").open()

    assert str(tmp_path / "other") == caught.value.filename
