"""Payments as tables: Arrow, Parquet and Excel, with exact amounts.

``to_arrow`` and ``write_parquet`` need the extra ``arrow``. They are loaded when they are first
used, because the other modules need no extra, or another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.tables.arrow import to_arrow
    from paysdk.tables.parquet import write_parquet

__all__ = ["to_arrow", "write_parquet"]

__getattr__: Callable[[str], object]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazy.export(
    __name__,
    {"paysdk.tables.arrow": ("to_arrow",), "paysdk.tables.parquet": ("write_parquet",)},
)
