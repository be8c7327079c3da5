"""What variables say of a provider."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Optional

import pytest

from paysdk import CampfireProvider, ConfigurationError, NotifyProvider
from paysdk.cli.environment import (
    key_source,
    parameters,
    settings_found,
    unknown_variables,
    variable,
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
    """Whatever no shell takes in a variable's name becomes an underscore."""
    assert expected == variable(provider, "API_KEY")


def test_a_key_goes_before_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both variables are set, the key itself counts."""
    assert key_source("acme") is None
    monkeypatch.setenv("PAYSDK_ACME_API_KEY_FILE", "/somewhere")
    assert "PAYSDK_ACME_API_KEY_FILE" == key_source("acme")
    monkeypatch.setenv("PAYSDK_ACME_API_KEY", "sandbox-key")
    assert "PAYSDK_ACME_API_KEY" == key_source("acme")


def made(  # type: ignore[no-untyped-def]
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
    """A provider's class, as far as its parameters are concerned."""


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
    """Each setting that a text can say has a variable, whose text becomes what the provider's class takes."""
    monkeypatch.setenv(f"PAYSDK_ACME_{setting.upper()}", text)
    assert {setting: (expected, f"PAYSDK_ACME_{setting.upper()}")} == settings_found("acme", made)


@pytest.mark.parametrize(
    ("setting", "text", "message"),
    [
        ("pages", "many", "PAYSDK_ACME_PAGES must be a whole number, not 'many'"),
        ("timeout", "soon", "PAYSDK_ACME_TIMEOUT must be a number, not 'soon'"),
        ("live", "perhaps", "PAYSDK_ACME_LIVE must be true or false, not 'perhaps'"),
        ("key", "x", "PAYSDK_ACME_KEY is set, but key is a bytes, which no variable can give"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, setting: str, text: str, message: str
) -> None:
    """The error says which variable it is, and what it must be."""
    monkeypatch.setenv(f"PAYSDK_ACME_{setting.upper()}", text)
    with pytest.raises(ConfigurationError, match=message):
        settings_found("acme", made)


def test_key_origin_and_what_nobody_takes_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key and origin have ways of their own; a variable that is empty, or that no parameter fits, says nothing."""
    for name in ("API_KEY", "BASE_URL", "MORE", "COLOUR", "PAY_API_KEY"):
        monkeypatch.setenv(f"PAYSDK_ACME_{name}", "x")
    monkeypatch.setenv("PAYSDK_ACME_REGION", "")
    assert {} == settings_found("acme", made)


def test_a_variable_that_nothing_reads_is_found(
    monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    """Only what begins with the provider's name, is set, and is neither a setting of it nor another provider's."""
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
    assert ["PAYSDK_ACME_MORE", "PAYSDK_ACME_REGOIN"] == unknown_variables("acme", made)


def test_a_mistyped_variable_is_told(
    paysdk: Command, install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one line on stderr, and changes nothing else."""
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


def test_what_is_passed_on_counts() -> None:
    """A class that takes ``**settings`` takes what its base does; one that names all it takes hides the rest."""

    class Passing(NotifyProvider):
        def __init__(self, api_key: str, *, region: str = "", **settings: object) -> None: ...

    class Own(NotifyProvider):
        def __init__(self, api_key: str) -> None: ...

    assert {"api_key", "region", "settings", "currency", "timeout", "on_event"} <= parameters(
        Passing
    ).keys()
    assert {"api_key"} == parameters(Own).keys()
    assert {} == parameters(dict)


async def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Campfire and Notify have a variable for each setting too, and an option goes before it."""
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


async def test_a_sandbox_uses_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for the real API does not reach the sandbox."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_TIMEOUT", "7.5")
    async with open_providers(
        ProviderSelection(names=("campfire",), sandbox=SandboxSettings(payments=1, latency=0.0)), []
    ) as (campfire,):
        assert isinstance(campfire, CampfireProvider)
        assert 60.0 == campfire._client.settings.timeout


async def test_a_wrong_setting_is_traced_to_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the provider refuses is told with the variables that it came from."""
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
    """``paysdk list`` takes any object that keeps the protocol, with its own settings."""
    install(
        "paysdk-ledger", list_backed.replace('name = "ledger"', 'name = "led.ger"'), name="led.ger"
    )
    monkeypatch.setenv("PAYSDK_LED_GER_API_KEY", "sandbox-key")
    monkeypatch.setenv("PAYSDK_LED_GER_BOOK", "second")
    outcome = paysdk("list", "led.ger", "--format", "csv")

    assert (0, "paysdk: led.ger: 2 payments\n") == (outcome.code, outcome.err)
    assert 2 == outcome.out.count("second")
    assert "led.ger" in paysdk("providers").out


def test_providers_whose_variables_would_be_one_are_refused(
    paysdk: Command, install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two names that differ in what no variable can hold would be given each other's keys."""
    install("one", list_backed.replace('name = "ledger"', 'name = "acme-pay"'), name="acme-pay")
    install("other", list_backed.replace('name = "ledger"', 'name = "acme.pay"'), name="acme.pay")
    monkeypatch.setenv("PAYSDK_ACME_PAY_API_KEY", "sandbox-key")
    outcome = paysdk("list", "acme-pay")

    assert (2, "") == (outcome.code, outcome.out)
    assert (
        "PAYSDK_ACME_PAY_… would be those of acme-pay and of acme.pay, so none of them is used"
        in outcome.err
    )
