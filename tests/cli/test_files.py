"""Files that hold a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.cli.files import read_secret
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_has_no_line_end(tmp_path: Path) -> None:
    """Editors end the last line of a file."""
    path = tmp_path / "key"
    path.write_text("not-a-real-word\r\n")

    assert "not-a-real-word" == read_secret(path, "key") == read_secret(str(path), "key")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "The token file .*key cannot be read: No such file or directory"),
        (b"\xff\xfe", "The token file .*key is not a text file"),
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
