"""How the command line reaches the APIs: limits, retries, the proxy and certificates."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Mapping  # attrs reads it in an annotation
from contextvars import ContextVar
from functools import cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import attrs
import typer

from paysdk.cli.config import describe_source, get_setting
from paysdk.cli.environment import parse_text
from paysdk.cli.parsing import check_duration
from paysdk.errors import ConfigurationError
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.cli.options.shared import Job

__all__ = ["Network", "current_network", "with_network"]


@attrs.frozen(kw_only=True)
class Network:
    """Settings for the classes of all providers.

    ``given`` comes from options, and overrides a provider's own settings in the environment.
    ``usual`` comes from variables and the config file, and does not. ``options`` has the options
    as they were typed, and ``ca_file`` what replaces the CAs of the machine.
    """

    usual: Mapping[str, object] = attrs.field(factory=dict[str, object])
    given: Mapping[str, object] = attrs.field(factory=dict[str, object])
    options: Mapping[str, object] = attrs.field(factory=dict[str, object], eq=False)
    ca_file: Path | None = attrs.field(default=None, eq=False)


@cache
def make_ssl_context(
    ca_file: Path | None, client_cert: Path | None, client_key: Path | None
) -> ssl.SSLContext | None:
    """A context that trusts the CAs in *ca_file* and has the client's certificate, if any is given.

    Raises ``ConfigurationError`` if a file cannot be used.
    """
    if client_key is not None and client_cert is None:
        raise ConfigurationError("A client key needs its certificate: add --client-cert.")
    if ca_file is None and client_cert is None:
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(_describe("CA file", ca_file, error)) from None
    if client_cert is not None:
        try:
            context.load_cert_chain(client_cert, client_key, password=_refuse_password)
        except (OSError, ssl.SSLError) as error:
            if client_key is not None and not client_key.is_file():
                raise ConfigurationError(f"The client key {client_key} does not exist.") from None
            raise ConfigurationError(_describe("client certificate", client_cert, error)) from None
    return context


def _refuse_password() -> str:
    # Without this, OpenSSL would ask for the password on the terminal.
    return ""


_NOT_PEM = {
    "CA file": "it is not a PEM file with a certificate",
    "client certificate": "it is not a PEM file with a certificate, or its key is missing (name "
    "the key's file with --client-key), or its key has a password",
}


def _describe(what: str, path: Path | None, error: OSError) -> str:
    reason = _NOT_PEM[what] if isinstance(error, ssl.SSLError) else error.strerror
    return f"The {what} {path} cannot be used: {reason}."


_network: ContextVar[Network] = ContextVar("network", default=Network())  # noqa: B039  # frozen


def current_network() -> Network:
    """The settings of the command that is running."""
    return _network.get()


_FILES = ("ca_file", "client_cert", "client_key")
_KINDS = {"timeout": "float", "deadline": "float", "retries": "int", "proxy": "bool"}
_OPTIONS: Mapping[str, Any] = {
    "timeout": Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Limit of one request. By default 60."),
    ],
    "deadline": Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Limit of a whole listing, with retries and waits."),
    ],
    "retries": Annotated[
        int | None, typer.Option(metavar="N", help="Retries of a request. By default 4.")
    ],
    "proxy": Annotated[
        bool | None,
        typer.Option(
            "--proxy/--no-proxy",
            help="Whether to use the proxy in HTTPS_PROXY. By default it is used.",
        ),
    ],
    "ca_file": Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Trust the certificate authorities in this PEM file."),
    ],
    "client_cert": Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Show this certificate, a PEM file, to the server."),
    ],
    "client_key": Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The key of --client-cert, if it has its own file."),
    ],
}


def with_network(command: Callable[..., Job]) -> Callable[..., Job]:
    """Give *command* the options of the network. Its job then runs with their settings."""

    @wraps(command)
    def parse(**given: object) -> Job:
        network = read_network({name: given.pop(name) for name in _OPTIONS})
        job = command(**given)
        return partial(_run_with, network, job)

    own = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    signature = own.replace(parameters=[*own.parameters.values(), *added])
    parse.__signature__ = signature  # type: ignore[attr-defined]  # typer reads it
    parse.__annotations__ = {**command.__annotations__, **_OPTIONS}
    return parse


def _run_with(network: Network, job: Job) -> int | None:
    token = _network.set(network)
    try:
        return job()
    finally:
        _network.reset(token)


def read_network(options: Mapping[str, object]) -> Network:
    """The settings of the network: from the options, or from variables and the config file.

    Raises ``ConfigurationError`` for one that is not valid.
    """
    usual: dict[str, object] = {"trust_env": True}
    given: dict[str, object] = {}
    files: dict[str, Path | None] = dict.fromkeys(_FILES)
    for name, option in options.items():
        value, source = (
            _read_usual(name) if option is None else (option, f"--{name.replace('_', '-')}")
        )
        if name in _FILES:
            files[name] = cast("Path | None", value)
        elif value is not None:
            setting, checked = _as_setting(name, cast("float", value), source)
            (usual if option is None else given)[setting] = checked
    if (context := make_ssl_context(**files)) is not None:
        given["ssl_context"] = context
    return Network(
        usual=usual,
        given=given,
        options={name: option for name, option in options.items() if option is not None},
        ca_file=files["ca_file"],
    )


def _read_usual(name: str) -> tuple[object, str]:
    """A setting from its variable or from the config file, and where it comes from."""
    variable = f"PAYSDK_{name.upper()}"
    text, source = get_setting(variable), describe_source(variable)
    if text is None or name in _FILES:
        return (None if text is None else Path(text)), source
    kind = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=_KINDS[name])
    return parse_text(text, kind, source), source


def _as_setting(name: str, value: float, source: str) -> tuple[str, object]:
    """A value as a setting of a provider's class."""
    if name == "proxy":
        return "trust_env", bool(value)
    if name == "retries":
        if value < 0:
            raise ConfigurationError(f"{source} must be zero or more, not {value}.")
        return "retry", RetryPolicy(attempts=int(value) + 1)
    return name, check_duration(source, value)
