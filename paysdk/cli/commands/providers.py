"""``paysdk providers``: what is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.text import Text

from paysdk.cli.config import describe_source, get_setting
from paysdk.cli.environment import (
    TOKEN_VARIABLES,
    check_variables_are_unique,
    find_key_variable,
    find_settings,
    find_token_server,
    is_readable,
    variable_name,
)
from paysdk.cli.output.tables import fit_table, plain_table
from paysdk.cli.output.terminal import make_console, print_message, print_table
from paysdk.cli.providers import as_paysdk_error
from paysdk.discovery import installed_providers, load_provider
from paysdk.errors import ConfigurationError
from paysdk.provider import Capabilities
from paysdk.rest import RestSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paysdk.errors import PaysdkError

__all__ = ["show_providers"]

_COMMON = (
    "Providers over HTTP also read PAYSDK_<PROVIDER>_BASE_URL, _TIMEOUT, _DEADLINE and _ALLOW_HTTP."
)


def show_providers() -> None:
    """Print the installed providers. One that cannot be loaded does not hide the others."""
    table = plain_table()
    for header in ("Provider", "Filters", "Largest page", "Voids", "Key and settings"):
        table.add_column(header, overflow="fold")
    failures: list[PaysdkError] = []
    for name in installed_providers():
        try:
            make = load_provider(name)
            capabilities = getattr(make, "capabilities", None)
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            failures.append(as_paysdk_error(name, error))
            table.add_row(Text(name), Text("cannot be used", style="red"))
        else:
            states = [
                _key_state(name, failures),
                *_token_states(name, make),
                *_setting_states(name, make),
            ]
            table.add_row(Text(name), *_describe(capabilities), "\n".join(states), end_section=True)
    print_table(fit_table(table, make_console(sys.stdout).width))
    print_table(Text(_COMMON))
    for failure in failures:
        print_message(failure)


def _describe(capabilities: object) -> tuple[str, str, str]:
    # Some providers know their capabilities only when they are open.
    if not isinstance(capabilities, Capabilities):
        return "not known", "", ""
    filters = "\n".join(sorted(capabilities.filters)) or "none"
    return (
        filters,
        f"{capabilities.max_page_size:,}",
        "reported" if capabilities.reports_voids else "not reported",
    )


def _token_states(name: str, make: Callable[..., object]) -> Iterator[str]:
    """The variables that give a client of OAuth2 instead of a key."""
    if find_token_server(make) is None:
        return
    for what in TOKEN_VARIABLES:
        variable = variable_name(name, what)
        yield f"{variable}\n{'is set' if get_setting(variable) else 'is not set'}"


def _setting_states(name: str, make: Callable[..., object]) -> Iterator[str]:
    """The settings of its own that variables can give."""
    for setting, parameter in find_settings(make).items():
        if setting in RestSettings.__annotations__ or not is_readable(parameter):
            continue
        variable = variable_name(name, setting.upper())
        needed = parameter.default is parameter.empty
        state = "is set" if get_setting(variable) else "is missing" if needed else "is not set"
        yield f"{variable}\n{state}"


def _key_state(name: str, failures: list[PaysdkError]) -> str:
    try:
        check_variables_are_unique(name)
    except ConfigurationError as error:
        failures.append(error)
        return f"{variable_name(name, 'API_KEY')}\nis not used"
    source = find_key_variable(name)
    return (
        f"{describe_source(source)}\nis set"
        if source
        else f"{variable_name(name, 'API_KEY')}\nis not set"
    )
