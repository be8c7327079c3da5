"""Fixtures for the tests of Campfire's sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.providers.campfire.sandbox import CampfireSandbox
from tests.providers.campfire.caller import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.providers.campfire.caller import Caller


@pytest.fixture
async def caller(request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    """A sandbox with 250 payments, unless the test has other options, and its client."""
    async for running in run(CampfireSandbox(**{"payments": 250, **getattr(request, "param", {})})):
        yield running
