# ruff: noqa: INP001  # read by Sphinx, not imported
"""The reference of the command line, made from the commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import typer.main
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from paysdk.cli.app import app as commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


class CommandLine(SphinxDirective):
    """``.. command-line::``: a section for each command, with its arguments and options."""

    def run(self) -> list[nodes.Node]:
        """Return one section for each command."""
        group: Any = typer.main.get_command(commands)
        lines = [line for name, each in flatten(group) for line in describe(name, each)]
        parsed = nodes.Element()
        self.state.nested_parse(
            StringList(lines, "commands"), self.content_offset, parsed, match_titles=True
        )
        return parsed.children


def flatten(
    group: Any,  # noqa: ANN401  # typer's own
    prefix: str = "",
) -> Iterator[tuple[str, Any]]:
    """Yield each command with its name. A group comes before its commands."""
    for name, command in group.commands.items():
        yield prefix + name, command
        if hasattr(command, "commands"):
            yield from flatten(command, f"{prefix}{name} ")


def describe(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401  # typer's own
    """Yield a command's section, as reStructuredText."""
    context = command.make_context(f"paysdk {name}", [], resilient_parsing=True)
    yield from (name, "-" * len(name), "", plain(command.help), "", ".. code-block:: text", "")
    yield from (f"   {context.command_path} {usage(command)}", "")
    for parameter in command.params:
        yield from (parameter_form(parameter), f"   {explained(parameter)}", "")


def usage(command: Any) -> str:  # noqa: ANN401  # typer's own
    """Return the arguments of a command, as its help shows them."""
    return " ".join(
        command.collect_usage_pieces(command.make_context("", [], resilient_parsing=True))
    )


def parameter_form(parameter: Any) -> str:  # noqa: ANN401  # typer's own
    """Return a parameter as a user types it."""
    if parameter.param_type_name == "argument":
        return f"``{parameter.metavar or parameter.name.upper()}``"
    forms = [*parameter.opts, *parameter.secondary_opts]
    value = "" if parameter.is_flag else f" {value_form(parameter)}"
    return ", ".join(f"``{form}{value}``" for form in forms)


def value_form(option: Any) -> str:  # noqa: ANN401  # typer's own
    """Return the name of an option's value, or the choices."""
    return (
        option.metavar or "|".join(map(str, get_args(option.type_descriptor.annotation))) or "VALUE"
    )


def explained(parameter: Any) -> str:  # noqa: ANN401  # typer's own
    """Return a parameter's help and its default."""
    default = parameter.default
    has_text = isinstance(default, str | int | float) and not isinstance(default, bool)
    shown = has_text and default != ""
    return plain(parameter.help or "") + (f" Default: ``{default}``." if shown else "")


def plain(text: str) -> str:
    """Return a help text on one line, without markup of reStructuredText."""
    escaped = re.sub(r"([\\*`|_])", r"\\\1", " ".join(text.split()))
    # Code keeps the two hyphens, which would become a dash.
    return re.sub(r"--[a-z-]+", r"``\g<0>``", escaped)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
