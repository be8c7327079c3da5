"""Stores in processes that were forked from the one that opened them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.sync import SQLPaymentStore, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Rows = Callable[..., Awaitable[Sequence[tuple[Any, ...]]]]

FORKING = str(Path(__file__).parent / "forking.py")


def test_a_fork_must_open_its_own_store(place: str) -> None:
    """A store that is entered in the fork works, and the parent's connections stay intact."""
    command = [sys.executable, "-W", "ignore", FORKING, place]
    told = dict(
        line.split(": ", 1)
        for line in subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.splitlines()
    )

    for name in ("read", "exclusive", "read at once", "hold at once"):
        assert told[name].startswith("StoreError: The store")
    pages = ("next page", "next page at once", "next window at once")
    for name in ("list", "pay", "list at once", "pay at once", *pages):
        assert told[name].startswith("ConfigurationError: ")
    refused = {name for name in told if "was opened before this process was forked" in told[name]}
    assert "left" == told["leave"]
    assert "held" == told["exclusive again"]
    assert ["30"] * 4 == [
        told[name]
        for name in ("open others", "enter again", "read in the parent", "list in the parent")
    ]
    # In a fork that enters both again, the order is one whose outcome is unknown.
    assert "OutcomeUnknownError" in told["pay again"]
    assert len(told) == 7 + len(refused)


async def test_a_store_belongs_to_the_process_that_opened_it(
    place: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another process it raises an error, closes nothing, and can be entered again."""
    real = os.getpid
    async with SQLPaymentStore(place) as store:
        parents = store._database.engine
        monkeypatch.setattr(os, "getpid", lambda: real() + 1)
        with pytest.raises(
            StoreError, match="Open a store in this process: `async with SQLPaymentStore"
        ):
            await rows(store, "SELECT 1")
        await store.aclose()
        async with store:
            assert [(1,)] == list(await rows(store, "SELECT 1"))
            assert parents is not store._database.engine
    monkeypatch.undo()
    await parents.dispose()


async def test_a_store_that_was_never_entered_belongs_to_its_first_user(
    place: str, rows: Rows
) -> None:
    """An application can make a store at its start, and open it in each of its workers."""
    store = SQLPaymentStore(place)
    assert [(1,)] == list(await rows(store, "SELECT 1"))
    await store.aclose()
    await asyncio.sleep(0)
