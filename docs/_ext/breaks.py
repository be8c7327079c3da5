# ruff: noqa: INP001  # read by Sphinx, not imported
"""Line breaks in long dotted names, for narrow pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

# Shorter names fit into a line at any width.
MIN_CHARS = 24
BREAK = "<wbr>"


def add_breaks(app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Let names break after dots and slashes, and types after an opening bracket.

    A break that is not used leaves no trace.
    """
    if app.builder.format != "html":
        return
    for name in [*doctree.findall(nodes.literal), *doctree.findall(addnodes.desc_addname)]:
        if len(name.astext()) >= MIN_CHARS and all(isinstance(part, nodes.Text) for part in name):
            text = name.astext()
            name.clear()
            name += list(with_breaks(text))
    for bracket in list(doctree.findall(addnodes.desc_sig_punctuation)):
        if bracket.astext() == "[":
            bracket.append(nodes.raw("", BREAK, format="html"))


def with_breaks(name: str) -> Iterator[nodes.Node]:
    """Yield the parts of *name*, with a possible break after each dot or slash inside it."""
    first, *others = re.split(r"(?<=\w[./])(?=\w)", name)
    yield nodes.Text(first)
    for part in others:
        yield nodes.raw("", BREAK, format="html")
        yield nodes.Text(part)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the handler."""
    app.connect("doctree-resolved", add_breaks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
