"""Tokens in a file."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paysdk import ConfigurationError
from paysdk.oauth2 import FileTokenStore, Tokens, TokenStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Until

HOLDER = str(Path(__file__).parent / "lock_holder.py")
TOKENS = Tokens(access_token="an-access-token", refresh_token="a-refresh-token")


def files_beside(path: Path) -> list[str]:
    """The names of all files in the folder."""
    return sorted(file.name for file in path.parent.iterdir())


def link(path: Path, target: str) -> Path:
    """Let *path* be a link to a file beside it."""
    path.symlink_to(path.with_name(target))
    return path.with_name(target)


def file_mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def read(path: Path) -> str:
    """The content of a file."""
    return path.read_text()


def is_link(path: Path) -> bool:
    """Whether a file is a link."""
    return path.is_symlink()


def break_file(path: Path, content: str | None) -> None:
    """Let *path* have this content, or be a folder."""
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)


async def test_what_was_saved_is_loaded(store: FileTokenStore, path: Path) -> None:
    """Another object reads the tokens too, and only the owner can read the files."""
    assert await store.load() is None
    await store.save(TOKENS)

    assert await FileTokenStore(str(path)).load() == TOKENS
    modes = {name: file_mode(path.with_name(name)) for name in files_beside(path)}
    assert {"tokens.json": 0o600, "tokens.json.lock": 0o600} == modes
    assert f"FileTokenStore({str(path)!r})" == repr(store)


async def test_the_tokens_are_on_the_disk_before_they_have_their_name(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is synced, then renamed, and then its folder is synced."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_replace(new: Path, target: Path) -> Path:
        steps.append(f"{new.name} -> {target.name}")
        return replace(new, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    await store.save(TOKENS)
    assert ["file", "tokens.json.new -> tokens.json", "folder"] == steps


async def test_where_a_folder_cannot_be_opened(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows only the file is synced."""
    monkeypatch.setattr("paysdk.oauth2.files._SYNCS_FOLDERS", False)
    monkeypatch.setattr("paysdk.oauth2.files._sync_folder", None)
    await store.save(TOKENS)
    assert TOKENS == await store.load()


async def test_a_rest_of_a_killed_process_is_replaced(store: FileTokenStore, path: Path) -> None:
    """A link in its place is not followed."""
    break_file(path.with_name("other"), "other")
    other = link(path.with_name("tokens.json.new"), "other")
    await store.save(TOKENS)
    assert TOKENS == await store.load()
    assert "other" == read(other)
    assert not is_link(path)


async def test_a_link_to_the_file_stays_a_link(path: Path) -> None:
    """What it leads to is replaced."""
    link(path, "real.json")
    await FileTokenStore(path).save(TOKENS)
    assert is_link(path)
    assert TOKENS == await FileTokenStore(path).load()


@pytest.mark.parametrize("content", ["", "{}", '{"access_token": "an-access-token"', "\0"])
async def test_a_broken_file(
    store: FileTokenStore, path: Path, content: str, told_by: Callable[[BaseException], str]
) -> None:
    """The error names the file without its content, and new tokens can replace it."""
    break_file(path, content)
    with pytest.raises(TokenStoreError, match=r"tokens\.json cannot be read") as raised:
        await store.load()
    assert "an-access-token" not in told_by(raised.value)
    await store.save(TOKENS)
    assert TOKENS == await store.load()


async def test_a_file_that_cannot_be_read(store: FileTokenStore, path: Path) -> None:
    """The error says why."""
    break_file(path, None)
    with pytest.raises(TokenStoreError, match=r"cannot be read: Is a directory\. Check the folder"):
        await store.load()
    with pytest.raises(TokenStoreError, match=r"cannot be written to .*: Is a directory"):
        await store.save(TOKENS)
    assert ["tokens.json", "tokens.json.lock"] == files_beside(path)


async def test_a_folder_that_is_missing(path: Path) -> None:
    """The error names the file of the lock."""
    store = FileTokenStore(path.parent / "missing" / "tokens.json")
    with pytest.raises(TokenStoreError, match=r"cannot be locked with .*\.lock: No such file"):
        await store.save(TOKENS)


@pytest.mark.parametrize("step", ["fsync", "replace"])
async def test_a_disk_that_fails(
    store: FileTokenStore,
    path: Path,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
    told_by: Callable[[BaseException], str],
) -> None:
    """The old tokens stay, nothing is left over, and the error shows no token."""
    await store.save(TOKENS)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "fsync" else Path, step, fail)
        with pytest.raises(TokenStoreError, match="No space left on device") as raised:
            await store.save(Tokens(refresh_token="another-refresh-token"))
    assert "another-refresh-token" not in told_by(raised.value)
    assert TOKENS == await store.load()
    assert ["tokens.json", "tokens.json.lock"] == files_beside(path)


@pytest.mark.parametrize("wrong", ["", 7, None, "a\0b"])
def test_what_is_no_path(wrong: Any) -> None:  # noqa: ANN401  # what is refused
    """It is refused when the store is made."""
    with pytest.raises(ConfigurationError, match="must be a path"):
        FileTokenStore(wrong)


async def test_one_task_holds_the_lock_at_a_time(path: Path) -> None:
    """Also with an object for each task."""
    inside = most = 0

    async def enter() -> None:
        nonlocal inside, most
        async with FileTokenStore(path).lock():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(10)))
    assert 1 == most


async def test_a_lock_ends_with_the_process_that_holds_it(store: FileTokenStore) -> None:
    """A holder that is killed leaves nothing that keeps others out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, HOLDER, str(store._path), stdout=PIPE
    )
    assert process.stdout is not None
    assert b"held None\n" == await process.stdout.readline()
    waiting = asyncio.create_task(store.save(TOKENS))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    process.kill()
    await process.communicate()
    async with asyncio.timeout(60):
        await waiting


async def test_a_fork_does_not_keep_the_lock_of_its_parent(store: FileTokenStore) -> None:
    """If the parent is killed, the lock is free although the fork still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, HOLDER, str(store._path), "fork", stdout=PIPE
    )
    assert process.stdout is not None
    child = int((await process.stdout.readline()).split()[1])
    process.kill()
    await process.wait()
    try:
        async with asyncio.timeout(60):
            await store.save(TOKENS)
    finally:
        os.kill(child, signal.SIGKILL)
        await process.communicate()


async def test_waiting_for_the_lock_can_be_cancelled(store: FileTokenStore, path: Path) -> None:
    """Nothing stays locked."""
    async with FileTokenStore(path).lock():
        waiting = asyncio.create_task(store.save(TOKENS))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    assert waiting.cancelled()
    await store.save(TOKENS)


async def test_a_save_that_is_cancelled_is_done_before_the_lock_is_free(
    store: FileTokenStore, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread cannot be cancelled, so the lock waits for it."""
    begun: list[str] = []
    fsync = os.fsync
    ends: list[bool] = []

    def slow(descriptor: int) -> None:
        begun.append("fsync")
        while not ends:
            pass
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    saving = asyncio.create_task(store.save(TOKENS))
    await until(lambda: begun)
    saving.cancel()
    other = asyncio.create_task(store.save(Tokens(refresh_token="another-refresh-token")))
    done, _ = await asyncio.wait([saving, other], timeout=0.05)
    assert not done
    ends.append(True)
    with pytest.raises(asyncio.CancelledError):
        await saving
    await other
    assert Tokens(refresh_token="another-refresh-token") == await store.load()


async def test_task_that_holds_the_lock_does_not_wait_for_itself(path: Path) -> None:
    """The error says what to call instead, and the lock is free afterwards."""
    store, same = FileTokenStore(path), FileTokenStore(path)
    async with store.lock() as locked:
        for each in (store, same):
            with pytest.raises(ConfigurationError, match=r"call tokens\.load\(\) and tokens\.save"):
                await each.save(TOKENS)
        await locked.save(TOKENS)
        other = asyncio.create_task(same.save(Tokens(refresh_token="of-another-task")))
        assert TOKENS == await store.load()
    await other
    assert Tokens(refresh_token="of-another-task") == await store.load()
