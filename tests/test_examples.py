"""The examples of the documents can be built, installed and used."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import attrs
import pytest

pytestmark = pytest.mark.slow

MOLLIE = Path(__file__).parents[1] / "docs" / "examples" / "paysdk-mollie"
PAYSDK = str(Path(sysconfig.get_path("scripts"), "paysdk"))
# The lines that the tutorial promises, without its sandbox and its tests.
MAX_LINES = 150


@attrs.frozen
class Installed:
    """An example, installed in a folder, and a copy of its source."""

    source: Path
    site: Path

    def run(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy with only *settings* in its environment."""
        env = {"PATH": os.defpath, "PYTHONPATH": str(self.site), **settings}
        return subprocess.run(
            command, cwd=self.source, capture_output=True, text=True, check=False, env=env
        )


@pytest.fixture(scope="module")
def mollie(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The tutorial's provider, built from a copy to leave the tree clean."""
    work = tmp_path_factory.mktemp("paysdk-mollie")
    ignored = shutil.ignore_patterns("__pycache__", ".*", "dist")
    installed = Installed(shutil.copytree(MOLLIE, work / "source", ignore=ignored), work / "site")
    # Nothing is downloaded. hatchling, which builds it, comes with the tests, and its dependencies
    # are installed already.
    alone = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    done = installed.run(
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "install",
        *alone,
        "--target",
        str(installed.site),
        ".",
    )
    assert 0 == done.returncode, done.stderr
    return installed


def test_the_wheel_holds_the_package_and_nothing_else(mollie: Installed) -> None:
    """The installation has the package, marked as typed, and its metadata."""
    assert {"paysdk_mollie", "paysdk_mollie-0.1.0.dist-info"} == {
        path.name for path in mollie.site.iterdir()
    }
    sources = {
        path.name
        for path in (MOLLIE / "src" / "paysdk_mollie").iterdir()
        if path.name != "__pycache__"
    }
    assert sources == {
        path.name
        for path in (mollie.site / "paysdk_mollie").iterdir()
        if path.name != "__pycache__"
    }


def test_its_own_tests_pass(mollie: Installed) -> None:
    """The package passes the contract and its own tests."""
    done = mollie.run(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider")

    assert 0 == done.returncode, done.stdout
    assert "tests/test_contract.py::TestMollie::" in done.stdout


def test_it_is_among_the_providers(mollie: Installed) -> None:
    """The provider is found once it is installed, and takes its own settings."""
    done = mollie.run(PAYSDK, "providers")

    assert (0, "") == (done.returncode, done.stderr)
    shown = done.stdout[done.stdout.index("mollie") :]
    assert ["mollie", "none", "250", "not", "reported", "PAYSDK_MOLLIE_API_KEY"] == shown.split()[
        :6
    ]
    assert "campfire" in done.stdout


def test_it_is_listed_beside_the_others(mollie: Installed) -> None:
    """`paysdk list` lists it with the other providers, from its own sandbox."""
    done = mollie.run(
        PAYSDK,
        "list",
        "mollie",
        "notify",
        "--sandbox",
        "--sandbox-payments",
        "3",
        "--format",
        "csv",
    )
    rows = list(csv.DictReader(done.stdout.splitlines()))

    assert (0, "paysdk: mollie: 3 payments; notify: 3 payments, test key\n") == (
        done.returncode,
        done.stderr,
    )
    assert ["mollie"] * 3 + ["notify"] * 3 == [row["provider"] for row in rows]
    assert ["INV-20000", "INV-19999", "INV-19998"] == [row["invoice_number"] for row in rows[:3]]


def test_its_settings_come_from_the_environment(mollie: Installed) -> None:
    """``paysdk list`` uses the printed settings, and a setting that only Mollie has."""
    with subprocess.Popen(
        [PAYSDK, "sandbox", "mollie", "--payments", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath, "PYTHONPATH": str(mollie.site)},
    ) as sandbox:
        assert sandbox.stdout is not None
        settings = dict(
            sandbox.stdout.readline().removeprefix("export ").strip().split("=", 1)
            for _ in range(2)
        )
        usual = mollie.run(PAYSDK, "list", "mollie", "--format", "csv", **settings)
        other = mollie.run(
            PAYSDK,
            "list",
            "mollie",
            "--format",
            "csv",
            **settings,
            PAYSDK_MOLLIE_INVOICE_KEY="bill",
        )
        sandbox.send_signal(signal.SIGINT)
        sandbox.communicate()

    assert {"PAYSDK_MOLLIE_API_KEY", "PAYSDK_MOLLIE_BASE_URL"} == settings.keys()
    assert (0, 0) == (usual.returncode, other.returncode)
    numbers = [
        [row["invoice_number"] for row in csv.DictReader(done.stdout.splitlines())]
        for done in (usual, other)
    ]
    assert [["INV-20000", "INV-19999"], ["", ""]] == numbers


def test_it_is_an_afternoons_work(mollie: Installed) -> None:
    """Provider, schema and normalising are at most as long as the tutorial says."""
    package = mollie.site / "paysdk_mollie"
    lines = [
        (package / name).read_text().count("\n")
        for name in ("provider.py", "schema.py", "normalise.py")
    ]

    assert sum(lines) <= MAX_LINES
