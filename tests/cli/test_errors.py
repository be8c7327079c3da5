"""Providers that are broken, beside others that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk import ConfigurationError, PaysdkError
from paysdk.cli.errors import as_paysdk_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Install

    from .conftest import Outcome

    Command = Callable[..., Outcome]

BROKEN = {
    "made": (
        "def __init__(self, api_key):\n    raise ValueError('of its "
        "own\\nmaking')\n\n\nMade.__init__ = __init__"
    ),
    "asked": (
        "def list_payments(self, **selection):\n    raise ValueError('of its "
        "own\\nmaking')\n\n\nMade.list_payments = list_payments"
    ),
    "walked": (
        "async def pages(self):\n    raise ValueError('of its own\\nmaking')\n    "
        "yield\n\n\nGiven.pages = pages"
    ),
    "closed": (
        "async def aclose(self):\n    raise ValueError('of its "
        "own\\nmaking')\n\n\nMade.aclose = aclose"
    ),
    "imported": "raise ValueError('of its own\\nmaking')",
}


@pytest.fixture
def ledger(install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider without fault."""
    install("ledger", list_backed)
    monkeypatch.setenv("PAYSDK_LEDGER_API_KEY", "sandbox-key")


@pytest.fixture
def broken(
    install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Installs the provider ``broken``, which raises at some point."""

    def broken(when: str) -> None:
        install("broken", list_backed.replace('"ledger"', '"broken"') + "\n\n" + BROKEN[when])
        monkeypatch.setenv("PAYSDK_BROKEN_API_KEY", "sandbox-key")

    return broken


def test_what_a_provider_raises_names_it() -> None:
    """The error keeps what was raised as its cause; one of paysdk's own stays itself."""
    raised = ValueError("of its own making")
    own = ConfigurationError("no")

    assert "The provider 'acme' failed: ValueError: of its own making" == str(
        as_paysdk_error("acme", raised)
    )
    assert raised is as_paysdk_error("acme", raised).__cause__
    assert PaysdkError is type(as_paysdk_error("acme", raised))
    assert own is as_paysdk_error("acme", own)


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("output_format", ["table", "csv"])
@pytest.mark.parametrize("when", BROKEN)
def test_a_broken_provider_harms_no_other_in_a_list(
    paysdk: Command, broken: Callable[[str], None], when: str, output_format: str
) -> None:
    """Whenever it raises, that is one line on stderr, and the payments of the other are listed."""
    broken(when)
    outcome = paysdk("list", "broken", "ledger", "--format", output_format)
    told = [
        line
        for line in outcome.err.splitlines()
        if "payments" not in line.replace("broken_payments", "")
    ]

    assert 1 == outcome.code
    assert 2 == sum(
        line.startswith("ledger") for line in outcome.out.splitlines() if "payments" not in line
    )
    assert 1 == len(told)
    assert told[0].startswith("paysdk: The provider 'broken' ")
    assert told[0].endswith("ValueError: of its own making")


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("when", BROKEN)
def test_a_broken_provider_harms_no_other_in_a_sync(
    paysdk: Command, broken: Callable[[str], None], when: str, tmp_path: Path
) -> None:
    """The other's payments are stored all the same."""
    broken(when)
    outcome = paysdk("sync", "broken", "ledger", "--to", str(tmp_path / "payments.db"))

    assert 1 == outcome.code
    assert ["ledger", "full", "2"] == outcome.out.splitlines()[-1].split()[:3]
    assert 1 == outcome.err.count("\n")
    assert "The provider 'broken' " in outcome.err
    assert "ValueError: of its own making" in outcome.err


@pytest.mark.parametrize("output_format", ["table", "csv"])
def test_nothing_is_shown_where_all_are_broken(
    paysdk: Command, broken: Callable[[str], None], output_format: str
) -> None:
    """Without any provider there is no summary, and a currency is nobody's."""
    broken("imported")
    outcome = paysdk("list", "broken", "--format", output_format, "--currency", "EUR")

    assert 1 == outcome.code
    assert "" == outcome.out.partition("\n")[2]
    assert 1 == outcome.err.count("\n")


@pytest.mark.parametrize("when", ["made", "closed", "asked"])
def test_a_broken_provider_of_invoices_is_told(
    paysdk: Command, install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Whatever it raises is one line on stderr; an invoice that was read before is shown."""
    source = list_backed.replace('"ledger"', '"broken"') + "\n\n" + BROKEN[when]
    retrieve = (
        "from paysdk import Invoice\n    return Invoice(id=invoice_id)"
        if when == "closed"
        else "raise ValueError('of its own making')"
    )
    install(
        "broken",
        f"{source}\n\n\nasync def retrieve(self, invoice_id):\n    "
        f"{retrieve}\n\n\nMade.retrieve_invoice = retrieve\n",
    )
    monkeypatch.setenv("PAYSDK_BROKEN_API_KEY", "sandbox-key")
    outcome = paysdk("invoice", "7", "--provider", "broken", "--format", "json")

    assert 1 == outcome.code
    assert (when == "closed") == ('"id":"7"' in outcome.out or '"id":7' in outcome.out)
    assert "paysdk: The provider 'broken' failed: ValueError: of its own making\n" == outcome.err
