"""Keys and origins, and providers that raise errors of their own."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from paysdk import CampfireProvider, ConfigurationError, NotifyProvider, PaysdkError
from paysdk.cli.providers import (
    ProviderSelection,
    SandboxSettings,
    as_paysdk_error,
    make_sandbox,
    open_providers,
)
from paysdk.discovery import load_provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Install

    from .conftest import Outcome

    Command = Callable[..., Outcome]


async def test_a_provider_goes_to_its_own_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an origin in the environment, the provider uses its own."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "any")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_BASE_URL", "")

    async with open_providers(ProviderSelection(names=("campfire",)), []) as providers:
        assert ["CampfireProvider(base_url='https://api.meetcampfire.com')"] == [
            *map(repr, providers)
        ]


async def test_the_environment_gives_origin_and_key_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The key is the content of the file without its line end."""
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
        ("nonsense", r"base_url is not an http\(s\) URL"),
    ],
)
async def test_a_wrong_origin_is_traced_to_its_variable(
    monkeypatch: pytest.MonkeyPatch, base_url: str, reason: str
) -> None:
    """The error names the variables that the settings came from."""
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
    ("content", "reason"),
    [(None, "cannot be read: No such file"), (b"\xff\xfe\xff", "is not a text file")],
)
async def test_a_key_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """The error names the key file."""
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


async def test_the_context_closes_what_it_opened() -> None:
    """The end of the context closes the provider and the sandbox."""
    async with open_providers(
        ProviderSelection(names=("campfire",), sandbox=SandboxSettings(payments=1, latency=0.0)), []
    ) as (campfire,):
        assert isinstance(campfire, CampfireProvider)
        assert await campfire.list_payments().first() is not None

    with pytest.raises(ConfigurationError, match="closed"):
        await campfire.list_payments().first()


def test_a_provider_that_breaks_on_import_is_named(install: Install) -> None:
    """Any exception during the import of a provider names the provider."""
    install("broken", "raise RuntimeError('half installed')")

    with pytest.raises(
        ConfigurationError,
        match=r"The provider .broken. \(.*\) cannot be imported: RuntimeError: half installed",
    ):
        load_provider("broken")


def test_a_sandbox_with_other_options_is_refused(install: Install) -> None:
    """A sandbox that does not take a number of payments is refused."""
    install("odd", "Made = dict.fromkeys", group="paysdk.sandboxes")

    with pytest.raises(ConfigurationError, match="The sandbox 'odd' does not take these options"):
        make_sandbox("odd", SandboxSettings(payments=1, latency=0.0))


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
    """A provider that works."""
    install("ledger", list_backed)
    monkeypatch.setenv("PAYSDK_LEDGER_API_KEY", "sandbox-key")


@pytest.fixture
def broken(
    install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Installs the provider ``broken``, which raises at a given step."""

    def broken(when: str) -> None:
        install("broken", list_backed.replace('"ledger"', '"broken"') + "\n\n" + BROKEN[when])
        monkeypatch.setenv("PAYSDK_BROKEN_API_KEY", "sandbox-key")

    return broken


def test_an_error_names_the_provider() -> None:
    """The error names the provider and has a cause; paysdk's own errors stay."""
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
def test_a_broken_provider_does_not_stop_a_list(
    paysdk: Command, broken: Callable[[str], None], when: str, output_format: str
) -> None:
    """A provider that raises is one line on stderr, and the other is listed."""
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
def test_a_broken_provider_does_not_stop_a_sync(
    paysdk: Command, broken: Callable[[str], None], when: str, tmp_path: Path
) -> None:
    """A provider that raises is one line on stderr, and the other is synced."""
    broken(when)
    outcome = paysdk("sync", "broken", "ledger", "--to", str(tmp_path / "payments.db"))

    assert 1 == outcome.code
    assert ["ledger", "full", "2"] == outcome.out.splitlines()[-1].split()[:3]
    assert 1 == outcome.err.count("\n")
    assert "The provider 'broken' " in outcome.err
    assert "ValueError: of its own making" in outcome.err


@pytest.mark.parametrize("output_format", ["table", "csv"])
def test_nothing_is_listed_if_all_are_broken(
    paysdk: Command, broken: Callable[[str], None], output_format: str
) -> None:
    """Without a provider that works, there is no summary."""
    broken("imported")
    outcome = paysdk("list", "broken", "--format", output_format, "--currency", "EUR")

    assert 1 == outcome.code
    assert "" == outcome.out.partition("\n")[2]
    assert 1 == outcome.err.count("\n")


@pytest.mark.parametrize("when", ["made", "closed", "asked"])
def test_a_broken_provider_of_invoices_is_reported(
    paysdk: Command, install: Install, list_backed: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """An error of the provider is one line; an invoice that was read is shown."""
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
