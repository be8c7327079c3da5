"""Files that are complete or not there at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from paysdk.files import replace_when_complete


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


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that the link leads to is replaced, also if it is in another folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "january.csv").write_text("before")
    link = tmp_path / "latest.csv"
    link.symlink_to(Path("data", "january.csv"))

    with replace_when_complete(link) as draft:
        draft.write_text("after")

    assert (True, "after") == (link.is_symlink(), (folder / "january.csv").read_text())
    assert [folder / "january.csv"] == [*folder.iterdir()]


def test_a_link_to_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    """The error names the link, which stays as it was."""
    link = tmp_path / "latest.csv"
    link.symlink_to(Path("nowhere", "january.csv"))

    with pytest.raises(FileNotFoundError) as caught, replace_when_complete(link) as draft:
        draft.write_text("after")

    assert (str(link), True) == (caught.value.filename, link.is_symlink())


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_permissions_stay(tmp_path: Path, mode: int) -> None:
    """A file that only its owner may read does not become readable for others."""
    path = tmp_path / "payments.csv"
    path.write_text("before")
    path.chmod(mode)

    with replace_when_complete(path) as draft:
        draft.write_text("after")

    assert ("after", mode) == (path.read_text(), stat.S_IMODE(path.stat().st_mode))


def test_a_file_that_may_not_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before anything is read or written, although a rename would replace it."""
    path = tmp_path / "payments.csv"
    path.write_text("before")
    # root may write every file.
    monkeypatch.setattr("os.access", lambda found, mode: (found, mode) != (path, os.W_OK))

    with pytest.raises(PermissionError) as caught, replace_when_complete(path):
        pytest.fail("a draft was begun")

    assert str(path) == caught.value.filename
    assert ([path], "before") == ([*tmp_path.iterdir()], path.read_text())
