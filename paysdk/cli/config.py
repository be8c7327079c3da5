"""The settings of the command line: from the environment, or from a config file below it.

A setting in the file takes the place of the environment variable of the same name: ``base_url`` in
the table ``[campfire]`` is ``PAYSDK_CAMPFIRE_BASE_URL``, and ``timeout`` at the top is
``PAYSDK_TIMEOUT``.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping  # attrs reads it in an annotation
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs
import typer

from paysdk.cli.files import read_text
from paysdk.discovery import installed_providers
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "GENERAL",
    "WHOLE_NUMBER",
    "Config",
    "as_variable",
    "current_config",
    "describe_source",
    "describe_unset",
    "get_count",
    "get_setting",
    "list_settings",
    "use_config",
]

# The settings that are for all providers.
GENERAL = (
    "timeout",
    "deadline",
    "retries",
    "concurrency",
    "proxy",
    "ca_file",
    "client_cert",
    "client_key",
)

# A whole number above zero. Python refuses to convert thousands of digits.
WHOLE_NUMBER = "0*[1-9][0-9]{0,17}"

_SECRETS = {"api_key", "client_secret"}


@attrs.frozen(kw_only=True)
class Config:
    """The settings of a config file by the names of their variables, with their places in it.

    ``unset`` has the secrets that the file takes from a variable that is not set.
    """

    path: Path | None = None
    texts: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    places: Mapping[str, str] = attrs.field(factory=dict[str, str])
    unset: Mapping[str, str] = attrs.field(factory=dict[str, str])


_current: ContextVar[Config] = ContextVar("config", default=Config())  # noqa: B039  # frozen


def use_config(path: Path | None) -> Config:
    """Read the config file at *path*, or the one in the usual place, and use it from now on.

    Raises ``ConfigurationError`` if the file cannot be read or has anything that paysdk does not
    know.
    """
    given = path or _path_of_environment()
    found = given or Path(typer.get_app_dir("paysdk"), "config.toml")
    config = Config() if given is None and not _is_file(found) else _read(found)
    _current.set(config)
    return config


def current_config() -> Config:
    """The config file of the command that is running."""
    return _current.get()


def get_setting(variable: str) -> str | None:
    """The text of a setting by the name of its variable, or ``None`` if it is not set."""
    return os.environ.get(variable) or _current.get().texts.get(variable) or None


def get_count(variable: str) -> int | None:
    """A setting that is a whole number above zero, or ``None`` if it is not set.

    Raises ``ConfigurationError`` if it is something else.
    """
    text = get_setting(variable)
    if text is not None and not re.fullmatch(WHOLE_NUMBER, text):
        raise ConfigurationError(
            f"{describe_source(variable)} must be a whole number above zero, not {text!r}."
        )
    return None if text is None else int(text)


def list_settings() -> dict[str, str]:
    """All variables of the environment, and below them the settings of the config file."""
    return {**_current.get().texts, **{name: text for name, text in os.environ.items() if text}}


def describe_source(variable: str) -> str:
    """Where a setting comes from: the name of the variable, or the place in the config file."""
    return variable if os.environ.get(variable) else _current.get().places.get(variable, variable)


def describe_unset(variable: str) -> str | None:
    """Why a secret has no value: the config file names a variable for it that is not set.

    ``None`` if the file names no variable, or if the environment has the secret itself.
    """
    return None if os.environ.get(variable) else _current.get().unset.get(variable)


def _path_of_environment() -> Path | None:
    text = os.environ.get("PAYSDK_CONFIG")
    return Path(text) if text else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # this user may not look into the folder, so reading the file tells why
        return True


def _read(path: Path) -> Config:
    text = read_text(path, "config")
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"The config file {path} is not valid TOML: {error}.") from None
    texts: dict[str, str] = {}
    places: dict[str, str] = {}
    unset: dict[str, str] = {}
    for table, setting, given in _flatten(path, document):
        name, value = as_variable(setting).lower(), given
        place = f"{path}: {name}" if table is None else f"{path}: [{table}] {name}"
        prefix = "PAYSDK_" if table is None else f"PAYSDK_{as_variable(table)}_"
        if name in _SECRETS:
            raise ConfigurationError(
                f"{place}: a config file holds no secret. Name a file with {name}_file, or a "
                f"variable with {name}_variable."
            )
        if name != setting:
            raise ConfigurationError(f"{path}: {setting!r} is not a setting. Write it as {name}.")
        if name.removesuffix("_variable") in _SECRETS:
            name, source = name.removesuffix("_variable"), _as_text(place, value)
            value = os.environ.get(source, "")
            if not value:
                unset[prefix + as_variable(name)] = f"{place} names {source}, which is not set"
        texts[prefix + as_variable(name)] = _as_text(place, value)
        places[prefix + as_variable(name)] = place
    return Config(path=path, texts=texts, places=places, unset=unset)


def _flatten(
    path: Path, document: Mapping[str, object]
) -> Iterator[tuple[str | None, str, object]]:
    """Each setting of the file with the name of its table, if it is in one."""
    for name, value in document.items():
        if isinstance(value, dict):
            _check_table(path, name)
            for each, inner in cast("dict[str, object]", value).items():
                yield name, each, inner
        elif name in GENERAL:
            yield None, name, value
        else:
            raise ConfigurationError(
                f"{path}: {name} is not a setting. The settings at the top level are "
                f"{', '.join(GENERAL)}. Put the settings of a provider into a table, such as "
                "[campfire]."
            )


def _check_table(path: Path, name: str) -> None:
    tables = installed_providers()
    if as_variable(name) not in map(as_variable, tables):
        raise ConfigurationError(
            f"{path}: the table [{name}] does not name a provider. The known ones "
            f"are {', '.join(f'[{each}]' for each in tables)}."
        )


def as_variable(name: str) -> str:
    """The name of a provider or a setting as a part of the name of a variable."""
    return "".join(each if each.isascii() and each.isalnum() else "_" for each in name).upper()


def _as_text(place: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ConfigurationError(
        f"{place} must be a string, a number, or true or false, not {value!r}."
    )
