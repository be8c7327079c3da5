"""Finding providers by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING

import pytest

from paysdk import discovery
from paysdk.discovery import installed_providers, load_provider, open_provider
from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.notify.provider import NotifyProvider

if TYPE_CHECKING:
    from collections.abc import Callable


def test_both_providers_are_found() -> None:
    """The package's own entry points name its two providers."""
    assert {"campfire", "notify"} <= set(installed_providers())
    assert sorted(installed_providers()) == installed_providers()
    assert CampfireProvider is load_provider("campfire")
    assert NotifyProvider is load_provider("notify")


def test_provider_is_opened_with_its_own_settings() -> None:
    """Settings go to the provider's class, the key among them."""
    provider = open_provider("notify", api_key="test_sandbox", base_url="http://127.0.0.1:8000", currency="EUR")
    assert isinstance(provider, NotifyProvider)
    assert provider.test_mode is True
    assert "http://127.0.0.1:8000" in repr(provider)


def test_unknown_provider_is_refused_with_the_names_that_there_are() -> None:
    """The error says which providers are installed."""
    with pytest.raises(ConfigurationError, match=r"no provider 'stripe'.*campfire, notify"):
        open_provider("stripe", api_key="sandbox-key")


def test_unknown_setting_is_refused_without_showing_the_key() -> None:
    """A setting that the provider's class does not take is named; the key is not."""
    with pytest.raises(ConfigurationError, match=r"'campfire' does not take these settings.*colour") as caught:
        open_provider("campfire", api_key="sandbox-key", colour="red")
    assert "sandbox-key" not in str(caught.value)


def installed(monkeypatch: pytest.MonkeyPatch, *entries: tuple[str, str]) -> None:
    """Let these be the entry points, by name and value, that are installed."""
    points = EntryPoints(EntryPoint(name, value, discovery.GROUP) for name, value in entries)
    monkeypatch.setattr(discovery, "entry_points", points.select)


def test_nothing_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any provider the error says so."""
    installed(monkeypatch)
    assert [] == installed_providers()
    with pytest.raises(ConfigurationError, match="Installed are: none"):
        load_provider("campfire")


@pytest.mark.parametrize("value", ["paysdk_no_such_module:Provider", "paysdk.discovery:NoSuchProvider"])
def test_provider_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The error names the provider and where it was to come from, and has the reason as its cause."""
    installed(monkeypatch, ("other", value))
    with pytest.raises(ConfigurationError, match=f"'other' \\({value}\\) cannot be imported") as caught:
        load_provider("other")
    assert isinstance(caught.value.__cause__, ImportError | AttributeError)


def test_two_providers_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two is meant cannot be told, so neither is taken; the same one found twice is no matter."""
    installed(
        monkeypatch, ("other", "a:A"), ("other", "b:B"), ("known", "paysdk.errors:PaysdkError"), ("known", "paysdk.errors:PaysdkError")
    )
    assert ["known", "other"] == installed_providers()
    with pytest.raises(ConfigurationError, match="Several installed packages have a provider 'other': a:A, b:B"):
        load_provider("other")
    assert "PaysdkError" == load_provider("known").__name__


@pytest.mark.parametrize(("name", "setting"), [("campfire", {"timeout": 0}), ("campfire", {"colour": 1}), ("nobody", {})])
def test_open_provider_shows_no_key(name: str, setting: dict[str, object], told_by: Callable[[BaseException], str]) -> None:
    """Whatever is wrong with the call, no traceback of the error shows the key."""
    with pytest.raises(ConfigurationError) as raised:
        open_provider(name, api_key="sandbox-key", **setting)
    assert "sandbox-key" not in told_by(raised.value)
