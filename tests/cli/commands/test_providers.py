"""``paysdk providers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome
    from tests.conftest import Install

    Command = Callable[..., Outcome]


def test_providers_are_shown_with_their_capabilities(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each provider has its filters, its largest page, and whether a key is set."""
    monkeypatch.setenv("PAYSDK_NOTIFY_API_KEY_FILE", "/somewhere")
    outcome = paysdk("providers")
    campfire, notify = (outcome.out[outcome.out.index(name) :] for name in ("campfire", "notify"))

    assert (0, "") == (outcome.code, outcome.err)
    assert [
        "campfire",
        "external_id",
        "10,000",
        "reported",
        "PAYSDK_CAMPFIRE_API_KEY",
    ] == campfire.split()[:5]
    assert "is not set" in campfire.partition("notify")[0]
    assert [
        "notify",
        "none",
        "250",
        "not",
        "reported",
        "PAYSDK_NOTIFY_API_KEY_FILE",
        "is",
        "set",
        "PAYSDK_NOTIFY_CURRENCY",
        "is",
        "not",
        "set",
    ] == notify.split()[:12]
    assert "Providers over HTTP also read PAYSDK_<PROVIDER>_BASE_URL" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_a_broken_provider_does_not_hide_the_others(paysdk: Command, install: Install) -> None:
    """A provider that cannot be imported is reported, and the others are shown."""
    install("broken", "import module_that_is_nowhere")
    outcome = paysdk("providers")

    assert 0 == outcome.code
    assert "broken    cannot be used" in outcome.out
    assert "campfire" in outcome.out
    assert outcome.err.startswith("paysdk: The provider 'broken'")
    assert "module_that_is_nowhere" in outcome.err


def test_capabilities_that_raise_do_not_hide_the_others(paysdk: Command, install: Install) -> None:
    """An error of a class's property is reported, and the other providers are shown."""
    install(
        "acme",
        "class Kind(type):\n    capabilities = property(lambda cls: 1 / 0)\n\n\nclass "
        "Made(metaclass=Kind):\n    name = 'acme'",
    )
    outcome = paysdk("providers")

    assert 0 == outcome.code
    assert "acme      cannot be used" in outcome.out
    assert "campfire" in outcome.out
    assert (
        "paysdk: The provider 'acme' failed: ZeroDivisionError: division by zero\n" == outcome.err
    )


def test_capabilities_of_an_open_provider_only_are_not_known(
    paysdk: Command, install: Install
) -> None:
    """If only an open provider has capabilities, they are shown as not known."""
    install("acme", "class Made:\n    capabilities = property(lambda self: None)")

    assert "acme      not known" in paysdk("providers").out


@pytest.mark.parametrize("source", ["class Made: ...", "async def Made(api_key): ..."])
def test_an_entry_point_of_another_kind_is_reported(
    paysdk: Command, install: Install, source: str
) -> None:
    """An entry point that does not make a provider is reported."""
    install("acme", source)
    outcome = paysdk("providers")

    assert "acme      cannot be used" in outcome.out
    assert outcome.err.startswith(
        "paysdk: The object installed as provider 'acme' is not a PaymentsProvider: "
    )


def test_names_with_the_same_variables_are_reported(paysdk: Command, install: Install) -> None:
    """Two names that share a variable get no key from it, and the error says what to do."""
    install("one", "class Made:\n    name = 'acme-pay'", name="acme-pay")
    install("other", "class Made:\n    name = 'acme.pay'", name="acme.pay")
    outcome = paysdk("providers")

    assert 2 == outcome.out.count("is not used")
    assert (
        "PAYSDK_ACME_PAY_… would belong to acme-pay and to acme.pay, so none of them is used."
        in outcome.err
    )
    assert 2 == outcome.err.count("\n")


def test_two_providers_of_one_name_are_reported(paysdk: Command, install: Install) -> None:
    """If two packages install the same name, neither is used, and both are named."""
    install("acme-pay", "class Made: ...", name="acme")
    install("another", "class Made: ...", name="acme")
    outcome = paysdk("providers")

    assert 0 == outcome.code
    assert "acme      cannot be used" in outcome.out
    assert "Several installed packages have a provider 'acme': " in outcome.err
    assert "Made of acme-pay" in outcome.err


def test_settings_are_shown_with_their_variables(
    paysdk: Command, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting without a default is missing until its variable is set."""
    install(
        "acme",
        "class Made:\n    name = 'acme'\n    list_payments = aclose = None\n\n"
        "    def __init__(self, api_key, tenant: str, *, region: str = 'eu', key: bytes = b''):\n"
        "        ...",
    )
    for state in ("is missing", "is set"):
        acme = paysdk("providers").out.partition("campfire")[0]
        assert f"PAYSDK_ACME_TENANT {state}" in " ".join(acme.split())
        monkeypatch.setenv("PAYSDK_ACME_TENANT", "x")
    assert "PAYSDK_ACME_REGION is not set" in " ".join(acme.split())
    assert "PAYSDK_ACME_KEY" not in acme
