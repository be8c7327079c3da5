"""Filters that options give as texts, as the values that ``list_payments`` takes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from paysdk.cli.environment import is_readable, parse_text
from paysdk.cli.parsing import parse_moment
from paysdk.errors import ConfigurationError, UnsupportedFilterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.provider import PaymentsProvider

__all__ = ["convert_filters"]


def convert_filters(provider: PaymentsProvider, filters: Mapping[str, str]) -> dict[str, object]:
    """The filters as values for the provider's ``list_payments``.

    Raises ``UnsupportedFilterError`` for a filter that it does not have, and ``ConfigurationError``
    for a text that is not of the filter's type.
    """
    return {name: _convert(provider, name, text) for name, text in filters.items()}


def _convert(provider: PaymentsProvider, name: str, text: str) -> object:
    known = provider.capabilities.filters
    if name not in known:
        raise UnsupportedFilterError(
            f"{provider.name} cannot filter by {name}. Its filters are: "
            f"{', '.join(sorted(known)) or 'none'}."
        )
    parameter = inspect.signature(provider.list_payments).parameters[name]
    annotation = str(parameter.annotation)
    option = f"--filter {name}"
    if "date" in annotation:
        return parse_moment(option, text)
    if annotation.startswith(("Literal[", "typing.Literal[")):
        return text
    if not is_readable(parameter):
        raise ConfigurationError(
            f"{option} cannot be given as a string. Call list_payments of {provider.name} in "
            "Python."
        )
    return parse_text(text, parameter, option)
