"""Keys, origins and what providers take."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from paysdk import CampfireProvider, ConfigurationError, NotifyProvider
from paysdk.cli.providers import ProviderSelection, SandboxSettings, make_sandbox, open_providers
from paysdk.discovery import load_provider

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Install


async def test_a_provider_goes_to_its_own_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an origin in the environment it is the provider's own."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "any")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_BASE_URL", "")

    async with open_providers(ProviderSelection(names=("campfire",)), []) as providers:
        assert ["CampfireProvider(base_url='https://api.meetcampfire.com')"] == [
            *map(repr, providers)
        ]


async def test_the_environment_gives_origin_and_key_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The key is what the file holds, without the line end after it."""
    (tmp_path / "key").write_text("live_short\n")
    monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("PAYSDK_NOTIFY_BASE_URL", "http://127.0.0.1:8080")

    async with open_providers(ProviderSelection(names=("notify",), currency="EUR"), []) as (
        notify,
    ):
        assert isinstance(notify, NotifyProvider)
        assert (False, "NotifyProvider(base_url='http://127.0.0.1:8080')") == (
            notify.test_mode,
            repr(notify),
        )


@pytest.mark.parametrize(
    ("base_url", "reason"),
    [
        ("http://example.com", "base_url must be https"),
        ("nonsense", r"base_url is no http\(s\) URL"),
    ],
)
async def test_a_wrong_origin_is_traced_to_its_variable(
    monkeypatch: pytest.MonkeyPatch, base_url: str, reason: str
) -> None:
    """The error names the settings that it came from."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "any")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_BASE_URL", base_url)

    async with AsyncExitStack() as stack:
        with pytest.raises(
            ConfigurationError,
            match=rf"^campfire \(PAYSDK_CAMPFIRE_API_KEY, PAYSDK_CAMPFIRE_BASE_URL\): {reason}",
        ):
            await stack.enter_async_context(
                open_providers(ProviderSelection(names=("campfire",)), [])
            )


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read: No such file"), (b"\xff\xfe\xff", "is no text")]
)
async def test_a_key_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """The error names the file."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)

    async with AsyncExitStack() as stack:
        with pytest.raises(ConfigurationError, match=f"The key file {path} {reason}"):
            await stack.enter_async_context(
                open_providers(
                    ProviderSelection(names=("campfire",), key_files={"campfire": path}), []
                )
            )


async def test_what_was_opened_is_closed() -> None:
    """After the context neither provider nor sandbox goes on."""
    async with open_providers(
        ProviderSelection(names=("campfire",), sandbox=SandboxSettings(payments=1, latency=0.0)), []
    ) as (campfire,):
        assert isinstance(campfire, CampfireProvider)
        assert await campfire.list_payments().first() is not None

    with pytest.raises(ConfigurationError, match="closed"):
        await campfire.list_payments().first()


def test_a_provider_that_breaks_on_import_is_named(install: Install) -> None:
    """Whatever a third party's module raises is an error about that provider."""
    install("broken", "raise RuntimeError('half installed')")

    with pytest.raises(
        ConfigurationError,
        match=r"The provider .broken. \(.*\) cannot be imported: RuntimeError: half installed",
    ):
        load_provider("broken")


def test_a_sandbox_of_another_kind_is_named(install: Install) -> None:
    """A sandbox that takes no number of payments cannot be run from here."""
    install("odd", "Made = dict.fromkeys", group="paysdk.sandboxes")

    with pytest.raises(ConfigurationError, match="The sandbox 'odd' does not take these options"):
        make_sandbox("odd", SandboxSettings(payments=1, latency=0.0))
