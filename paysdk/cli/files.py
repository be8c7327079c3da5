"""Read small files: those that hold a secret, and the config file."""

from __future__ import annotations

from pathlib import Path

from paysdk.errors import ConfigurationError

__all__ = ["read_secret", "read_text"]

# A device such as /dev/zero never ends.
_MAX_BYTES = 1_000_000


def read_secret(path: str | Path, kind: str) -> str:
    """The content of a file without its line end. Messages call it the *kind* file.

    Raises ``ConfigurationError`` if it cannot be read.
    """
    return read_text(path, kind).strip()


def read_text(path: str | Path, kind: str) -> str:
    """The content of a file. Messages call it the *kind* file.

    Raises ``ConfigurationError`` if it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"The {kind} file {path} cannot be read: {error.strerror}."
        ) from None
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(
            f"The {kind} file {path} has more than {_MAX_BYTES:,} bytes. Name another file."
        )
    try:
        return content.decode("utf-8-sig")  # editors on Windows begin a file with a signature
    except UnicodeDecodeError:
        raise ConfigurationError(f"The {kind} file {path} is not a text file in UTF-8.") from None
