"""Locks on files, also by the other operating system's way."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from paysdk.oauth2 import locking

if TYPE_CHECKING:
    from pathlib import Path


def test_a_lock_that_another_has(path: Path) -> None:
    """A lock that is held is not waited for, and can be taken when it is free."""
    first = locking.open_locked(str(path))
    assert first is not None
    assert locking.open_locked(str(path)) is None
    locking.unlock(first)
    second = locking.open_locked(str(path))
    assert second is not None
    locking.unlock(second)


def test_a_fork_closes_the_locks_of_its_parent(path: Path) -> None:
    """What it does with them later does nothing."""
    descriptor = locking.open_locked(str(path))
    assert descriptor is not None
    locking._close_inherited()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    locking.unlock(descriptor)


def test_a_file_system_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is raised as it is, and the file is closed."""
    opened: list[int] = []

    def fail(descriptor: int, _: int) -> None:
        opened.append(descriptor)
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking._system, "flock", fail)
    with pytest.raises(OSError, match="No locks available"):
        locking.open_locked(str(path))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_the_way_of_windows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a range of bytes is locked, and another's lock is an error."""
    calls: list[tuple[int, int]] = []

    def lock(_: int, mode: int, size: int) -> None:
        calls.append((mode, size))
        if calls == [(2, 1), (2, 1)]:
            raise PermissionError(errno.EACCES, "Permission denied")

    windows = SimpleNamespace(__name__="msvcrt", locking=lock, LK_NBLCK=2, LK_UNLCK=0)
    monkeypatch.setattr(locking, "_system", windows)
    descriptor = locking.open_locked(str(path))
    assert descriptor is not None
    assert locking.open_locked(str(path)) is None
    locking.unlock(descriptor)
    assert [(2, 1), (2, 1), (0, 1)] == calls
