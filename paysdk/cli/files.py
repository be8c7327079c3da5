"""Small files that are read, and files that a command may not overwrite."""

from __future__ import annotations

from pathlib import Path

from paysdk.errors import ConfigurationError

__all__ = ["check_folder", "check_page", "is_of_database", "read_secret", "read_text"]

# A device such as /dev/zero never ends.
_MAX_BYTES = 1_000_000
_HTML_START = b"<!doctype html>"
# SQLite keeps more files beside the database, and creates them when it needs them.
_SQLITE_SUFFIXES = ("", "-wal", "-shm", "-journal")


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


def check_folder(option: str, path: Path) -> None:
    """Raise ``ConfigurationError`` unless *path* can be a file in a folder that exists."""
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigurationError(
            f"{option} takes the path of a file in a folder that exists, not {path}."
        )


def check_page(option: str, page: Path, database: Path | None, kind: str) -> None:
    """Raise ``ConfigurationError`` unless a page of HTML may be written to *page*.

    It may replace an empty file and another page. Messages call it a *kind*. *database* is the file
    of the database, if it has one.
    """
    check_folder(option, page)
    if is_of_database(page, database) or not _may_replace(page):
        raise ConfigurationError(
            f"{option} would overwrite {page}, which is not a {kind}. Name another file."
        )


def is_of_database(path: Path, database: Path | None) -> bool:
    """Whether *path* is the database's file, or one that SQLite keeps beside it."""
    files = set[Path]() if database is None else {database, database.resolve()}
    return path.resolve() in {
        Path(f"{file}{suffix}").resolve() for file in files for suffix in _SQLITE_SUFFIXES
    }


def _may_replace(page: Path) -> bool:
    """Whether the file is missing, empty or a page."""
    if not page.exists():
        return True
    if not page.is_file():
        return False
    with page.open("rb") as existing:
        start = existing.read(len(_HTML_START))
    return not start or start.lower() == _HTML_START
