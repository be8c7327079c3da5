# ruff: noqa: INP001  # read by Sphinx, not imported
"""Drawings in Graphviz's language, drawn when the documents are built.

They become part of the page and take its colours.
"""

from __future__ import annotations

import os
import re
import tempfile
import textwrap
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from generated import contracts, layered_modules
from pygraphviz import AGraph
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

# Fontconfig comes with Graphviz and reads this on its first use.
os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("no-fonts.conf"))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

# Graphviz makes text larger than paysdk.css shows it, so that it fits in the reader's own font.
STYLE = """
    graph [nodesep=0.2, ranksep=0.3, pad=0.05]
    node [shape=box, style=rounded, fontname=Helvetica, fontsize=13]
    node [margin="0.08,0.06", height=0.3, width=0.3]
    edge [fontname=Helvetica, fontsize=12, arrowsize=0.7]
"""
# The most characters in one line of a box in the drawing of the layers.
MAX_LINE_CHARS = 26


def split_label(label: re.Match[str]) -> str:
    """Return a label of several lines, aligned left, with names of modules in bold.

    The italics keep the lines apart, because Graphviz without a font sets plain lines too close
    together. paysdk.css shows them upright.
    """
    lines = [escape(line) for line in label[1].split("\\n")]
    marked = [f"<b>{line}</b>" if line.endswith(".py") else f"<i>{line}</i>" for line in lines]
    return (
        "label=<" + "".join(f'{line}<br align="left"/>' for line in marked) + ">"
        if len(lines) > 1
        else label[0]
    )


def draw(drawing: str, alt: str, location: str) -> nodes.raw:
    """Return *drawing* as SVG for a page, with *alt* as its text for screen readers."""
    graph = re.sub(r'label="([^"]*)"', split_label, f"digraph {{ {STYLE} {drawing} }}")
    with stderr_lines() as printed:
        svg: str = AGraph(string=graph).draw(format="svg", prog="dot").decode()
    # Fontconfig also reads the machine's configuration, and warns about settings that it does not
    # know. No font from there is used.
    if warnings := [line for line in printed if not line.startswith("Fontconfig")]:
        logger.warning("Graphviz warns about a drawing: %s", "; ".join(warnings), location=location)
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(width|height)="([0-9.]+)pt"', r'\1="\2"', svg, count=2)
    labelled = svg.replace(
        "<svg", f'<svg role="img" aria-label="{escape(" ".join(alt.split()))}"', 1
    )
    return nodes.raw("", f'<div class="drawing">{labelled}</div>', format="html")


@contextmanager
def stderr_lines() -> Iterator[list[str]]:
    """Collect the lines that C code writes to stderr inside the block."""
    lines: list[str] = []
    before = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(before, 2)
            os.close(before)
            caught.seek(0)
            lines += caught.read().decode().splitlines()


class Drawing(SphinxDirective):
    """``.. drawing::``: the body of a ``digraph``. ``:alt:`` says in words what it shows."""

    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "alt": directives.unchanged_required
    }

    def run(self) -> list[nodes.Node]:
        """Return the drawing."""
        return [draw("\n".join(self.content), self.options["alt"], self.get_location())]


class LayersDrawing(SphinxDirective):
    """``.. layers-drawing::``: the layers, and the packages that only one of them may import."""

    def run(self) -> list[nodes.Node]:
        """Return the drawing."""
        layers = layered_modules()
        names = "; ".join(", ".join(modules) for modules in layers)
        known = "; ".join(f"{package} is known to {module}" for module, package in known_packages())
        alt = f"The layers from the top, each importing from those below it: {names}. {known}."
        return [draw("\n".join(boxes(layers)), alt, self.get_location())]


def boxes(layers: list[list[str]]) -> Iterator[str]:
    """Yield a box for each layer, from the top, and beside it the packages that it imports."""
    pure = {name.removeprefix("paysdk.") for name in contracts()["pure"]["source_modules"]}
    for number, modules in enumerate(layers):
        label = "\\n".join(textwrap.wrap(", ".join(modules), MAX_LINE_CHARS))
        kind = "pure" if pure.issuperset(modules) else "impure"
        yield f'layer{number} [label="{label}", width=2.6, class="{kind}"]'
    yield " -> ".join(f"layer{number}" for number in range(len(layers)))
    yield 'node [shape=plain, class="package"] edge [style=dashed, constraint=false]'
    known = dict(known_packages())
    for number, modules in enumerate(layers):
        packages = [f"{module}: {known[module]}" for module in modules if module in known]
        if packages:
            label = known[modules[0]] if len(modules) == 1 else "\\n".join(packages)
            yield f'package{number} [label="{label}"]'
            yield f"{{ rank=same; layer{number} -> package{number} }}"


def known_packages() -> list[tuple[str, str]]:
    """Return the modules of the top level with the packages that only they import."""
    allowed: dict[str, set[str]] = {}
    for contract in contracts().values():
        for line in contract.get("ignore_imports", []):
            module, package = line.removeprefix("paysdk.").split(" -> ")
            allowed.setdefault(module, set()).add(package)
    plain = {module: packages for module, packages in allowed.items() if "." not in module}
    return [(module, ", ".join(sorted(packages))) for module, packages in plain.items()]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("drawing", Drawing)
    app.add_directive("layers-drawing", LayersDrawing)
    return {"parallel_read_safe": True}
