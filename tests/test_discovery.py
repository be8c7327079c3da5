"""Finding providers by name, in packages as an installer leaves them."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING

import pytest

from paysdk import Listing, PaymentsProvider, discovery
from paysdk.discovery import (
    installed_names,
    installed_providers,
    load,
    load_provider,
    open_provider,
    unfit,
)
from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.notify.provider import NotifyProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Install


def test_both_providers_are_found() -> None:
    """What paysdk brings itself comes through the same door as everybody's."""
    assert {"campfire", "notify"} <= set(installed_providers())
    assert sorted(installed_providers()) == installed_providers()
    assert CampfireProvider is load_provider("campfire")
    assert NotifyProvider is load_provider("notify")


def test_provider_is_opened_with_its_own_settings() -> None:
    """Settings go to the provider's class, the key among them."""
    provider = open_provider(
        "notify", api_key="test_sandbox", base_url="http://127.0.0.1:8000", currency="EUR"
    )
    assert isinstance(provider, NotifyProvider)
    assert provider.test_mode is True
    assert "http://127.0.0.1:8000" in repr(provider)


async def test_a_provider_of_another_package_is_opened(install: Install, list_backed: str) -> None:
    """Whatever keeps the protocol is a provider, with nothing of paysdk's in its classes."""
    install("paysdk-ledger", list_backed, name="ledger")
    assert ["campfire", "ledger", "notify"] == installed_providers()
    ledger = open_provider("ledger", api_key="sandbox-key", book="second")
    listing = ledger.list_payments()

    assert isinstance(ledger, PaymentsProvider)
    assert isinstance(listing, Listing)
    assert ["0", "1"] == [payment.id for payment in await listing.collect()]
    assert ["second", "second"] == [payment.invoice.number async for payment in listing]
    await ledger.aclose()


def test_unknown_provider_is_refused_with_the_names_that_there_are() -> None:
    """The error says which providers are installed."""
    with pytest.raises(ConfigurationError, match=r"no provider 'stripe'.*campfire, notify"):
        open_provider("stripe", api_key="sandbox-key")


def test_unknown_setting_is_refused_without_showing_the_key() -> None:
    """A setting that the provider's class does not take is named; the key is not."""
    with pytest.raises(
        ConfigurationError, match=r"'campfire' does not take these settings.*colour"
    ) as caught:
        open_provider("campfire", api_key="sandbox-key", colour="red")
    assert "sandbox-key" not in str(caught.value)


def test_a_mistake_in_a_constructor_is_no_wrong_setting(install: Install, list_backed: str) -> None:
    """A ``TypeError`` from within it comes through, with the traceback that its author needs."""
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
def test_what_is_called_is_asked_first(make: Callable[..., object], reason: str | None) -> None:
    """Whether it takes the arguments is told by its signature, where it has one."""
    assert reason == unfit(make, "key")


def test_nothing_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any provider the error says so."""
    monkeypatch.setattr(discovery, "entry_points", EntryPoints().select)
    assert [] == installed_providers()
    with pytest.raises(ConfigurationError, match="Installed are: none"):
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
        ("Made = 7", "is no class and no function, so none can be made"),
    ],
)
def test_provider_that_cannot_be_used_is_named(install: Install, source: str, reason: str) -> None:
    """The error names the provider, the package that it came with, and the reason; the others can be used as ever."""
    install("broken", source)
    with pytest.raises(
        ConfigurationError,
        match=rf"The provider 'broken' \(broken_payments:Made of broken\) {reason}",
    ):
        load_provider("broken")
    assert NotifyProvider is load_provider("notify")


def test_ctrl_c_during_an_import_is_no_fault_of_the_provider(install: Install) -> None:
    """It ends the program as ever."""
    install("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_provider("slow")


def test_reason_of_a_failed_import_is_the_cause(install: Install) -> None:
    """Who mends the package sees its own traceback."""
    install("broken", "import module_that_is_nowhere")
    with pytest.raises(ConfigurationError) as raised:
        load_provider("broken")
    assert isinstance(raised.value.__cause__, ModuleNotFoundError)


def test_two_providers_of_one_name_are_refused(install: Install) -> None:
    """Which of two is meant cannot be told, so neither is taken, and both packages are named."""
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
    """No package can slip its provider under a name that is in use, and be given that one's key."""
    install("sneaky", "class Made: ...", name="campfire")
    with pytest.raises(
        ConfigurationError, match="Several installed packages have a provider 'campfire'"
    ):
        open_provider("campfire", api_key="sandbox-key")


def test_the_same_one_found_twice_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is on the path twice, as one being worked on may be, is one."""
    points = [EntryPoint("known", "paysdk.provider:PaymentsProvider", "paysdk.providers")] * 2
    monkeypatch.setattr(discovery, "entry_points", EntryPoints(points).select)
    assert ["known"] == installed_providers()
    assert "PaymentsProvider" == load_provider("known").__name__


def test_what_is_no_provider_is_said_to_be_none(install: Install) -> None:
    """What a class makes must keep the protocol; the error says what of it is missing."""
    install(
        "half",
        "class Made:\n    name = 'half'\n    def __init__(self, api_key): self.aclose = None",
    )
    with pytest.raises(
        ConfigurationError,
        match="provider 'half' is no PaymentsProvider: it has no capabilities, list_payments",
    ):
        open_provider("half", api_key="sandbox-key")


def test_what_a_provider_knows_only_when_open_is_not_asked_before(
    install: Install, list_backed: str
) -> None:
    """A property that has no answer yet is a property all the same."""
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
    """Payments are stored under the provider's own name, so one of another could pass them off as that one's."""
    install(
        "impostor",
        list_backed.replace('    name = "ledger"\n', "").replace(
            "self.closed", 'self.name = "ledger"; self.closed', 1
        ),
    )
    with pytest.raises(
        ConfigurationError,
        match=r"provider 'impostor' says that its name is 'ledger'\. Its package must give",
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
def test_what_can_be_seen_to_be_no_provider_is_not_loaded(
    install: Install, source: str, reason: str
) -> None:
    """It need not be called to be refused."""
    install("odd", source)
    with pytest.raises(
        ConfigurationError,
        match=f"What is installed as provider 'odd' is no PaymentsProvider: {reason}",
    ):
        load_provider("odd")


def test_a_class_that_hands_everything_on_is_loaded(install: Install, list_backed: str) -> None:
    """What it promises is seen only when it is made."""
    around = (
        "def __init__(self, key): self.inner = Inner(key)\n    def __getattr__(self, name): "
        "return getattr(self.inner, name)"
    )
    install("ledger", f"{list_backed}\n\nInner = Made\n\n\nclass Made:\n    {around}\n")
    assert "ledger" == open_provider("ledger", api_key="sandbox-key").name


def test_a_class_of_another_name_is_not_even_loaded(install: Install, list_backed: str) -> None:
    """Where the class says its name, it need not be made to be refused."""
    install("impostor", list_backed)
    with pytest.raises(ConfigurationError, match="says that its name is 'ledger'"):
        load_provider("impostor")


def test_entry_points_of_any_group_are_found(install: Install) -> None:
    """Sandboxes are found in the same way as providers."""
    install("acme", "class Made: ...", group="paysdk.sandboxes")
    assert ["acme", "campfire", "notify"] == installed_names("paysdk.sandboxes")
    assert "Made" == load("sandbox", "paysdk.sandboxes", "acme").__name__
    with pytest.raises(
        ConfigurationError,
        match=r"There is no sandbox 'nobody'\. Installed are: acme, campfire, notify",
    ):
        load("sandbox", "paysdk.sandboxes", "nobody")


@pytest.mark.parametrize(
    ("name", "setting"), [("campfire", {"timeout": 0}), ("campfire", {"colour": 1}), ("nobody", {})]
)
def test_open_provider_shows_no_key(
    name: str, setting: dict[str, object], told_by: Callable[[BaseException], str]
) -> None:
    """Whatever is wrong with the call, no traceback of the error shows the key."""
    with pytest.raises(ConfigurationError) as raised:
        open_provider(name, api_key="sandbox-key", **setting)
    assert "sandbox-key" not in told_by(raised.value)


def test_a_provider_of_another_kind_shows_no_key(
    install: Install, told_by: Callable[[BaseException], str]
) -> None:
    """Nor does the error about what is no provider, though that was given the key."""
    install("half", "class Made:\n    def __init__(self, api_key): ...")
    with pytest.raises(ConfigurationError) as raised:
        open_provider("half", api_key="sandbox-key")
    assert "sandbox-key" not in told_by(raised.value)
