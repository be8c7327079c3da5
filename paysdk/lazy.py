"""Exports names of a package, and imports their modules only when a name is first used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["export"]


def export(
    package: str, modules: Mapping[str, tuple[str, ...]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for *package*; *modules* maps modules to names."""
    module_of = {name: module for module, names in modules.items() for name in names}
    namespace = vars(sys.modules[package])

    def get(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(module_of[name]), name)
        namespace[name] = value  # the next use does not call this function
        return value

    def list_names() -> list[str]:
        return sorted({*namespace, *module_of})

    get.__module__ = list_names.__module__ = package  # they become functions of the package
    return get, list_names
