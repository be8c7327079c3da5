"""Tests of the limit of one whole operation."""

from __future__ import annotations

import asyncio

import pytest

from paysdk.errors import PaysdkError, RequestTimeoutError
from paysdk.transport.deadline import Deadline


async def test_deadline_counts_only_the_time_inside() -> None:
    """The time of all parts is added up, and the time between them is not counted."""
    deadline = Deadline(0.1)
    async with deadline.enforce():
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    async with deadline.enforce():
        await asyncio.sleep(0)
    with pytest.raises(RequestTimeoutError):
        async with deadline.enforce():
            await asyncio.sleep(0.1)
    with pytest.raises(RequestTimeoutError):
        async with deadline.enforce():
            await asyncio.sleep(0)


async def test_no_deadline() -> None:
    """Without a deadline nothing is ended, and a foreign TimeoutError is not changed."""
    async with Deadline(None).enforce():
        await asyncio.sleep(0.001)
    with pytest.raises(TimeoutError) as raised:
        async with Deadline(1.0).enforce():
            raise TimeoutError("of another's")
    assert not isinstance(raised.value, PaysdkError)


async def test_cancellation_within_the_deadline() -> None:
    """A cancellation from outside stays a cancellation."""

    async def spend() -> None:
        async with Deadline(1.0).enforce():
            await asyncio.Event().wait()

    spending = asyncio.create_task(spend())
    await asyncio.sleep(0)
    spending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await spending
