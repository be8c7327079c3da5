"""How Sphinx builds the documents."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "paysdk"
release = metadata.version("paysdk")
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"paysdk {release}"

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
myst_heading_anchors = 3
# Names from elsewhere are not linked: that would need other projects' inventories, fetched over the network at each build.
nitpick_ignore_regex = [("py:.*", r"(?!paysdk\.).*")]


def link_export(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement) -> nodes.reference | None:
    """Link a name in a signature, which Python knows by its module, to the entry of what `paysdk` exports under that name."""
    target = "paysdk." + node.get("reftarget", "").rpartition(".")[2]
    entry = env.domains.python_domain.objects.get(target)
    return make_refnode(app.builder, node["refdoc"], entry.docname, target, [content], target) if entry else None


def setup(app: Sphinx) -> None:
    """Register what is above."""
    app.connect("missing-reference", link_export)
