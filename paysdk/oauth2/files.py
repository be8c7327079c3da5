"""Keeps tokens in a file."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs

from paysdk.cancellation import run_to_end
from paysdk.errors import ConfigurationError
from paysdk.oauth2.errors import TokenStoreError
from paysdk.oauth2.holders import note_holder, refuse_to_wait_for_itself
from paysdk.oauth2.locking import open_locked, unlock
from paysdk.oauth2.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ["FileTokenStore"]

T = TypeVar("T")

# How long a waiting task waits at first and at most. Each wait is 1.5 times as long as the last.
_FIRST_WAIT_SECONDS, _MAX_WAIT_SECONDS = 0.005, 0.25

# Elsewhere a folder cannot be opened.
_SYNCS_FOLDERS = os.name == "posix"


class FileTokenStore:
    """Keeps the tokens of one authorization in a file that only its owner can read.

    *path* is the file; its folder must exist, on a local disk. A file ``<path>.lock`` beside it is
    the lock of all tasks and processes, and must not be deleted. A lock ends with the process that
    holds it, even if the process is killed. The file always has either the old tokens or the new
    ones: they are written to ``<path>.new``, brought to the disk, and renamed.

    Raises ``ConfigurationError`` if *path* is not a path, and ``TokenStoreError`` if the files
    cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        given: object = path
        if not isinstance(given, str | os.PathLike) or not os.fspath(path) or "\0" in str(path):
            raise ConfigurationError(f"The file of the tokens must be a path, not {path!r}.")
        # A link stays a link: what it leads to is replaced.
        self._path = Path(path).resolve()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[_LockedFile]:
        """Hold the lock while the context lasts. Waits until it is free.

        Load and save with the object that this yields. Raises ``ConfigurationError`` if this task
        holds the lock already: ``save`` of the store takes it, too.
        """
        refuse_to_wait_for_itself(self._path)
        descriptor = await self._wait_for_lock()
        try:
            with note_holder(self._path):
                yield _LockedFile(self._path)
        finally:
            unlock(descriptor)

    async def load(self) -> Tokens | None:
        """Return the stored tokens, or ``None`` if the file does not exist."""
        return await _LockedFile(self._path).load()

    async def save(self, tokens: Tokens) -> None:
        """Replace the stored tokens, under the lock. They are on the disk when this returns.

        Inside ``lock``, call ``save`` of the object that ``lock`` yields instead.
        """
        async with self.lock() as locked:
            await locked.save(tokens)

    async def _wait_for_lock(self) -> int:
        path, seconds = f"{self._path}.lock", _FIRST_WAIT_SECONDS
        while True:
            try:
                descriptor = open_locked(path)
            except OSError as error:
                raise _explain(error, f"The tokens cannot be locked with {path}") from None
            if descriptor is not None:
                return descriptor
            await asyncio.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311  # no secret
            seconds = min(1.5 * seconds, _MAX_WAIT_SECONDS)


@attrs.frozen
class _LockedFile:
    """The file, while its lock is held."""

    _path: Path

    async def load(self) -> Tokens | None:
        try:
            return await _in_thread(self._read, f"The tokens in {self._path} cannot be read")
        except ValueError as error:
            raise TokenStoreError(
                f"The tokens in {self._path} cannot be read. {error} Restore the file, or "
                "authorise again and save new tokens."
            ) from None

    async def save(self, tokens: Tokens) -> None:
        await _in_thread(
            lambda: self._write(tokens), f"The tokens cannot be written to {self._path}"
        )

    def _read(self) -> Tokens | None:
        with suppress(FileNotFoundError):
            return Tokens.from_json(self._path.read_bytes())
        return None

    def _write(self, tokens: Tokens) -> None:
        new = self._path.with_name(f"{self._path.name}.new")
        # A process that was killed may have left it. It is not followed if it is a link.
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123  # a descriptor
                file.write(tokens.to_json())
                file.flush()
                os.fsync(descriptor)
            new.replace(self._path)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        if _SYNCS_FOLDERS:
            _sync_folder(self._path.parent)


def _sync_folder(folder: Path) -> None:
    """Write the names in *folder* to the disk.

    See https://man7.org/linux/man-pages/man2/fsync.2.html.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _in_thread(work: Callable[[], T], what: str) -> T:
    failure: TokenStoreError
    try:
        # A thread cannot be cancelled, and must not write when the lock is released.
        return await run_to_end(asyncio.to_thread(work))
    except OSError as error:
        failure = _explain(error, what)
    # The error is raised here, so that its traceback has no frames that hold tokens.
    raise failure


def _explain(error: OSError, what: str) -> TokenStoreError:
    return TokenStoreError(
        f"{what}: {error.strerror or error}. Check the folder, its permissions and the free space."
    ).quoting()
