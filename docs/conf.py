"""How Sphinx builds the documents."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "paysdk"
release = metadata.version("paysdk-async")
extensions = [
    "sphinx.ext.autodoc",
    "myst_parser",
    "breaks",
    "commands",
    "drawings",
    "generated",
    "records",
]
exclude_patterns = ["_build", "examples/*/README.md"]
html_theme = "furo"
html_use_index = False
html_static_path = ["_static"]
html_css_files = ["paysdk.css"]
html_search_scorer = str(Path(__file__).parent / "_ext" / "search-order.js")
html_show_copyright = False
html_title = f"paysdk {release}"

# A default is shown as the code has it: its value may be a function, which has no short form.
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
# A signature that is longer than this many characters has one parameter a line.
python_maximum_signature_line_length = 60
toc_object_entries_show_parents = "hide"
autodoc_default_options = {"members": True}
myst_enable_extensions = ["attrs_block", "deflist"]
myst_heading_anchors = 3
# Names of other projects are not linked. Links would need their inventories, which each build would
# download.
nitpick_ignore_regex = [
    ("py:.*", r"(?!paysdk\.).*"),
    # These are inside of objects that are given to an author, who does not use them by name.
    ("py:class", r"paysdk\.transport\.(client\.Client|observer\.RequestStats)"),
    ("py:class", r"paysdk\.records\.(page\.Selected|.*Row)"),
    # A type variable has no entry.
    ("py:class", r"paysdk\.[\w.]+\.(T(_co)?|(Page|Record|Payment)Type)"),
]
# The public modules whose names have an entry. Python may define a name in another module.
PUBLIC = (
    "paysdk",
    "paysdk.events",
    "paysdk.orders",
    "paysdk.testing",
    "paysdk.rest",
    "paysdk.pagination",
    "paysdk.records.page",
    "paysdk.records.table_reader",
    "paysdk.transport.client",
)


def link_export(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Link a name in a signature to its entry under a public module.

    The signature has the module that defines the name, which may be another one.
    """
    name = node.get("reftarget", "").rpartition(".")[2]
    for target in (f"{module}.{name}" for module in PUBLIC):
        if entry := env.domains.python_domain.objects.get(target):
            return make_refnode(
                app.builder, node["refdoc"], entry.docname, target, [content], target
            )
    return None


def setup(app: Sphinx) -> None:
    """Register the handler."""
    app.connect("missing-reference", link_export)
