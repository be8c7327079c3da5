"""The README and the documents match the code."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import pytest
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser

import paysdk
from paysdk.providers.campfire.invoice_operations import InvoiceOperations
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.sync.tables import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
# The tests of each example run its own README.
DOCUMENTS = [
    README,
    *sorted(set((ROOT / "docs").glob("**/*.md")) - set(ROOT.glob("docs/examples/*/README.md"))),
]
# Blocks that are not run: commands, listings, configuration, and Sphinx's own.
NOT_PYTHON = {
    "sh",
    "text",
    "toml",
    "json",
    "{toctree}",
    "{eval-rst}",
    "{literalinclude}",
    "{drawing}",
}
# Parts of quoted messages that come from other libraries. test_troubleshooting.py provokes each
# of them.
SAID_BY_OTHERS = (
    "ClientConnectorError: Cannot connect to host …",
    "ClientProxyConnectionError: Cannot connect to host …",
    "ClientConnectorCertificateError: … certificate verify failed: …",
    "The database … cannot be used: database is locked.",
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all examples of a document."""
    with asyncio.Runner() as runner:
        yield runner


def run(example: Example) -> None:
    """Run an example, which may await, in its document's namespace."""
    source = "\n" * (example.line + example.parsed.line_offset) + example.parsed
    code = compile(
        source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    if code.co_flags & inspect.CO_COROUTINE:
        example.namespace["runner"].run(eval(code, example.namespace))
    else:
        exec(code, example.namespace)


def run_examples(path: Path, runner: asyncio.Runner) -> dict[str, Any]:
    """Run the examples of a document, and return their namespace."""
    document = Sybil([CodeBlockParser("python", run)]).parse(path)
    document.namespace |= {"runner": runner, "__name__": path.stem}
    for example in document.examples():
        example.evaluate()
    return document.namespace


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_examples_run(
    path: Path, runner: asyncio.Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples of a document run one after the other, as a reader would type them."""
    monkeypatch.chdir(tmp_path)  # an example may write files beside itself
    run_examples(path, runner)


def test_provider_without_the_base_keeps_the_contract(runner: asyncio.Runner) -> None:
    """The tutorial's provider without `RestProvider` passes the contract that needs no sandbox."""
    contract = run_examples(ROOT / "docs" / "how-to" / "add-a-provider.md", runner)["TestLedger"]()
    skipped = 0
    promises = [name for name in dir(contract) if name.startswith("test_")]
    for promise in promises:
        try:
            getattr(contract, promise)()
        except SkipTest:
            skipped += 1

    assert 30 < len(promises) - skipped


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_says_what_it_is(path: Path) -> None:
    """Each code block has a known label, so every Python example is run."""
    opening = re.findall(
        r"^ *(?:```|~~~)(.*)\n(?:.*\n)*?^ *(?:```|~~~)$", path.read_text(), re.MULTILINE
    )

    assert set() == {label.split(" ")[0] for label in opening} - NOT_PYTHON - {"python"}


def test_ci_runs_the_second_command_of_the_readme() -> None:
    """CI runs exactly the second command of the README."""
    commands = re.findall(r"^```sh\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)

    assert [1, 1] == [command.count("\n") for command in commands[:2]]
    assert f"#!/usr/bin/env bash\n{commands[1]}" == (ROOT / ".ci" / "run").read_text()


def test_readme_shows_what_the_first_command_prints() -> None:
    """The README shows the lines that its first command prints, in order."""
    (shown,) = re.findall(r"^```text\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    command = [
        str(Path(sysconfig.get_path("scripts"), "paysdk")),
        "list",
        "campfire",
        "notify",
        "--sandbox",
    ]
    environment = {"PATH": os.defpath, "COLUMNS": "90", "PYTHONUTF8": "1"}
    printed = subprocess.run(
        command, check=True, capture_output=True, encoding="utf-8", env=environment
    ).stdout

    # How long the line under the headers is depends on rich's version.
    wanted = [line for line in shown.splitlines() if line.strip("─…")]
    assert wanted == [line.rstrip() for line in printed.splitlines() if line.rstrip() in wanted]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_tests_that_are_named_are_there(path: Path) -> None:
    """Each test that a document names exists under this name."""
    for file, function in re.findall(r"(tests/[\w/]+\.py)::(\w+)", path.read_text()):
        module = ast.parse((ROOT / file).read_text())
        assert function in {
            node.name
            for node in module.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }, file


def test_every_row_of_the_readme_names_a_test() -> None:
    """Each row of the README's table of hard cases names a test."""
    rows = [line for line in README.read_text().splitlines() if line.startswith("| ")]

    assert 7 < len(rows)
    assert [] == [
        row for row in rows[1:] if not re.search(r"`tests/[\w/]+\.py::test_\w+` \|$", row)
    ]


def test_figures_of_the_readme_were_measured() -> None:
    """The times in the README are in the table that the benchmarks wrote."""
    measured = (ROOT / "docs" / "benchmarks.md").read_text()

    assert [] == [
        figure for figure in re.findall(r"[0-9.]+ µs", README.read_text()) if figure not in measured
    ]


def test_links_of_the_readme_lead_somewhere() -> None:
    """Each link in the README names a file that exists."""
    assert [] == [
        target
        for target in re.findall(r"\]\(([^):]+)\)", README.read_text())
        if not (ROOT / target).is_file()
    ]


def test_what_is_drawn_is_in_the_code() -> None:
    """Each module in a drawing exists, and has the functions below its name."""
    drawings = re.findall(
        r"^```\{drawing\}\n(.*?)^```$",
        (ROOT / "docs" / "how-it-works.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    drawn: list[tuple[str, str]] = []
    for label in re.findall(r'label="([^"]*\.py\\n[^"]*)"', "".join(drawings)):
        module = ""
        for line in label.split("\\n"):
            if line.endswith(".py"):
                module = line.split()[-1]
            elif re.fullmatch(r"[\w.]+", line):
                drawn.append((module, line.rpartition(".")[2]))

    assert 15 < len(drawn)
    for module, function in drawn:
        files = list((ROOT / "paysdk").glob(module))
        assert files, module
        assert all(re.search(rf"def {function}\(", file.read_text()) for file in files), (
            module,
            function,
        )


def test_the_map_for_contributors_names_files_that_exist() -> None:
    """Each path in the map of "Where is what" leads to a module."""
    text = (ROOT / "docs" / "contributing.md").read_text()
    paths = re.findall(r"`([\w/*]+\.py)`", text.split("## Where is what")[1].split("\n## ")[0])

    assert 15 < len(paths)
    assert [] == [path for path in paths if not list((ROOT / "paysdk").glob(path))]


def test_every_export_is_in_the_reference() -> None:
    """The reference has every public name, and no other."""
    pages = "".join(path.read_text() for path in sorted((ROOT / "docs" / "reference").glob("*.md")))
    entries = re.findall(r"^\.\. auto\w+:: paysdk\.(\w+)$", pages, re.MULTILINE)

    assert sorted(paysdk.__all__) == sorted(entries)


def test_the_reference_has_every_operation_of_campfire() -> None:
    """The page of the providers lists each public method of Campfire's, in its own order."""
    page = (ROOT / "docs" / "reference" / "providers.md").read_text()
    entry = page.split("autoclass:: paysdk.CampfireProvider")[1].split("autoclass::")[0]
    operations = {
        name
        for kind in (CampfireProvider, InvoiceOperations)
        for name, value in vars(kind).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }

    assert 9 < len(operations)
    assert set() == operations - set(re.findall(r"automethod:: (\w+)", entry))


def test_top_level_holds_nothing_else() -> None:
    """The top level of the project has six names."""
    entries = {
        path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__pycache__"))
    }

    assert {"README.md", "docs", "noxfile.py", "paysdk", "pyproject.toml", "tests"} == entries


def test_messages_that_are_quoted_are_in_the_code() -> None:
    """The code has each message that a page quotes, with an ellipsis for each value."""
    quoted = [
        (page.name, message)
        for page in DOCUMENTS
        for message in re.findall(r"^> `(.+)`$", page.read_text(), re.MULTILINE)
    ]
    templates = list(message_templates())
    missing = [
        (page, message)
        for page, message in quoted
        if not any(own_words(message) in template for template in templates)
    ]

    assert 30 < len(quoted)
    assert [] == missing


def test_every_version_of_the_tables_is_in_the_page_about_upgrading() -> None:
    """The page about upgrading has each version of the store's tables."""
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "upgrading.md").read_text(), re.MULTILINE)

    assert list(range(1, VERSION + 1)) == [int(row) for row in rows]


def own_words(message: str) -> str:
    """Return what paysdk itself says in a message, without what another library says."""
    for words in SAID_BY_OTHERS:
        message = message.replace(words, "")
    return message.removesuffix("…").strip()


def test_pages_for_contributors_come_last_in_the_contents_and_in_search() -> None:
    """The pages for contributors are the last section, and the search ranks them last."""
    sections = re.findall(
        r"^:caption: (.*)\n\n((?:.+\n)*)", (ROOT / "docs" / "index.md").read_text(), re.MULTILINE
    )
    title, pages = sections[-1]
    (ranked_last,) = re.findall(
        r"forContributors: \[(.*?)\]",
        (ROOT / "docs" / "_ext" / "search-order.js").read_text(),
        re.DOTALL,
    )

    assert "For contributors" == title
    assert pages.removesuffix("```\n").split() == re.findall(r'"(.*?)"', ranked_last)


def message_templates() -> Iterator[str]:
    """Yield every text in the code, with an ellipsis for each value that is put into it."""
    for module in (ROOT / "paysdk").glob("**/*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "…"
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
