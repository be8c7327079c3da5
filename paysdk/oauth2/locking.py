"""Locks on files. The operating system releases the lock of a process that ends in any way."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from importlib import import_module
from typing import Any

__all__ = ["open_locked", "unlock"]

# fcntl.flock and not fcntl.lockf: its lock belongs to an open file, so two tasks of one process
# also keep each other out (https://man7.org/linux/man-pages/man2/flock.2.html).
_system: Any = import_module("fcntl" if os.name == "posix" else "msvcrt")
_HELD_ELSEWHERE = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK})
_locked: set[int] = set()


def open_locked(path: str) -> int | None:
    """Return the descriptor of the file at *path*, with its lock, or ``None`` if another has it.

    The file is made if it is missing. Raises ``OSError`` if it cannot be opened or locked.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
    except OSError as error:
        os.close(descriptor)
        if error.errno in _HELD_ELSEWHERE:
            return None
        raise
    _locked.add(descriptor)
    return descriptor


def unlock(descriptor: int) -> None:
    """Release a lock, and close its file."""
    if descriptor not in _locked:  # a fork has closed it
        return
    _locked.remove(descriptor)
    # Unlock before closing: a fork may have the file open as well, and would keep the lock.
    try:
        _unlock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if _system.__name__ == "fcntl":
        _system.flock(descriptor, _system.LOCK_EX | _system.LOCK_NB)
    else:
        _system.locking(descriptor, _system.LK_NBLCK, 1)


def _unlock(descriptor: int) -> None:
    if _system.__name__ == "fcntl":
        _system.flock(descriptor, _system.LOCK_UN)
    else:
        _system.locking(descriptor, _system.LK_UNLCK, 1)


def _close_inherited() -> None:
    # A fork inherits open files. If its parent was killed then, the lock would last as long as the
    # fork.
    while _locked:
        os.close(_locked.pop())


with suppress(AttributeError):  # Windows has no forks
    os.register_at_fork(after_in_child=_close_inherited)
