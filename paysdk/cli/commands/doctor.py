"""``paysdk doctor``: what is installed, which settings are in force, and whether APIs respond."""

from __future__ import annotations

import os
import platform
import re
import time
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs
from rich.text import Text

from paysdk.cli.config import (
    GENERAL,
    current_config,
    describe_source,
    describe_unset,
    get_setting,
)
from paysdk.cli.environment import find_key_variable, find_settings, variable_name
from paysdk.cli.network import current_network
from paysdk.cli.output.tables import plain_table
from paysdk.cli.output.terminal import print_table, to_one_line
from paysdk.cli.output.wording import reword
from paysdk.cli.providers import ProviderSelection, open_providers
from paysdk.cli.signals import run_async
from paysdk.cli.tokens import find_token_variables
from paysdk.discovery import installed_providers, load_provider
from paysdk.distribution import __version__
from paysdk.errors import APIError, ConfigurationError, PaysdkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paysdk.provider import PaymentsProvider
    from paysdk.transport.messages import RawResponse

__all__ = ["check_installation"]

# A package of each extra.
_EXTRAS = {
    "cli": "typer",
    "report": "jinja2",
    "sync": "sqlalchemy",
    "postgres": "psycopg",
    "workers": "procrastinate",
    "arrow": "pyarrow",
    "otel": "opentelemetry-api",
}
_SECRET = re.compile("key|secret|token|password")
_MARKS = {
    True: Text("ok", style="green"),
    False: Text("no", style="red"),
    None: Text("-"),
}
# With a larger difference, times of paysdk and times of the server do not fit together.
_LARGEST_SKEW_SECONDS = 30.0


@attrs.frozen
class _Line:
    """A fact, and whether it is as it must be, or ``None`` if either is right."""

    subject: str
    text: str
    ok: bool | None = True


@runtime_checkable
class _SendsRequests(Protocol):
    async def request(self, method: str, path: str) -> RawResponse: ...


def check_installation(names: tuple[str, ...], database: str | None) -> int:
    """Print what was found, and return 1 if something does not work.

    Without *names*, the providers with a key are checked.
    """
    for name in set(names) - set(installed_providers()):
        load_provider(name)  # the error names those that are installed
    lines = [
        _Line(
            "paysdk", f"{__version__} on Python {platform.python_version()}, {platform.system()}"
        ),
        *_describe_extras(),
        *_describe_settings(),
        *run_async(_check_providers(names)),
        *(run_async(_check_store(database)) if database is not None else ()),
    ]
    table = plain_table()
    for header in ("", "What", "Found"):
        table.add_column(header, overflow="fold")
    for line in lines:
        table.add_row(_MARKS[line.ok], Text(line.subject), Text(to_one_line(reword(line.text))))
    print_table(table)
    return 1 if any(line.ok is False for line in lines) else 0


def _describe_extras() -> Iterable[_Line]:
    for extra, package in _EXTRAS.items():
        try:
            yield _Line(f"extra {extra}", f"{package} {version(package)}")
        except PackageNotFoundError:
            text = f'not installed: pip install "paysdk-async[{extra}]"'
            yield _Line(f"extra {extra}", text, None)


def _describe_settings() -> Iterable[_Line]:
    path = current_config().path
    yield _Line("config file", "none" if path is None else str(path))
    network = current_network()
    for name in GENERAL:
        variable = f"PAYSDK_{name.upper()}"
        if name in network.options:
            option = f"--{name.replace('_', '-')}"
            yield _Line(name, f"{network.options[name]} (from {option})")
        elif (text := get_setting(variable)) is not None:
            yield _Line(name, f"{text} (from {describe_source(variable)})")
    if {**network.usual, **network.given}["trust_env"]:
        yield from _describe_proxies()
    if network.ca_file is None:
        yield from _describe_certificates()


def _describe_proxies() -> Iterable[_Line]:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        # urllib.request.getproxies prefers lower case, too.
        found = next((each for each in (name.lower(), name) if os.environ.get(each)), None)
        if found is not None:
            yield _Line("environment", f"{found}: {_hide_login(os.environ[found])}")


def _hide_login(proxy: str) -> str:
    # The user and the password come before the last @. They may contain any character.
    login, at, host = proxy.rpartition("@")
    scheme, slashes, _ = login.partition("://")
    return f"{scheme if slashes else ''}{slashes}***@{host}" if at else proxy


def _describe_certificates() -> Iterable[_Line]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := os.environ.get(name):
            there = Path(path).exists()
            text = f"{name}: {path}{'' if there else ' does not exist'}"
            yield _Line("environment", text, there)


async def _check_providers(names: tuple[str, ...]) -> list[_Line]:
    lines: list[_Line] = []
    for name in names or installed_providers():
        try:
            lines += _describe_provider(name)
        except ConfigurationError as error:
            lines.append(_Line(name, str(error), ok=False))
            continue
        if find_key_variable(name) is None and not find_token_variables(name):
            variable = variable_name(name, "API_KEY")
            text = f"No key: {describe_unset(variable) or f'set {variable}'}."
            lines.append(_Line(name, text, ok=False if names else None))
            continue
        lines += await _check_provider(name)
    return lines


def _describe_provider(name: str) -> Iterable[_Line]:
    """The settings of a provider, and where they come from. A secret is not shown."""
    make = load_provider(name)
    if (source := find_key_variable(name)) is not None:
        yield _Line(name, f"key: {describe_source(source)} is set")
    for setting in ("base_url", *find_settings(make)):
        variable = variable_name(name, setting.upper())
        if (text := get_setting(variable)) is not None:
            shown = "is set" if _SECRET.search(setting) else text
            yield _Line(name, f"{setting}: {shown} (from {describe_source(variable)})")


async def _check_provider(name: str) -> list[_Line]:
    failures: list[PaysdkError] = []
    lines: list[_Line] = []
    try:
        async with open_providers(ProviderSelection(names=(name,)), failures) as providers:
            for provider in providers:
                lines += [await _check_clock(provider), await _check_listing(provider)]
    except PaysdkError as error:
        failures.append(error)
    return [*lines, *(_Line(name, str(failure), ok=False) for failure in failures)]


async def _check_listing(provider: PaymentsProvider) -> _Line:
    started = time.perf_counter()
    try:
        payment = await provider.list_payments().first()
    except PaysdkError as error:
        return _Line(provider.name, str(error), ok=False)
    seconds = time.perf_counter() - started
    what = "there are no payments" if payment is None else "the first payment can be read"
    return _Line(provider.name, f"the API responds in {seconds:.2f} s, and {what}")


async def _check_clock(provider: PaymentsProvider) -> _Line:
    if not isinstance(provider, _SendsRequests):
        return _Line(provider.name, "clock: not known for this provider")
    try:
        headers: Mapping[str, str] = (await provider.request("HEAD", "/")).headers
    except APIError as error:  # an API need not have this path, and its error has a date, too
        headers = error.headers
    except PaysdkError as error:
        return _Line(provider.name, str(error), ok=False)
    try:
        server = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return _Line(provider.name, "clock: the server names no time")
    skew = time.time() - server
    ok = abs(skew) <= _LARGEST_SKEW_SECONDS
    hint = "" if ok else ". Set the clock of this machine"
    direction = "ahead" if skew > 0 else "behind"
    return _Line(provider.name, f"clock: this machine is {abs(skew):.0f} s {direction}{hint}", ok)


async def _check_store(database: str) -> list[_Line]:
    from paysdk.sync import SQLPaymentStore, StoreError  # noqa: PLC0415  # the extra may be missing
    from paysdk.sync.location import find_file  # noqa: PLC0415  # likewise
    from paysdk.sync.tables import VERSION  # noqa: PLC0415  # likewise

    file = find_file(database)
    if file is not None and not file.is_file():
        text = f"The database {database} does not exist. A sync makes it."
        return [_Line("store", text, ok=False)]
    try:
        async with SQLPaymentStore(database, create=False):
            return [_Line("store", f"its tables have version {VERSION}, as this paysdk needs")]
    except (StoreError, ConfigurationError) as error:
        return [_Line("store", str(error), ok=False)]
