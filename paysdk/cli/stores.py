"""Work on the stored payments. It needs the extra ``sync``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, TypeVar

from paysdk.cli.signals import run_async
from paysdk.errors import ConfigurationError, PaysdkError
from paysdk.sync import StoreError
from paysdk.sync.location import find_file

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from pathlib import Path

__all__ = ["describe_sync", "find_filled_file", "run_on_store", "show_database", "to_user_error"]

T = TypeVar("T")


def run_on_store(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* as ``run_async`` does.

    Raises ``ConfigurationError`` if the database that the user named cannot be used, and
    ``StoreError`` if the same command may succeed later.
    """
    try:
        return run_async(work)
    except StoreError as error:
        raise to_user_error(error) from None


def to_user_error(error: StoreError) -> PaysdkError:
    """Return *error*, or ``ConfigurationError`` if the same command would fail again."""
    return error if error.is_temporary else ConfigurationError(str(error))


def find_filled_file(database: str, names: Sequence[str], account: str) -> Path | None:
    """Return the file of the database, or ``None`` if it has none.

    Raises ``ConfigurationError`` if the file does not exist. The message has the command that fills
    it with the payments of the providers *names*.
    """
    file = find_file(database)
    if file is not None and not file.is_file():
        raise ConfigurationError(
            f"The database {database} does not exist. "
            f"To fill it: {describe_sync(names, database, account)}"
        )
    return file


def describe_sync(names: Sequence[str], database: str, account: str) -> str:
    """Return the command that stores the payments of these providers."""
    chosen = [] if account == "default" else ["--account", account]
    return shlex.join(["paysdk", "sync", *names, "--to", show_database(database), *chosen])


def show_database(database: str) -> str:
    """Return the database as a command names it. A URL may contain a password."""
    return "DATABASE" if "://" in database else database
