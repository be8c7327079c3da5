"""``paysdk providers``: what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from paysdk.cli.environment import check_own_variables, key_source, variable
from paysdk.cli.errors import as_paysdk_error
from paysdk.cli.output.tables import plain_table
from paysdk.cli.output.terminal import print_message, print_table
from paysdk.discovery import installed_providers, load_provider
from paysdk.errors import ConfigurationError
from paysdk.provider import Capabilities

if TYPE_CHECKING:
    from paysdk.errors import PaysdkError

__all__ = ["show_providers"]


def show_providers() -> None:
    """Print the installed providers.

    One that cannot be loaded is said to be so, and harms nothing else.
    """
    table = plain_table()
    for header in ("Provider", "Filters", "Largest page", "Voids", "Key"):
        table.add_column(header, overflow="fold")
    faults: list[PaysdkError] = []
    for name in installed_providers():
        try:
            capabilities = getattr(load_provider(name), "capabilities", None)
        except Exception as error:  # noqa: BLE001  # whatever somebody else's class raises
            faults.append(as_paysdk_error(name, error))
            table.add_row(Text(name), Text("cannot be used", style="red"))
        else:
            table.add_row(
                Text(name), *_describe(capabilities), _key_state(name, faults), end_section=True
            )
    print_table(table)
    for fault in faults:
        print_message(fault)


def _describe(capabilities: object) -> tuple[str, str, str]:
    # A provider may know them only once it is open.
    if not isinstance(capabilities, Capabilities):
        return "not known", "", ""
    filters = "\n".join(sorted(capabilities.filters)) or "none"
    return (
        filters,
        f"{capabilities.max_page_size:,}",
        "reported" if capabilities.reports_voids else "not reported",
    )


def _key_state(name: str, faults: list[PaysdkError]) -> str:
    try:
        check_own_variables(name)
    except ConfigurationError as error:
        faults.append(error)
        return f"{variable(name, 'API_KEY')}\nis not used"
    source = key_source(name)
    return f"{source}\nis set" if source else f"{variable(name, 'API_KEY')}\nis not set"
