"""Tests of the distribution: its name and version, its files, and a package of the same name."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import warnings
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest

import paysdk
from paysdk import cli
from paysdk.distribution import __version__, describe_missing, warn_of_namesake

ROOT = Path(__file__).parents[1]


def test_the_version_is_the_installed_one() -> None:
    """`paysdk.__version__` is the version in the metadata."""
    assert __version__ == paysdk.__version__ == metadata.version("paysdk-async")


def test_a_missing_extra_is_named_with_its_command() -> None:
    """The message names the module and the command that installs it."""
    assert (
        'The report needs jinja2, which is not installed: pip install "paysdk-async[report]"'
        == describe_missing("The report", "jinja2", "report")
    )


@pytest.mark.parametrize("entry", ["paysdk-2.1.0.dist-info", "paysdk-2.1.0-py3.11.egg-info"])
def test_a_package_of_the_same_name_is_told(tmp_path: Path, entry: str) -> None:
    """A distribution called paysdk in the same folder warns, with what to do."""
    (tmp_path / entry).mkdir()
    with pytest.warns(RuntimeWarning, match=r"To remove them: pip uninstall paysdk paysdk-async$"):
        warn_of_namesake(str(tmp_path / "paysdk"))


@pytest.mark.parametrize(
    "entry", ["paysdk_async-0.1.0.dist-info", "paysdk_mollie-0.1.0.dist-info", "paysdk-2.1.0"]
)
def test_other_packages_do_not_warn(tmp_path: Path, entry: str) -> None:
    """Paysdk itself and its plug-ins are in the folder, too."""
    (tmp_path / entry).mkdir()
    with warnings.catch_warnings(action="error"):
        warn_of_namesake(str(tmp_path / "paysdk"))


def test_a_package_in_a_zip_file_does_not_warn(tmp_path: Path) -> None:
    """A folder that cannot be listed is left alone."""
    with warnings.catch_warnings(action="error"):
        warn_of_namesake(str(tmp_path / "packages.zip" / "paysdk"))


def test_importing_tells_of_the_other_package(tmp_path: Path) -> None:
    """The warning names the line that imports paysdk."""
    (tmp_path / "paysdk").symlink_to(Path(paysdk.__file__).parent)
    (tmp_path / "paysdk-2.1.0.dist-info").mkdir()
    program = tmp_path / "program.py"
    program.write_text("import paysdk\n", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, str(program)], env=env, check=True, capture_output=True, text=True
    )

    assert f"{program}:1: RuntimeWarning: The package paysdk-2.1.0 in {tmp_path} is" in done.stderr


def test_the_command_line_looks_for_another_package_if_the_version_is_not_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looks where it is installed itself."""
    looked: list[str] = []
    monkeypatch.setattr("paysdk.distribution.warn_of_namesake", looked.append)
    importlib.reload(cli)
    assert [] == looked
    monkeypatch.setattr(paysdk, "__version__", "2.1.0")
    importlib.reload(cli)
    assert [str(Path(paysdk.__file__).parent)] == looked


def test_the_command_line_tells_of_a_package_that_has_overwritten_this_one(tmp_path: Path) -> None:
    """The other package has replaced ``paysdk/__init__.py``, so the command line warns instead."""
    ours = tmp_path / "paysdk"
    shutil.copytree(Path(paysdk.__file__).parent, ours, ignore=shutil.ignore_patterns("*.pyc"))
    (ours / "__init__.py").write_text("VERSION = 'another'\n", encoding="utf-8")
    (tmp_path / "paysdk-2.1.0.dist-info").mkdir()
    # Coverage would not find the files of the copy afterwards.
    measured = {name for name in os.environ if name.startswith("COVERAGE_")}
    usual = {name: value for name, value in os.environ.items() if name not in measured}
    env = {**usual, "PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "paysdk", "--version"]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)

    assert f"paysdk {paysdk.__version__}\n" == done.stdout
    assert f"RuntimeWarning: The package paysdk-2.1.0 in {tmp_path} is" in done.stderr


def build(folder: Path) -> dict[str, bytes]:
    """Build the wheel and the source archive into a folder, and return them by name."""
    source = "import sys; from hatchling import build as b; b.build_{0}(sys.argv[1])"
    for kind in ("wheel", "sdist"):
        command = [sys.executable, "-c", source.format(kind), str(folder)]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("built")
    build(folder)
    return folder


def test_a_build_is_reproducible(built: Path, tmp_path: Path) -> None:
    """Two builds of one tree are equal, byte for byte."""
    assert {path.name: path.read_bytes() for path in built.iterdir()} == build(tmp_path)


def test_the_wheel_has_the_package_and_the_licence(built: Path) -> None:
    """The wheel has the package, its metadata with the licence, and nothing else."""
    (wheel,) = built.glob("*.whl")
    with ZipFile(wheel) as archive:
        names = archive.namelist()

    info = f"paysdk_async-{__version__}.dist-info"
    assert {"paysdk", info} == {name.partition("/")[0] for name in names}
    assert {"paysdk/py.typed", f"{info}/licenses/docs/LICENSE"} <= set(names)
    assert not [name for name in names if name.endswith((".pyc", ".log", ".db"))]


def test_the_source_archive_has_what_the_checks_need(built: Path) -> None:
    """The source archive has the package, the tests, the documents and the sessions."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = [Path(name) for name in files.getnames()]

    below = {name.parts[1] for name in names}
    assert {"paysdk", "tests", "docs", "README.md", "noxfile.py", "pyproject.toml"} <= below
    assert {".gitignore", "PKG-INFO"} >= below - {
        "paysdk",
        "tests",
        "docs",
        "README.md",
        "noxfile.py",
        "pyproject.toml",
    }
    assert not [name for name in names if {"__pycache__", "_build"} & set(name.parts)]


def test_the_metadata_names_the_licence_and_the_pythons() -> None:
    """The metadata has the licence and each Python that paysdk supports."""
    found = metadata.metadata("paysdk-async")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert ("MIT", ["docs/LICENSE"]) == (found["License-Expression"], found.get_all("License-File"))
    assert project["classifiers"] == found.get_all("Classifier")
