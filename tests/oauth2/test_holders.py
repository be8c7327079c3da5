"""Which task holds the lock of which tokens."""

from __future__ import annotations

import asyncio

import pytest

from paysdk import ConfigurationError
from paysdk.oauth2.holders import note_holder, refuse_to_wait_for_itself


async def test_a_task_does_not_wait_for_a_lock_that_it_holds() -> None:
    """It may wait for the lock of other tokens, and for this one when it holds it no longer."""
    with note_holder("tokens.json"):
        with pytest.raises(ConfigurationError, match="so it would wait for itself"):
            refuse_to_wait_for_itself("tokens.json")
        refuse_to_wait_for_itself("others.json")
    refuse_to_wait_for_itself("tokens.json")


async def test_another_task_waits() -> None:
    """The task that holds the lock will free it."""

    async def wait() -> None:
        refuse_to_wait_for_itself("tokens.json")

    with note_holder("tokens.json"):
        await asyncio.create_task(wait())


def test_code_without_a_task_is_one_holder() -> None:
    """A callback of an event loop has no task."""

    async def in_a_callback() -> BaseException | None:
        failed: asyncio.Future[BaseException | None] = asyncio.Future()

        def call() -> None:
            with note_holder("tokens.json"):
                try:
                    refuse_to_wait_for_itself("tokens.json")
                except ConfigurationError as error:
                    failed.set_result(error)

        asyncio.get_running_loop().call_soon(call)
        return await failed

    assert isinstance(asyncio.run(in_a_callback()), ConfigurationError)
