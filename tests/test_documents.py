"""The README and the documents say what is so."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser

import paysdk

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("**/*.md"))]
# What needs no running: commands, listings, configuration, and what Sphinx itself reads.
NOT_PYTHON = {"sh", "text", "toml", "json", "{toctree}", "{eval-rst}", "{literalinclude}", "{drawing}"}


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all examples of a document."""
    with asyncio.Runner() as runner:
        yield runner


def run(example: Example) -> None:
    """Run an example, which may await, in its document's namespace."""
    source = "\n" * (example.line + example.parsed.line_offset) + example.parsed
    code = compile(source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        example.namespace["runner"].run(eval(code, example.namespace))
    else:
        exec(code, example.namespace)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_examples_run(path: Path, runner: asyncio.Runner) -> None:
    """The examples of a document run one after the other, as a reader would type them."""
    document = Sybil([CodeBlockParser("python", run)]).parse(path)
    document.namespace |= {"runner": runner, "__name__": path.stem}
    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_says_what_it_is(path: Path) -> None:
    """No example escapes being run because its fence is labelled otherwise, or not at all."""
    opening = re.findall(r"^ *(?:```|~~~)(.*)\n(?:.*\n)*?^ *(?:```|~~~)$", path.read_text(), re.MULTILINE)

    assert set() == {label.split(" ")[0] for label in opening} - NOT_PYTHON - {"python"}


def test_ci_runs_the_second_command_of_the_readme() -> None:
    """What CI runs is what the README tells people to run, and nothing more."""
    commands = re.findall(r"^```sh\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)

    assert [1, 1] == [command.count("\n") for command in commands[:2]]
    assert f"#!/usr/bin/env bash\n{commands[1]}" == (ROOT / ".ci" / "run").read_text()


def test_every_export_is_in_the_reference() -> None:
    """The reference leaves nothing public out, and has nothing else."""
    entries = re.findall(r"^\.\. auto\w+:: paysdk\.(\w+)$", (ROOT / "docs" / "reference.md").read_text(), re.MULTILINE)

    assert sorted(paysdk.__all__) == sorted(entries)


def test_top_level_holds_nothing_else() -> None:
    """Who opens the project sees six names."""
    entries = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__pycache__"))}

    assert {"README.md", "docs", "noxfile.py", "paysdk", "pyproject.toml", "tests"} == entries
