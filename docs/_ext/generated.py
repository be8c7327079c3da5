# ruff: noqa: INP001  # read by Sphinx, not imported
"""Directives that take facts from the code, so that the documents cannot contradict it."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import paysdk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

ROOT = Path(__file__).parents[2]


def table(rows: Iterable[Sequence[nodes.Node]], *, header: Sequence[str] = ()) -> nodes.table:
    """Return a table of two columns."""
    group = nodes.tgroup("", nodes.colspec(colwidth=1), nodes.colspec(colwidth=2), cols=2)
    if header:
        group += nodes.thead("", row([nodes.Text(name) for name in header]))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group)


def row(cells: Iterable[nodes.Node]) -> nodes.row:
    """Return one row of a table."""
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))


def code(*words: str) -> nodes.inline:
    """Return words as code, separated by commas."""
    parts = [part for word in words for part in (nodes.Text(", "), nodes.literal(text=word))]
    return nodes.inline("", "", *parts[1:])


def contracts() -> dict[str, Any]:
    """Return import-linter's contracts by id."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract for contract in project["tool"]["importlinter"]["contracts"]}


def layered_modules() -> list[list[str]]:
    """Return the modules of each layer, from the top, without those that do not exist."""
    found = [
        [name for name in re.findall(r"\w+", layer) if find_spec(f"paysdk.{name}")]
        for layer in contracts()["layers"]["layers"]
    ]
    return [modules for modules in found if modules]


class CapabilitiesTable(SphinxDirective):
    """``.. capabilities:: CampfireProvider``: what the provider says about its API."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        provider = getattr(paysdk, self.arguments[0])
        able: paysdk.Capabilities = provider.capabilities
        parameters = inspect.signature(provider.list_payments).parameters
        promised = inspect.signature(paysdk.PaymentsProvider.list_payments).parameters
        others = [name for name in parameters if name not in able.filters | promised.keys()]
        filters = sorted(able.filters, key=list(parameters).index)
        facts: dict[str, nodes.Node] = {
            "origin": code(provider.default_base_url),
            "header": code(f"Authorization: {provider.authorization_scheme} …"),
            "filters": code(*filters) if filters else nodes.Text("none"),
            "other arguments": code(*others) if others else nodes.Text("none"),
            "largest page": nodes.Text(f"{able.max_page_size:,}"),
            "tells voids": nodes.Text("yes" if able.reports_voids else "no"),
            "lists only what changed": nodes.Text("yes" if able.lists_incrementally else "no"),
        }
        return [table((nodes.Text(name), fact) for name, fact in facts.items())]


class LayersTable(SphinxDirective):
    """``.. layers::``: the layers from the top, each module with its first sentence."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        modules = layered_modules()
        rows = table(self.cells(name) for layer in modules for name in layer)
        firsts = list(accumulate(map(len, modules), initial=0))
        for number, line in enumerate(rows.findall(nodes.row)):
            line["classes"] += ["layer"] if number in firsts else []
        return [rows]

    def cells(self, name: str) -> tuple[nodes.Node, nodes.Node]:
        """Return a module's name and the first paragraph of its docstring."""
        docstring = inspect.getdoc(import_module(f"paysdk.{name}")) or ""
        parsed, _ = self.parse_inline(" ".join(docstring.partition("\n\n")[0].split()))
        return code(name), nodes.inline("", "", *parsed)


class ErrorTree(SphinxDirective):
    """``.. error-tree::``: every error, indented below its base class."""

    def run(self) -> list[nodes.Node]:
        """Return the tree."""
        return [
            nodes.literal_block(text="\n".join(self.lines(paysdk.PaysdkError, 0)), language="text")
        ]

    def lines(self, error: type[Exception], depth: int) -> Iterator[str]:
        """Yield a line for this error and one for each error below it."""
        builtin = [
            base.__name__ for base in error.__bases__ if base.__module__ == "builtins" and depth
        ]
        yield "  " * depth + error.__name__ + (f" ({', '.join(builtin)})" if builtin else "")
        for kind in error.__subclasses__():
            yield from self.lines(kind, depth + 1)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("capabilities", CapabilitiesTable)
    app.add_directive("layers", LayersTable)
    app.add_directive("error-tree", ErrorTree)
    return {"parallel_read_safe": True}
