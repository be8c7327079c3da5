"""Files that hold a secret."""

from __future__ import annotations

from pathlib import Path

from paysdk.errors import ConfigurationError

__all__ = ["read_secret"]


def read_secret(path: str | Path, kind: str) -> str:
    """The content of a file without its line end. Messages call it the *kind* file.

    Raises ``ConfigurationError`` if it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(
            f"The {kind} file {path} cannot be read: {error.strerror}."
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The {kind} file {path} is not a text file.") from None
