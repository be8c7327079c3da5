"""Settings from environment variables."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Optional

import pytest

from paysdk import CampfireProvider, ConfigurationError, NotifyProvider
from paysdk.cli.environment import (
    find_key_variable,
    find_parameters,
    find_unknown_variables,
    read_settings,
    variable_name,
)
from paysdk.cli.providers import ProviderSelection, SandboxSettings, open_providers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Install

    from .conftest import Outcome

    Command = Callable[..., Outcome]


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("acme-pay.2", "PAYSDK_ACME_PAY_2_API_KEY"),
        ("Über", "PAYSDK__BER_API_KEY"),
        ("a b", "PAYSDK_A_B_API_KEY"),
    ],
)
def test_a_variable_is_named_after_its_provider(provider: str, expected: str) -> None:
    """A character that a variable's name cannot have becomes an underscore."""
    assert expected == variable_name(provider, "API_KEY")


def test_a_key_overrides_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """If both variables are set, the key is used and not the file."""
    assert find_key_variable("acme") is None
    monkeypatch.setenv("PAYSDK_ACME_API_KEY_FILE", "/somewhere")
    assert "PAYSDK_ACME_API_KEY_FILE" == find_key_variable("acme")
    monkeypatch.setenv("PAYSDK_ACME_API_KEY", "sandbox-key")
    assert "PAYSDK_ACME_API_KEY" == find_key_variable("acme")


def make_acme(  # type: ignore[no-untyped-def]  # `plain` has no type
    api_key: str,
    *,
    base_url: str | None = None,
    region: str | None = None,
    old: Optional[str] = None,  # noqa: UP045  # as it is written in many packages
    pages: int = 1,
    timeout: float | None = 60.0,
    live: bool = False,
    plain="",  # noqa: ANN001  # likewise
    key: bytes = b"",
    **more: object,
) -> None:
    """The parameters of a provider's class."""


@pytest.mark.parametrize(
    ("setting", "text", "expected"),
    [
        ("region", "eu", "eu"),
        ("old", "eu", "eu"),
        ("pages", "3", 3),
        ("timeout", "2.5", 2.5),
        ("live", "True", True),
        ("live", "0", False),
        ("plain", "x", "x"),
    ],
)
def test_a_setting_is_read_by_its_type(
    monkeypatch: pytest.MonkeyPatch, setting: str, text: str, expected: object
) -> None:
    """A variable is parsed by the type of its setting."""
    monkeypatch.setenv(f"PAYSDK_ACME_{setting.upper()}", text)
    assert {setting: (expected, f"PAYSDK_ACME_{setting.upper()}")} == read_settings(
        "acme", make_acme
    )


@pytest.mark.parametrize(
    ("setting", "text", "message"),
    [
        ("pages", "many", "PAYSDK_ACME_PAGES must be a whole number, not 'many'"),
        ("timeout", "soon", "PAYSDK_ACME_TIMEOUT must be a number, not 'soon'"),
        ("live", "perhaps", "PAYSDK_ACME_LIVE must be true or false, not 'perhaps'"),
        ("key", "x", "PAYSDK_ACME_KEY is set, but a variable cannot hold key: its type is bytes"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, setting: str, text: str, message: str
) -> None:
    """The error names the variable, and says what it must be."""
    monkeypatch.setenv(f"PAYSDK_ACME_{setting.upper()}", text)
    with pytest.raises(ConfigurationError, match=message):
        read_settings("acme", make_acme)


def test_missing_settings_are_named_by_their_variables() -> None:
    """A setting without a default must be set."""

    def make(api_key: str, tenant: str, realm: str, region: str = "eu") -> None: ...

    with pytest.raises(
        ConfigurationError,
        match=r"acme needs a setting that is missing: set PAYSDK_ACME_TENANT and PAYSDK_ACME_REALM",
    ):
        read_settings("acme", make)


def test_other_variables_are_not_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key, the origin, and empty or unknown variables are not settings."""
    for name in ("API_KEY", "BASE_URL", "MORE", "COLOUR", "PAY_API_KEY"):
        monkeypatch.setenv(f"PAYSDK_ACME_{name}", "x")
    monkeypatch.setenv("PAYSDK_ACME_REGION", "")
    assert {} == read_settings("acme", make_acme)


def test_a_variable_that_nothing_reads_is_found(
    monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    """An unknown variable is set, has this provider's prefix, and fits no setting."""
    install("acme-pay", "class Made: ...")
    for name in (
        "API_KEY",
        "API_KEY_FILE",
        "BASE_URL",
        "REGION",
        "KEY",
        "PAY_API_KEY",
        "REGOIN",
        "MORE",
    ):
        monkeypatch.setenv(f"PAYSDK_ACME_{name}", "x")
    monkeypatch.setenv("PAYSDK_ACME_EMPTY", "")
    monkeypatch.setenv("PAYSDK_OTHER_REGOIN", "x")
    assert ["PAYSDK_ACME_MORE", "PAYSDK_ACME_REGOIN"] == find_unknown_variables("acme", make_acme)


def test_a_mistyped_variable_is_reported(
    paysdk: Command, install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped variable is reported on stderr, and changes nothing else."""
    install("ledger", list_backed)
    monkeypatch.setenv("PAYSDK_LEDGER_API_KEY", "sandbox-key")
    monkeypatch.setenv("PAYSDK_LEDGER_BOKO", "second")
    outcome = paysdk("list", "ledger")

    assert 0 == outcome.code
    assert (
        "paysdk: PAYSDK_LEDGER_BOKO is set, but ledger has no such setting, so it is not used.\n"
        == outcome.err
    )
    assert "ledger: 2 payments\n" in outcome.out


def test_parameters_of_base_classes_are_found() -> None:
    """A class with ``**settings`` also has the parameters of its base classes."""

    class Passing(NotifyProvider):
        def __init__(self, api_key: str, *, region: str = "", **settings: object) -> None: ...

    class Own(NotifyProvider):
        def __init__(self, api_key: str) -> None: ...

    assert {"api_key", "region", "settings", "currency", "timeout", "on_event"} <= find_parameters(
        Passing
    ).keys()
    assert {"api_key"} == find_parameters(Own).keys()
    assert {} == find_parameters(dict)


async def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting has a variable, and an option overrides it."""
    monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY", "test_key")
    monkeypatch.setenv("PAYSDK_NOTIFY_CURRENCY", "SEK")
    monkeypatch.setenv("PAYSDK_NOTIFY_TIMEOUT", "7.5")
    async with open_providers(ProviderSelection(names=("notify",)), []) as (notify,):
        assert isinstance(notify, NotifyProvider)
        assert ("SEK", 7.5) == (notify._currency, notify._client.settings.timeout)
    async with open_providers(ProviderSelection(names=("notify",), currency="EUR"), []) as (
        notify,
    ):
        assert isinstance(notify, NotifyProvider)
        assert "EUR" == notify._currency


async def test_a_sandbox_ignores_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox ignores the variables for the real API."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_TIMEOUT", "7.5")
    async with open_providers(
        ProviderSelection(names=("campfire",), sandbox=SandboxSettings(payments=1, latency=0.0)), []
    ) as (campfire,):
        assert isinstance(campfire, CampfireProvider)
        assert 60.0 == campfire._client.settings.timeout


async def test_a_wrong_setting_is_traced_to_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variables that the settings came from."""
    monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY", "test_key")
    monkeypatch.setenv("PAYSDK_NOTIFY_TIMEOUT", "-1")
    async with AsyncExitStack() as stack:
        with pytest.raises(
            ConfigurationError,
            match=r"^notify \(PAYSDK_NOTIFY_API_KEY, PAYSDK_NOTIFY_TIMEOUT\): timeout must be",
        ):
            await stack.enter_async_context(
                open_providers(ProviderSelection(names=("notify",)), [])
            )


def test_a_provider_without_paysdks_base_is_listed(
    paysdk: Command, install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``paysdk list`` works with any class of the protocol, and with its settings."""
    install(
        "paysdk-ledger", list_backed.replace('name = "ledger"', 'name = "led.ger"'), name="led.ger"
    )
    monkeypatch.setenv("PAYSDK_LED_GER_API_KEY", "sandbox-key")
    monkeypatch.setenv("PAYSDK_LED_GER_BOOK", "second")
    outcome = paysdk("list", "led.ger", "--format", "csv")

    assert (0, "paysdk: led.ger: 2 payments\n") == (outcome.code, outcome.err)
    assert 2 == outcome.out.count("second")
    assert "led.ger" in paysdk("providers").out


def test_providers_that_share_variables_are_refused(
    paysdk: Command, install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two providers whose variables have the same names are refused."""
    install("one", list_backed.replace('name = "ledger"', 'name = "acme-pay"'), name="acme-pay")
    install("other", list_backed.replace('name = "ledger"', 'name = "acme.pay"'), name="acme.pay")
    monkeypatch.setenv("PAYSDK_ACME_PAY_API_KEY", "sandbox-key")
    outcome = paysdk("list", "acme-pay")

    assert (2, "") == (outcome.code, outcome.out)
    assert (
        "PAYSDK_ACME_PAY_… would belong to acme-pay and to acme.pay, so none of them is used"
        in outcome.err
    )
