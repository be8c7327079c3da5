"""``paysdk providers``: what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from paysdk.cli.environment import check_variables_are_unique, find_key_variable, variable_name
from paysdk.cli.output.tables import plain_table
from paysdk.cli.output.terminal import print_message, print_table
from paysdk.cli.providers import as_paysdk_error
from paysdk.discovery import installed_providers, load_provider
from paysdk.errors import ConfigurationError
from paysdk.provider import Capabilities

if TYPE_CHECKING:
    from paysdk.errors import PaysdkError

__all__ = ["show_providers"]


def show_providers() -> None:
    """Print the installed providers. One that cannot be loaded does not hide the others."""
    table = plain_table()
    for header in ("Provider", "Filters", "Largest page", "Voids", "Key"):
        table.add_column(header, overflow="fold")
    failures: list[PaysdkError] = []
    for name in installed_providers():
        try:
            capabilities = getattr(load_provider(name), "capabilities", None)
        except Exception as error:  # noqa: BLE001  # another package's class may raise anything
            failures.append(as_paysdk_error(name, error))
            table.add_row(Text(name), Text("cannot be used", style="red"))
        else:
            table.add_row(
                Text(name), *_describe(capabilities), _key_state(name, failures), end_section=True
            )
    print_table(table)
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


def _key_state(name: str, failures: list[PaysdkError]) -> str:
    try:
        check_variables_are_unique(name)
    except ConfigurationError as error:
        failures.append(error)
        return f"{variable_name(name, 'API_KEY')}\nis not used"
    source = find_key_variable(name)
    return f"{source}\nis set" if source else f"{variable_name(name, 'API_KEY')}\nis not set"
