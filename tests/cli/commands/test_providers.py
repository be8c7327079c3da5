"""``paysdk providers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Outcome
    from tests.conftest import Install

    Command = Callable[..., Outcome]


def test_providers_are_shown_with_what_they_can(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its filters, its largest page, and whether there is a key for it."""
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
    ] == notify.split()
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_a_broken_provider_harms_nothing_else(paysdk: Command, install: Install) -> None:
    """It is reported by name, and the others are shown as ever."""
    install("broken", "import module_that_is_nowhere")
    outcome = paysdk("providers")

    assert 0 == outcome.code
    assert "broken    cannot be used" in outcome.out
    assert "campfire" in outcome.out
    assert outcome.err.startswith("paysdk: The provider 'broken'")
    assert "module_that_is_nowhere" in outcome.err


def test_capabilities_that_raise_harm_nothing_else(paysdk: Command, install: Install) -> None:
    """What asking a class raises is told of it, and the others are shown as ever."""
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


def test_a_provider_may_know_itself_only_when_open(paysdk: Command, install: Install) -> None:
    """Capabilities that are not on the class are not made up."""
    install("acme", "class Made:\n    capabilities = property(lambda self: None)")

    assert "acme      not known" in paysdk("providers").out


@pytest.mark.parametrize("source", ["class Made: ...", "async def Made(api_key): ..."])
def test_what_is_no_provider_is_not_shown_as_one(
    paysdk: Command, install: Install, source: str
) -> None:
    """What can be seen to make none cannot be used, and is said to be so."""
    install("acme", source)
    outcome = paysdk("providers")

    assert "acme      cannot be used" in outcome.out
    assert outcome.err.startswith(
        "paysdk: What is installed as provider 'acme' is no PaymentsProvider: "
    )


def test_names_with_the_same_variables_are_said(paysdk: Command, install: Install) -> None:
    """Neither is given a key from the environment, and what to do about it is told."""
    install("one", "class Made:\n    name = 'acme-pay'", name="acme-pay")
    install("other", "class Made:\n    name = 'acme.pay'", name="acme.pay")
    outcome = paysdk("providers")

    assert 2 == outcome.out.count("is not used")
    assert (
        "PAYSDK_ACME_PAY_… would be those of acme-pay and of acme.pay, so none of them is used."
        in outcome.err
    )
    assert 2 == outcome.err.count("\n")


def test_two_of_one_name_are_said(paysdk: Command, install: Install) -> None:
    """Which is meant cannot be told, and both packages are named."""
    install("acme-pay", "class Made: ...", name="acme")
    install("another", "class Made: ...", name="acme")
    outcome = paysdk("providers")

    assert 0 == outcome.code
    assert "acme      cannot be used" in outcome.out
    assert "Several installed packages have a provider 'acme': " in outcome.err
    assert "Made of acme-pay" in outcome.err
