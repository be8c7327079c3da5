"""The examples of the documents can be built, installed and used."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import csv
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from paysdk.oauth2 import FileTokenStore, Tokens

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
PAYSDK = str(Path(sysconfig.get_path("scripts"), "paysdk"))
# The lines that the tutorial promises, without its sandbox, its tokens and its tests.
MAX_LINES = 150
# Nothing is downloaded. hatchling, which builds an example, comes with the tests, and the
# dependencies of an example are installed already.
ALONE = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")


@attrs.frozen
class Installed:
    """An example, installed in a folder, and a copy of its source."""

    name: str
    source: Path
    site: Path

    @property
    def package(self) -> Path:
        """The installed package."""
        return self.site / f"paysdk_{self.name}"

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy with only *settings* in its environment."""
        env = {"PATH": os.defpath, "PYTHONPATH": str(self.site), **settings}
        return subprocess.run(
            command, cwd=self.source, capture_output=True, text=True, check=False, env=env
        )


def install(name: str, factory: pytest.TempPathFactory) -> Installed:
    """Build and install an example from a copy, which leaves the tree clean.

    All processes that run tests side by side share the installation.
    """
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    installed = Installed(name, shared / name / "source", shared / name / "site")
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.site.exists():
            ignored = shutil.ignore_patterns("__pycache__", ".*", "dist")
            shutil.copytree(EXAMPLES / f"paysdk-{name}", installed.source, ignore=ignored)
            pip = (sys.executable, "-m", "pip", "--isolated", "install")
            done = installed.run(*pip, *ALONE, "--target", str(installed.site), ".")
            assert 0 == done.returncode, done.stderr
    return installed


@pytest.fixture(scope="module", params=["mollie", "moneybird", "xero"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Each provider of the examples."""
    return install(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def mollie(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The tutorial's provider."""
    return install("mollie", tmp_path_factory)


@pytest.fixture(scope="module")
def xero(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The provider whose tokens end."""
    return install("xero", tmp_path_factory)


def names_in(folder: Path) -> set[str]:
    """What is in a folder, but for caches."""
    return {path.name for path in folder.iterdir()} - {"__pycache__"}


def test_the_wheel_holds_the_package_and_nothing_else(example: Installed) -> None:
    """The installation has the package, marked as typed, and its metadata."""
    module = f"paysdk_{example.name}"
    assert {module, f"{module}-0.1.0.dist-info"} == names_in(example.site)
    sources = EXAMPLES / f"paysdk-{example.name}" / "src" / module
    assert names_in(sources) == names_in(example.package)
    assert "py.typed" in names_in(sources)


def test_its_own_tests_pass(example: Installed) -> None:
    """The package passes the contract and its own tests."""
    done = example.run(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider")

    assert 0 == done.returncode, done.stdout
    assert f"contract.py::Test{example.name.title()}::test_gives_each_payment_once" in done.stdout


def test_it_is_among_the_providers(mollie: Installed) -> None:
    """Once installed, it is shown with its filters, largest page, voids and variable."""
    done = mollie.run(PAYSDK, "providers")

    assert (0, "") == (done.returncode, done.stderr)
    assert "campfire" in done.stdout
    shown = done.stdout[done.stdout.index("mollie") :]
    assert ["mollie", "none", "250", "not", "reported", "PAYSDK_MOLLIE_API_KEY"] == shown.split()[
        :6
    ]


def test_it_is_listed_beside_the_others(example: Installed) -> None:
    """`paysdk list` lists it with the other providers, from its own sandbox."""
    sandboxes = ("--sandbox", "--sandbox-payments", "3", "--format", "csv")
    done = example.run(PAYSDK, "list", example.name, "notify", *sandboxes)
    rows = list(csv.DictReader(done.stdout.splitlines()))

    said = f"paysdk: {example.name}: 3 payments; notify: 3 payments, test key\n"
    assert (0, said) == (done.returncode, done.stderr)
    assert [example.name] * 3 + ["notify"] * 3 == [row["provider"] for row in rows]
    newest = {
        "mollie": ["INV-20000", "INV-19999", "INV-19998"],
        "moneybird": ["2026-20000", "2026-19999", "2026-19998"],
        "xero": ["INV-20000", "INV-19999", "INV-19998"],
    }
    assert newest[example.name] == [row["invoice_number"] for row in rows[:3]]


def test_it_is_synced_and_reconciled(example: Installed, tmp_path: Path) -> None:
    """`paysdk sync` stores its payments, and `paysdk reconcile` compares them with others."""
    database = str(tmp_path / "payments.db")
    sandboxes = ("--sandbox", "--sandbox-payments", "3", "--format", "json")
    synced = example.run(PAYSDK, "sync", example.name, "notify", *sandboxes, "--to", database)
    compared = example.run(PAYSDK, "reconcile", example.name, "notify", "--from", database)

    assert 0 == synced.returncode, synced.stderr
    reports = [json.loads(line) for line in synced.stdout.splitlines()]
    assert [(example.name, 3), ("notify", 3)] == [
        (report["provider"], report["created"]) for report in reports
    ]
    assert 3 == compared.returncode, compared.stderr
    assert example.name in compared.stdout


def test_it_is_an_afternoons_work(example: Installed) -> None:
    """Provider, schema and normalising are at most as long as the tutorial says."""
    lines = [
        count_lines((example.package / name).read_text())
        for name in ("provider.py", "schema.py", "normalise.py")
    ]

    assert sum(lines) <= MAX_LINES


def count_lines(source: str) -> int:
    """The lines of *source* without blanks, comments and docstrings."""
    with_body = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    documented = {
        number
        for node in ast.walk(ast.parse(source))
        if isinstance(node, with_body) and ast.get_docstring(node) is not None
        for number in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in documented
        for number, line in enumerate(source.splitlines(), 1)
    )


@contextlib.contextmanager
def running_sandbox(example: Installed, variables: int) -> Generator[dict[str, str]]:
    """Run the sandbox of an example with two payments, and yield the *variables* that it prints."""
    with subprocess.Popen(
        [PAYSDK, "sandbox", example.name, "--payments", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "PYTHONPATH": str(example.site)},
    ) as sandbox:
        assert sandbox.stdout is not None
        lines = [sandbox.stdout.readline() for _ in range(variables)]
        try:
            yield dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
        finally:
            sandbox.send_signal(signal.SIGINT)
            sandbox.communicate()


def test_its_tokens_are_renewed(xero: Installed, tmp_path: Path) -> None:
    """Each command renews the tokens in the file, and leaves new ones for the next command."""
    file, database = FileTokenStore(tmp_path / "tokens.json"), str(tmp_path / "payments.db")
    seen = ["refresh-0"]
    with running_sandbox(xero, 3) as printed:
        del printed["PAYSDK_XERO_API_KEY"]
        settings = {
            **printed,
            "PAYSDK_XERO_CLIENT_ID": "client",
            "PAYSDK_XERO_CLIENT_SECRET": "words-of-the-client",
            "PAYSDK_XERO_TOKEN_URL": f"{printed['PAYSDK_XERO_BASE_URL']}/connect/token",
            "PAYSDK_XERO_TOKEN_FILE": str(tmp_path / "tokens.json"),
        }
        for command in (("list", "xero"), ("sync", "xero", "--to", database), ("list", "xero")):
            # As after 30 minutes: there is no access token that can be used.
            asyncio.run(file.save(Tokens(refresh_token=seen[-1])))
            done = xero.run(PAYSDK, *command, **settings)
            assert 0 == done.returncode, done.stderr
            kept = asyncio.run(file.load())
            assert kept is not None
            assert kept.refresh_token is not None
            seen.append(kept.refresh_token.reveal())
    assert ["refresh-0", "refresh-1", "refresh-2", "refresh-3"] == seen


def test_its_settings_come_from_the_environment(mollie: Installed) -> None:
    """``paysdk list`` uses the printed settings, and a setting that only Mollie has."""
    with running_sandbox(mollie, 2) as settings:
        listing = (PAYSDK, "list", "mollie", "--format", "csv")
        usual = mollie.run(*listing, **settings)
        other = mollie.run(*listing, **settings, PAYSDK_MOLLIE_INVOICE_KEY="bill")

    assert {"PAYSDK_MOLLIE_API_KEY", "PAYSDK_MOLLIE_BASE_URL"} == settings.keys()
    assert (0, 0) == (usual.returncode, other.returncode)
    numbers = [
        [row["invoice_number"] for row in csv.DictReader(done.stdout.splitlines())]
        for done in (usual, other)
    ]
    assert [["INV-20000", "INV-19999"], ["", ""]] == numbers
