"""Names that are imported when they are first used."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from paysdk import lazy


def test_name_is_imported_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first use puts the name into the package, so the next one is an ordinary attribute."""
    package = ModuleType("somewhere")
    monkeypatch.setitem(sys.modules, "somewhere", package)
    get, list_names = lazy.export("somewhere", {"decimal": ("Decimal",), "html": ("escape",)})
    assert {"Decimal", "escape", "__name__"} <= set(list_names())
    assert not hasattr(package, "Decimal")
    assert vars(sys.modules["decimal"])["Decimal"] is get("Decimal") is vars(package)["Decimal"]


def test_unknown_name_is_an_attribute_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is that of any module."""
    monkeypatch.setitem(sys.modules, "somewhere", ModuleType("somewhere"))
    get, _ = lazy.export("somewhere", {})
    with pytest.raises(AttributeError, match="module 'somewhere' has no attribute 'Decimal'"):
        get("Decimal")
