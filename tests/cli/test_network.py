"""Tests of the network's settings."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from paysdk import CampfireProvider, RetryPolicy
from paysdk.cli.network import (
    Network,
    current_network,
    make_ssl_context,
    read_network,
    with_network,
)
from paysdk.cli.providers import ProviderSelection, open_providers
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

    Command = Callable[..., Outcome]

NOTHING: dict[str, object] = dict.fromkeys(
    ("timeout", "deadline", "retries", "proxy", "ca_file", "client_cert", "client_key")
)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The certificate of a private CA, beside a client's certificate and key."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    client = made.issue_cert("client@example.com")
    client.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    client.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    return tmp_path


def test_without_settings_only_the_proxy_is_used() -> None:
    """By default, the environment's proxy is used, and all else is the provider's."""
    assert Network(usual={"trust_env": True}) == read_network(NOTHING)


def test_options_override_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What options give is kept apart, because it also overrides a provider's own variables."""
    for name, text in {"TIMEOUT": "9", "DEADLINE": "60.5", "RETRIES": "1", "PROXY": "no"}.items():
        monkeypatch.setenv(f"PAYSDK_{name}", text)

    assert Network(
        usual={"trust_env": False, "deadline": 60.5, "retry": RetryPolicy(attempts=2)},
        given={"timeout": 3.0},
    ) == read_network({**NOTHING, "timeout": 3.0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": 0.0}, "--timeout must be a number of seconds above zero, not 0"),
        ({"deadline": float("inf")}, "--deadline must be a number of seconds above zero"),
        ({"retries": -1}, "--retries must be zero or more"),
        ({"ca_file": Path("none.pem")}, "The CA file none.pem cannot be used: No such file"),
        ({"client_cert": Path("none.pem")}, "The client certificate none.pem cannot be used: No"),
        ({"client_key": Path("none.key")}, "add --client-cert"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    """The error names the option, and comes before anything is sent."""
    with pytest.raises(ConfigurationError, match=message):
        read_network({**NOTHING, **options})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("TIMEOUT", "soon", "PAYSDK_TIMEOUT must be a number, not 'soon'"),
        ("RETRIES", "1.5", "PAYSDK_RETRIES must be a whole number"),
        ("PROXY", "perhaps", "PAYSDK_PROXY must be true or false"),
        ("TIMEOUT", "-1", "PAYSDK_TIMEOUT must be a number of seconds above zero"),
        ("CA_FILE", "none.pem", "The CA file none.pem cannot be used"),
    ],
)
def test_wrong_variables_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, message: str
) -> None:
    """The error names the variable."""
    monkeypatch.setenv(f"PAYSDK_{name}", text)
    with pytest.raises(ConfigurationError, match=message):
        read_network(NOTHING)


def test_certificates_are_read(authority: Path) -> None:
    """The context trusts the CA of the file and has the client's certificate."""
    context = make_ssl_context(
        authority / "ca.pem", authority / "client.pem", authority / "client.key"
    )

    assert context is not None
    assert 1 == len(context.get_ca_certs())
    assert ssl.CERT_REQUIRED == context.verify_mode


def test_variables_name_the_files(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CA without a client's certificate is enough."""
    monkeypatch.setenv("PAYSDK_CA_FILE", str(authority / "ca.pem"))
    context = read_network(NOTHING).given["ssl_context"]

    assert isinstance(context, ssl.SSLContext)
    assert 1 == len(context.get_ca_certs())


def test_a_key_with_a_password_is_refused(authority: Path) -> None:
    """OpenSSL does not ask for the password on the terminal."""
    key = load_pem_private_key((authority / "client.key").read_bytes(), None)
    (authority / "client.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password"))
    )
    with pytest.raises(ConfigurationError, match="or its key has a password"):
        make_ssl_context(None, authority / "client.pem", authority / "client.key")


def test_a_missing_key_is_named(authority: Path) -> None:
    """The error is not about the certificate, unless the certificate has no key of its own."""
    with pytest.raises(ConfigurationError, match=r"The client key .*none\.key does not exist"):
        make_ssl_context(None, authority / "client.pem", authority / "none.key")
    with pytest.raises(ConfigurationError, match="name the key's file with --client-key"):
        make_ssl_context(None, authority / "client.pem", None)


@pytest.mark.parametrize("which", ["ca_file", "client_cert"])
def test_a_file_that_is_no_certificate_is_refused(authority: Path, which: str) -> None:
    """The error says what is wrong with the file."""
    (authority / "text.pem").write_text("text", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="it is not a PEM file with a certificate"):
        read_network({**NOTHING, which: authority / "text.pem"})


def test_a_job_runs_with_the_settings_of_its_command() -> None:
    """The settings hold for the job of one command, and not for the next."""
    seen: list[Network] = []

    def work() -> int:
        seen.append(current_network())
        return 3

    parse = with_network(lambda: work)
    assert 3 == parse(**{**NOTHING, "timeout": 2.0})()

    assert [Network(usual={"trust_env": True}, given={"timeout": 2.0})] == seen
    assert Network() == current_network()


async def test_a_providers_own_variable_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option overrides a provider's own variable, which overrides the general one."""
    monkeypatch.setenv("PAYSDK_CAMPFIRE_API_KEY", "sandbox-key")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_TIMEOUT", "4")
    monkeypatch.setenv("PAYSDK_CAMPFIRE_DEADLINE", "40")
    made: list[CampfireProvider] = []

    async def look() -> None:
        async with open_providers(ProviderSelection(names=("campfire",)), []) as (provider,):
            assert isinstance(provider, CampfireProvider)
            made.append(provider)

    monkeypatch.setenv("PAYSDK_TIMEOUT", "3")
    monkeypatch.setenv("PAYSDK_DEADLINE", "30")
    job = with_network(lambda: lambda: asyncio.run(look()))(**{**NOTHING, "timeout": 2.0})
    await asyncio.to_thread(job)
    settings = made[0]._client.settings  # what was set has no public name
    assert (2.0, 40.0, True) == (settings.timeout, settings.deadline, settings.trust_env)


def test_each_command_takes_the_options(paysdk: Command) -> None:
    """A command with requests takes the network's options, also after its own."""
    outcome = paysdk(
        *("list", "campfire", "--sandbox", "--limit", "1"),
        *("--retries", "0", "--timeout", "20", "--concurrency", "2"),
    )

    assert (0, "") == (outcome.code, outcome.err)


def test_wrong_network_options_end_the_command(paysdk: Command) -> None:
    """A wrong option is one line, and nothing is sent."""
    outcome = paysdk("invoices", "--sandbox", "--timeout", "0")

    assert (2, "") == (outcome.code, outcome.out)
    assert "paysdk: --timeout must be a number of seconds above zero, not 0.\n" == outcome.err
