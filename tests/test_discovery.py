"""Tests of finding providers in packages as an installer leaves them."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING

import pytest

from paysdk import Listing, PaymentsProvider, discovery
from paysdk.discovery import (
    explain_mismatch,
    installed_names,
    installed_providers,
    load,
    load_provider,
    open_provider,
)
from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.notify.provider import NotifyProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Install


def test_both_providers_are_found() -> None:
    """The providers of paysdk are found through entry points, as those of other packages."""
    assert {"campfire", "notify"} <= set(installed_providers())
    assert sorted(installed_providers()) == installed_providers()
    assert CampfireProvider is load_provider("campfire")
    assert NotifyProvider is load_provider("notify")


def test_provider_is_opened_with_its_own_settings() -> None:
    """The settings and the key are passed to the provider's class."""
    provider = open_provider(
        "notify", api_key="test_sandbox", base_url="http://127.0.0.1:8000", currency="EUR"
    )
    assert isinstance(provider, NotifyProvider)
    assert provider.test_mode is True
    assert "http://127.0.0.1:8000" in repr(provider)


async def test_a_provider_of_another_package_is_opened(install: Install, list_backed: str) -> None:
    """Any object that keeps the protocol is a provider, without a base class of paysdk."""
    install("paysdk-ledger", list_backed, name="ledger")
    assert ["campfire", "ledger", "notify"] == installed_providers()
    ledger = open_provider("ledger", api_key="sandbox-key", book="second")
    listing = ledger.list_payments()

    assert isinstance(ledger, PaymentsProvider)
    assert isinstance(listing, Listing)
    assert ["0", "1"] == [payment.id for payment in await listing.collect()]
    assert ["second", "second"] == [payment.invoice.number async for payment in listing]
    await ledger.aclose()


def test_refuses_an_unknown_provider() -> None:
    """The error lists the installed providers."""
    with pytest.raises(ConfigurationError, match=r"no provider 'stripe'.*campfire, notify"):
        open_provider("stripe", api_key="sandbox-key")


def test_refuses_an_unknown_setting() -> None:
    """The error names the setting and does not contain the key."""
    with pytest.raises(
        ConfigurationError, match=r"'campfire' does not take these settings.*colour"
    ) as caught:
        open_provider("campfire", api_key="sandbox-key", colour="red")
    assert "sandbox-key" not in str(caught.value)


def test_type_error_of_a_constructor(install: Install, list_backed: str) -> None:
    """A TypeError from inside the constructor is raised as it is, with its traceback."""
    install("ledger", list_backed.replace("self.closed = False", "self.closed = len(0)"))
    with pytest.raises(TypeError, match="object of type 'int' has no len") as raised:
        open_provider("ledger", api_key="sandbox-key")
    assert str(raised.traceback[-1].path).endswith("ledger_payments.py")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda api_key: api_key, None),
        (lambda: None, "too many positional arguments"),
        (type, None),
    ],
    ids=["taken", "not taken", "not said"],
)
def test_explains_a_mismatch_by_the_signature(
    make: Callable[..., object], reason: str | None
) -> None:
    """The signature, if there is one, decides whether the arguments fit."""
    assert reason == explain_mismatch(make, "key")


def test_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any provider the error says so."""
    monkeypatch.setattr(discovery, "entry_points", EntryPoints().select)
    assert [] == installed_providers()
    with pytest.raises(ConfigurationError, match="Installed: none"):
        load_provider("campfire")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import module_that_is_nowhere",
            "cannot be imported: ModuleNotFoundError: No module named 'module_that_is_nowhere'",
        ),
        ("", r"cannot be imported: AttributeError: .*Made"),
        ("raise SystemExit('not today')", "cannot be imported: SystemExit: not today"),
        ("class Odd(BaseException): ...\n\n\nraise Odd('way')", "cannot be imported: Odd: way"),
        ("Made = 7", "cannot be called, so it cannot make a provider"),
    ],
)
def test_provider_that_cannot_be_imported(install: Install, source: str, reason: str) -> None:
    """The error names the provider, its package and the reason; the others still work."""
    install("broken", source)
    with pytest.raises(
        ConfigurationError,
        match=rf"The provider 'broken' \(broken_payments:Made of broken\) {reason}",
    ):
        load_provider("broken")
    assert NotifyProvider is load_provider("notify")


def test_ctrl_c_during_an_import(install: Install) -> None:
    """A KeyboardInterrupt during an import is raised as it is."""
    install("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_provider("slow")


def test_reason_of_a_failed_import_is_the_cause(install: Install) -> None:
    """The error is chained to the exception of the import."""
    install("broken", "import module_that_is_nowhere")
    with pytest.raises(ConfigurationError) as raised:
        load_provider("broken")
    assert isinstance(raised.value.__cause__, ModuleNotFoundError)


def test_two_providers_of_one_name_are_refused(install: Install) -> None:
    """If two packages have the name, neither is used, and both are named."""
    install("acme-pay", "class Made: ...", name="acme")
    install("another", "class Made: ...", name="acme")
    assert ["acme", "campfire", "notify"] == installed_providers()
    with pytest.raises(
        ConfigurationError,
        match=r"Several installed packages have a provider 'acme': .*Uninstall all but one",
    ) as raised:
        open_provider("acme", api_key="sandbox-key")
    assert "acme_pay_payments:Made of acme-pay" in str(raised.value)
    assert "another_payments:Made of another" in str(raised.value)


def test_one_that_takes_the_name_of_paysdks_own_is_refused(install: Install) -> None:
    """A package cannot replace a provider of paysdk and receive its key."""
    install("sneaky", "class Made: ...", name="campfire")
    with pytest.raises(
        ConfigurationError, match="Several installed packages have a provider 'campfire'"
    ):
        open_provider("campfire", api_key="sandbox-key")


def test_same_provider_found_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is on the path twice counts once."""
    points = [EntryPoint("known", "paysdk.provider:PaymentsProvider", "paysdk.providers")] * 2
    monkeypatch.setattr(discovery, "entry_points", EntryPoints(points).select)
    assert ["known"] == installed_providers()
    assert "PaymentsProvider" == load_provider("known").__name__


def test_refuses_an_object_without_the_protocol(install: Install) -> None:
    """The error names the attributes that are missing."""
    install(
        "half",
        "class Made:\n    name = 'half'\n    def __init__(self, api_key): self.aclose = None",
    )
    with pytest.raises(
        ConfigurationError,
        match="provider 'half' is not a PaymentsProvider: it lacks capabilities, list_payments",
    ):
        open_provider("half", api_key="sandbox-key")


def test_property_that_needs_an_open_provider(install: Install, list_backed: str) -> None:
    """A property that raises before the provider is open counts as present."""
    install(
        "late",
        list_backed
        + """
def unknown(self):
    raise RuntimeError("not open yet")


Made.name = Made.capabilities = property(unknown)
""",
    )
    late = open_provider("late", api_key="sandbox-key")
    with pytest.raises(RuntimeError, match="not open yet"):
        _ = late.name


def test_a_provider_of_another_name_is_refused(install: Install, list_backed: str) -> None:
    """Payments are stored under the provider's own name, so it must be the installed name."""
    install(
        "impostor",
        list_backed.replace('    name = "ledger"\n', "").replace(
            "self.closed", 'self.name = "ledger"; self.closed', 1
        ),
    )
    with pytest.raises(
        ConfigurationError,
        match=r"provider 'impostor' says that its name is 'ledger'\. Its package must use",
    ):
        open_provider("impostor", api_key="sandbox-key")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("async def Made(api_key): ...", "it is a coroutine function"),
        (
            "class Made:\n    def __init__(self, api_key): ...",
            "it has none of name, capabilities, list_payments, aclose",
        ),
    ],
)
def test_refuses_what_cannot_make_a_provider(install: Install, source: str, reason: str) -> None:
    """An object that obviously makes no provider is refused before it is called."""
    install("odd", source)
    with pytest.raises(
        ConfigurationError,
        match=f"The object installed as provider 'odd' is not a PaymentsProvider: {reason}",
    ):
        load_provider("odd")


def test_class_with_getattr(install: Install, list_backed: str) -> None:
    """A class with `__getattr__` is checked only after it is called."""
    around = (
        "def __init__(self, key): self.inner = Inner(key)\n    def __getattr__(self, name): "
        "return getattr(self.inner, name)"
    )
    install("ledger", f"{list_backed}\n\nInner = Made\n\n\nclass Made:\n    {around}\n")
    assert "ledger" == open_provider("ledger", api_key="sandbox-key").name


def test_refuses_a_class_of_another_name(install: Install, list_backed: str) -> None:
    """A class with another name is refused before it is called."""
    install("impostor", list_backed)
    with pytest.raises(ConfigurationError, match="says that its name is 'ledger'"):
        load_provider("impostor")


def test_loads_from_any_group(install: Install) -> None:
    """Sandboxes are found in the same way as providers."""
    install("acme", "class Made: ...", group="paysdk.sandboxes")
    assert ["acme", "campfire", "notify"] == installed_names("paysdk.sandboxes")
    assert "Made" == load("sandbox", "paysdk.sandboxes", "acme").__name__
    with pytest.raises(
        ConfigurationError,
        match=r"There is no sandbox 'nobody'\. Installed: acme, campfire, notify",
    ):
        load("sandbox", "paysdk.sandboxes", "nobody")


@pytest.mark.parametrize(
    ("name", "setting"), [("campfire", {"timeout": 0}), ("campfire", {"colour": 1}), ("nobody", {})]
)
def test_open_provider_shows_no_key(
    name: str, setting: dict[str, object], told_by: Callable[[BaseException], str]
) -> None:
    """No traceback of an error of `open_provider` contains the key."""
    with pytest.raises(ConfigurationError) as raised:
        open_provider(name, api_key="sandbox-key", **setting)
    assert "sandbox-key" not in told_by(raised.value)


def test_wrong_provider_shows_no_key(
    install: Install, told_by: Callable[[BaseException], str]
) -> None:
    """The error about an object that is not a provider does not contain the key."""
    install("half", "class Made:\n    def __init__(self, api_key): ...")
    with pytest.raises(ConfigurationError) as raised:
        open_provider("half", api_key="sandbox-key")
    assert "sandbox-key" not in told_by(raised.value)
