"""Tests of what `import paysdk` exports, and what it loads."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

import paysdk

INSTALLED = Path(paysdk.__file__).parent
TREE = Path(__file__).parents[1] / "paysdk"


def files_below(folder: Path) -> set[str]:
    """Return the files in *folder* and below, except compiled ones."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def loaded_after(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after *code*."""
    command = [sys.executable, "-P", "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_tested_package_is_the_installed_one() -> None:
    """The tests run against the installed wheel, or against the tree of an editable install."""
    origin = json.loads(metadata.distribution("paysdk-async").read_text("direct_url.json") or "{}")
    editable = origin.get("dir_info", {}).get("editable", False)

    assert (TREE if editable else Path(sysconfig.get_path("purelib"), "paysdk")) == INSTALLED


def test_wheel_holds_every_file() -> None:
    """The wheel has the samples and the marker of a typed package."""
    assert files_below(TREE) == files_below(INSTALLED)


def test_exports_are_exactly_all() -> None:
    """`__all__` names every public object of paysdk once."""
    exports = {
        name
        for name in dir(paysdk)
        if getattr(getattr(paysdk, name), "__module__", "").startswith("paysdk.")
    }

    assert sorted(exports) == sorted(paysdk.__all__)


def test_every_error_is_exported() -> None:
    """Every error of paysdk can be imported from the top."""
    assert set(paysdk.errors.__all__) <= set(paysdk.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """An unknown name raises AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="no_such_name"):
        paysdk.no_such_name  # noqa: B018  # the access is what fails


def test_importing_loads_nothing_heavy() -> None:
    """`import paysdk` loads neither HTTP nor the converter."""
    assert set() == loaded_after("import paysdk") & {"aiohttp", "asyncio", "cattrs"}


def test_no_http_before_the_first_provider_is_made() -> None:
    """Using every public name does not import aiohttp yet."""
    assert "aiohttp" not in loaded_after("from paysdk import *")
