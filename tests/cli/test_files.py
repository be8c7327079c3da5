"""Files that are read, and files that may not be overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.cli.files import check_folder, check_page, is_of_database, read_secret
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_has_no_line_end(tmp_path: Path) -> None:
    """A line end that an editor adds and the signature of Windows are removed."""
    path = tmp_path / "key"
    path.write_bytes(b"\xef\xbb\xbfnot-a-real-word\r\n")

    assert "not-a-real-word" == read_secret(path, "key") == read_secret(str(path), "key")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "The token file .*key cannot be read: No such file or directory"),
        (b"\xff\xfe", "The token file .*key is not a text file in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    """The message names the file and what it is for, and never its content."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as raised:
        read_secret(path, "token")

    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_file_that_never_ends_is_refused() -> None:
    """A device is not read until the memory is full."""
    with pytest.raises(ConfigurationError, match="/dev/zero has more than 1,000,000 bytes"):
        read_secret("/dev/zero", "key")


def test_a_page_replaces_only_a_page(tmp_path: Path) -> None:
    """An empty file also is one to be."""
    for name, content in {"page": "<!DOCTYPE html><p>", "empty": "", "notes": "Keep me."}.items():
        (tmp_path / name).write_text(content)
    for name in ("page", "empty", "new"):
        check_page("--html", tmp_path / name, None, "report")
    for name in ("notes", ".", "no/page"):
        with pytest.raises(ConfigurationError, match="--html"):
            check_page("--html", tmp_path / name, None, "report")
    with pytest.raises(ConfigurationError, match=r"overwrite .*, which is not a report"):
        check_page("--html", tmp_path / "new", tmp_path / "new", "report")


def test_a_file_needs_a_folder(tmp_path: Path) -> None:
    """The message names the option."""
    check_folder("--out", tmp_path / "new")
    with pytest.raises(ConfigurationError, match="--out takes the path of a file in a folder"):
        check_folder("--out", tmp_path / "no" / "new")


def test_the_files_beside_a_database_belong_to_it(tmp_path: Path) -> None:
    """SQLite makes them when it needs them."""
    database = tmp_path / "payments.db"

    assert is_of_database(tmp_path / "payments.db-journal", database)
    assert not is_of_database(tmp_path / "other.db", database)
    assert not is_of_database(database, None)
