"""Providers in processes that were forked from the one that opened them; tests/sync/test_fork.py really forks."""

from __future__ import annotations

import os

import aiohttp
import pytest

from paysdk import CampfireProvider, ConfigurationError
from paysdk.testing import open_sandbox


async def test_a_provider_is_of_the_process_that_opened_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another it sends nothing, closes nothing, and can be entered anew."""
    real = os.getpid
    async with open_sandbox("campfire", payments=3) as sandbox:
        async with CampfireProvider(sandbox.api_key, base_url=sandbox.url) as provider:
            await provider.list_payments().collect()
            of_the_parent = provider._client._http._own
            monkeypatch.setattr(os, "getpid", lambda: real() + 1)
            with pytest.raises(
                ConfigurationError, match="was opened before this process was forked"
            ):
                await provider.list_payments().collect()
            with pytest.raises(
                ConfigurationError, match=r"Nothing was sent\. Make and enter another one"
            ):
                await provider._client.wait_for(
                    provider._client.start(provider.list_payments().collect())
                )
            await provider.aclose()
            assert [False] == [session.closed for session, _ in of_the_parent.values()]
            async with provider:
                assert 3 == len(await provider.list_payments().collect())
        monkeypatch.undo()
        for _, closer in of_the_parent.values():
            await closer.aclose()


async def test_a_provider_that_was_made_before_a_fork_can_be_opened_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unless it was given a session, which is of the process that made it."""
    real = os.getpid
    async with open_sandbox("campfire", payments=3) as sandbox, aiohttp.ClientSession() as session:
        made = CampfireProvider(sandbox.api_key, base_url=sandbox.url)
        given = CampfireProvider(sandbox.api_key, base_url=sandbox.url, session=session)
        monkeypatch.setattr(os, "getpid", lambda: real() + 1)
        async with made:
            assert 3 == len(await made.list_payments().collect())
        async with given:
            with pytest.raises(
                ConfigurationError, match="was opened before this process was forked"
            ):
                await given.list_payments().collect()
