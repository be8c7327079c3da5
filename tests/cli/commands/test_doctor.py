"""``paysdk doctor``."""

from __future__ import annotations

import asyncio
import time
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
import trustme

from paysdk import CampfireProvider, RawResponse
from paysdk.sync import SQLPaymentStore
from paysdk.testing import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from paysdk.testing import Sandbox
    from tests.cli.conftest import Outcome
    from tests.conftest import Install

    Command = Callable[..., Outcome]
    ServeApi = Callable[[str, Sandbox], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide terminal, so that no line is folded."""
    monkeypatch.setenv("COLUMNS", "200")


def test_an_api_that_answers_is_well(paysdk: Command, serve_api: ServeApi) -> None:
    """The settings, the clock and the first payment are shown, and no key."""
    sandbox = open_sandbox("campfire", payments=3)
    with serve_api("CAMPFIRE", sandbox):
        outcome = paysdk("doctor", "campfire", "--timeout", "20")

    assert (0, "") == (outcome.code, outcome.err)
    assert "paysdk" in outcome.out
    assert "key: PAYSDK_CAMPFIRE_API_KEY is set" in outcome.out
    assert "(from PAYSDK_CAMPFIRE_BASE_URL)" in outcome.out
    assert "clock: this machine is 0 s" in outcome.out or "1 s" in outcome.out
    assert "and the first payment can be read" in outcome.out
    assert "20.0 (from --timeout)" in outcome.out
    assert sandbox.api_key not in outcome.out


def test_a_key_that_is_refused_is_told(
    paysdk: Command, serve_api: ServeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused key is a failure, and the exit code says so."""
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=0)):
        monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "another-key")
        outcome = paysdk("doctor")

    assert 1 == outcome.code
    assert "Check the API key" in outcome.out
    assert "another-key" not in outcome.out


def test_an_empty_account_is_well(paysdk: Command, serve_api: ServeApi) -> None:
    """An account without payments can be read, too."""
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=0)):
        outcome = paysdk("doctor")

    assert 0 == outcome.code
    assert "and there are no payments" in outcome.out
    assert "No key: set PAYSDK_NOTIFY_API_KEY." in outcome.out


def test_a_server_that_is_not_there_is_told(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a connection, each check says so."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "sandbox-key")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_BASE_URL", "http://127.0.0.1:1")
    outcome = paysdk("doctor", "campfire", "--retries", "0")

    assert 1 == outcome.code
    assert "ClientConnectorError" in outcome.out


def test_a_named_provider_needs_a_key(paysdk: Command) -> None:
    """A provider that is named and has no key is a failure."""
    outcome = paysdk("doctor", "notify")

    assert 1 == outcome.code
    assert "no  notify" in outcome.out


@pytest.mark.parametrize(
    ("date", "code", "shown"),
    [
        (lambda: "Thu, 01 Jan 2026 00:00:00 GMT", 1, "Set the clock of this machine"),
        (lambda: time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()), 0, "this machine is"),
        (lambda: "yesterday", 0, "the server names no time"),
    ],
)
def test_the_clock_is_compared(
    paysdk: Command,
    serve_api: ServeApi,
    monkeypatch: pytest.MonkeyPatch,
    *,
    date: Callable[[], str],
    code: int,
    shown: str,
) -> None:
    """A clock that is far from the server's is a failure."""

    async def request(_provider: object, _method: str, _path: str) -> RawResponse:
        return RawResponse(200, {"date": date()}, b"")

    monkeypatch.setattr(CampfireProvider, "request", request)
    with serve_api("CAMPFIRE", open_sandbox("campfire", payments=1)):
        outcome = paysdk("doctor", "campfire")

    assert code == outcome.code
    assert shown in outcome.out


def test_the_store_is_checked(paysdk: Command, tmp_path: Path) -> None:
    """The version of the store's tables is shown, and a store that is missing is a failure."""
    database = tmp_path / "payments.db"

    async def make() -> None:
        async with SQLPaymentStore(database):
            pass

    asyncio.run(make())

    assert 0 == paysdk("doctor", "--store", str(database)).code
    missing = paysdk("doctor", "--store", str(tmp_path / "none.db"))
    assert 1 == missing.code
    assert "none.db does not exist. A sync makes it." in missing.out
    (tmp_path / "text.db").write_text("no database, but a text", encoding="utf-8")
    other = paysdk("doctor", "--store", str(tmp_path / "text.db"))
    assert (1, True) == (other.code, "file is not a database" in other.out)


def test_the_config_file_and_general_settings_are_shown(
    paysdk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting has the place that it comes from."""
    path = tmp_path / "config.toml"
    path.write_text("retries = 2\n", encoding="utf-8")
    monkeypatch.setenv("PAYSDK_TIMEOUT", "9")
    outcome = paysdk("--config", str(path), "doctor")

    assert f"2 (from {path}: retries)" in outcome.out
    assert "9 (from PAYSDK_TIMEOUT)" in outcome.out


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://user:hidden@proxy.example:3128", "HTTPS_PROXY: http://***@proxy.example:3128"),
        ("user:hid/d@hidden@proxy.example:3128", "HTTPS_PROXY: ***@proxy.example:3128"),
        ("http://proxy.example:3128", "HTTPS_PROXY: http://proxy.example:3128"),
    ],
)
def test_the_proxy_of_the_environment_is_shown(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch, proxy: str, shown: str
) -> None:
    """It is shown without its login, and only if it is used."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("no_proxy", "internal.example,.example.net")
    used = paysdk("doctor")

    assert 0 == used.code
    assert shown in used.out
    assert "no_proxy: internal.example,.example.net" in used.out
    assert "hidden" not in used.out
    assert "proxy.example" not in paysdk("doctor", "--no-proxy").out


def test_certificates_of_the_environment_are_shown(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file that does not exist is a failure, and --ca-file replaces the file."""
    path = tmp_path / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    missing = paysdk("doctor")
    path.write_text(trustme.CA().cert_pem.bytes().decode(), encoding="ascii")

    assert (1, True) == (missing.code, "ca.pem does not exist" in missing.out)
    assert "SSL_CERT_FILE: " in paysdk("doctor").out
    replaced = paysdk("doctor", "--ca-file", str(path))
    assert "SSL_CERT_FILE" not in replaced.out
    assert "(from --ca-file)" in replaced.out


def test_a_provider_of_another_package_is_checked(
    paysdk: Command, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider need not send requests through paysdk, and its secrets are not shown."""
    install(
        "acme",
        dedent("""
        from paysdk import Capabilities

        class Listing:
            async def first(self):
                return None

        class Made:
            name = "acme"
            capabilities = Capabilities(
                filters=frozenset(),
                max_page_size=100,
                reports_voids=False,
                lists_incrementally=False,
            )

            def __init__(self, api_key, *, webhook_secret="", region=""):
                pass

            def list_payments(self, **filters):
                return Listing()

            async def aclose(self):
                pass
        """),
    )
    for name, text in {"API_KEY": "k", "WEBHOOK_SECRET": "hidden", "REGION": "eu"}.items():
        monkeypatch.setenv(f"PAYSDK_ACME_{name}", text)
    outcome = paysdk("doctor", "acme")

    assert (0, "") == (outcome.code, outcome.err)
    assert "clock: not known for this provider" in outcome.out
    assert "webhook_secret: is set" in outcome.out
    assert "region: eu" in outcome.out
    assert "hidden" not in outcome.out


def test_an_extra_that_is_missing_is_told(paysdk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that installs an extra is shown, and a missing extra is no failure."""
    monkeypatch.setattr("paysdk.cli.commands.doctor._EXTRAS", {"arrow": "no-such-package"})
    outcome = paysdk("doctor")

    assert 0 == outcome.code
    assert 'pip install "paysdk-async[arrow]"' in outcome.out


def test_a_provider_that_cannot_be_imported_is_told(paysdk: Command, install: Install) -> None:
    """A broken provider is a failure, and the others are checked."""
    install("broken", "import module_that_is_nowhere")
    outcome = paysdk("doctor", "broken", "notify")

    assert 1 == outcome.code
    assert "module_that_is_nowhere" in outcome.out
    assert "notify" in outcome.out


def test_an_unknown_provider_is_refused(paysdk: Command) -> None:
    """A mistyped name is wrong input."""
    outcome = paysdk("doctor", "camfire")

    assert (2, "", 1) == (outcome.code, outcome.out, len(outcome.err.splitlines()))


def test_a_setting_that_cannot_be_right_is_told(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the variable."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "sandbox-key")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_DEADLINE", "0")
    outcome = paysdk("doctor", "campfire")

    assert 1 == outcome.code
    assert "deadline must be" in outcome.out


def test_certificates_that_no_variable_names(
    paysdk: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only variables that are set are shown."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)

    assert "SSL_CERT" not in paysdk("doctor").out
